/* libcyaml reports an error as log lines: first what is wrong, then a backtrace
 * from the innermost field outwards, each with its line. They are gathered here
 * into one message. */
#include "action/load.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOAD_FILE_BYTES = 256 * 1024, LOAD_PROBLEM_BYTES = 160, LOAD_FIELD_BYTES = 128 };

static const char load_unknown_key[] = "Unexpected key: ";

struct load_report {
    char problem[LOAD_PROBLEM_BYTES];
    char field[LOAD_FIELD_BYTES]; /* "actions.probe.requests[1]" */
    unsigned line;                /* 0: not known */
};

/* Put a step of the backtrace before the path so far. */
static void load_add_step(struct load_report *report, const char *step)
{
    char path[LOAD_FIELD_BYTES];
    const char *joint = report->field[0] != '\0' && report->field[0] != '[' ? "." : "";
    (void)snprintf(path, sizeof path, "%.60s%s%.64s", step, joint, report->field);
    memcpy(report->field, path, sizeof path);
}

static void load_read_backtrace(struct load_report *report, const char *text)
{
    char name[LOAD_FIELD_BYTES / 2];
    char step[LOAD_FIELD_BYTES];
    const char *line = strstr(text, "(line: ");
    if (line && report->line == 0)
        report->line = (unsigned)strtoul(line + 7, NULL, 10);
    if (sscanf(text, "  in mapping field '%63[^']'", name) == 1) {
        load_add_step(report, name);
    } else if (sscanf(text, "  in sequence entry '%63[^']'", name) == 1) {
        (void)snprintf(step, sizeof step, "[%s]", name);
        load_add_step(report, step);
    }
}

__attribute__((format(printf, 3, 0))) static void load_on_log(cyaml_log_t level, void *context,
                                                              const char *format, va_list arguments)
{
    struct load_report *report = context;
    char text[512];
    (void)vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    const char *problem = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    if (strncmp(text, "  in ", 5) == 0)
        load_read_backtrace(report, text);
    else if (strstr(text, "Ignoring documents") && report->problem[0] == '\0')
        (void)snprintf(report->problem, sizeof report->problem, "there is a second document");
    else if (level == CYAML_LOG_ERROR && report->problem[0] == '\0' && strcmp(problem, "Backtrace:") != 0)
        (void)snprintf(report->problem, sizeof report->problem, "%.*s", LOAD_PROBLEM_BYTES - 1, problem);
}

/* libcyaml knows the line of the field before one that it does not know: look for
 * the key itself from there on. */
static void load_find_key(struct load_report *report, const char *text, size_t length)
{
    size_t prefix = sizeof load_unknown_key - 1;
    if (strncmp(report->problem, load_unknown_key, prefix) != 0)
        return;
    const char *key = report->problem + prefix;
    size_t key_length = strlen(key);
    unsigned line = 1;
    for (const char *at = text; at < text + length; line++) {
        const char *end = memchr(at, '\n', (size_t)(text + length - at));
        size_t line_length = end ? (size_t)(end - at) : (size_t)(text + length - at);
        size_t indent = 0;
        while (indent < line_length && strchr(" -\"'", at[indent]))
            indent++;
        if (line >= report->line && line_length >= indent + key_length &&
            memcmp(at + indent, key, key_length) == 0) {
            report->line = line;
            return;
        }
        at += line_length + 1;
    }
}

static enum err_code load_refuse(const char *what, const struct load_report *report, cyaml_err_t code,
                                 struct err *err)
{
    const char *problem = report->problem[0] != '\0' ? report->problem : cyaml_strerror(code);
    return err_set(err, ERR_INVALID, "%s:%u: %s%s%s", what, report->line ? report->line : 1, report->field,
                   report->field[0] != '\0' ? ": " : "", problem);
}

enum err_code action_load_text(const char *what, const char *text, size_t length,
                               const cyaml_schema_value_t *schema, void **ret_data, struct err *err)
{
    if (length > LOAD_FILE_BYTES)
        return err_set(err, ERR_LIMIT, "%s: larger than %d KiB", what, LOAD_FILE_BYTES / 1024);
    struct load_report report = {0};
    const cyaml_config_t config = {
        .log_fn = load_on_log,
        .log_ctx = &report,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_WARNING,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_data_t *data = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, length, &config, schema, &data, NULL);
    if (code == CYAML_ERR_OOM)
        return err_set(err, ERR_MEMORY, "%s: no memory to read it", what);
    if (code == CYAML_OK && data && report.problem[0] == '\0') {
        *ret_data = data;
        return ERR_OK;
    }
    if (code == CYAML_OK && !data)
        (void)snprintf(report.problem, sizeof report.problem, "the document is empty");
    action_unload(schema, data);
    load_find_key(&report, text, length);
    return load_refuse(what, &report, code, err);
}

static enum err_code load_read(int fd, const char *path, struct buf *out, struct err *err)
{
    char piece[16 * 1024];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "%s: cannot be read", path);
        if (got == 0)
            return buf_ok(out) ? ERR_OK : err_set(err, ERR_MEMORY, "%s: no memory to read it", path);
        buf_add(out, piece, (size_t)got);
        if (out->length > LOAD_FILE_BYTES)
            return err_set(err, ERR_LIMIT, "%s: larger than %d KiB", path, LOAD_FILE_BYTES / 1024);
    }
}

/* A file that was cut, or is being written, may be good YAML and mean something else: "remind: 1d" of "1d12h", or
 * rules without the last ones. Cut in a line it has no line feed at its end, as a text that is whole has. */
static enum err_code load_check_end(const char *path, const char *text, size_t length, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    if (length == 0 || text[length - 1] == '\n')
        return ERR_OK;
    unsigned line = 1;
    const char *last = text;
    for (const char *at = text; at < text + length; at++) {
        if (*at != '\n')
            continue;
        line++;
        last = at + 1;
    }
    last += strspn(last, " -{");
    size_t field = strspn(last, letters);
    int named = last[field] == ':' ? (int)field : 0;
    return err_set(err, ERR_INVALID,
                   "%s:%u: %.*s%sthe file ends in the middle of a line, as if it had been cut: write the rest, or a "
                   "line feed where this is all of it",
                   path, line, named, last, named ? ": " : "");
}

enum err_code action_load_read(const char *path, struct buf *out, struct err *err)
{
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set_errno(err, errno, "%s: cannot be opened", path);
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "%s: is not a regular file", path);
    TRY(file_check_private(fd, path, false, err));
    size_t before = out->length;
    TRY(load_read(fd, path, out, err));
    return load_check_end(path, buf_text(out) + before, out->length - before, err);
}

enum err_code action_load_file(const char *path, const cyaml_schema_value_t *schema, void **ret_data,
                               struct err *err)
{
    OWN_BUF struct buf text = {0};
    TRY(action_load_read(path, &text, err));
    return action_load_text(path, buf_text(&text), text.length, schema, ret_data, err);
}

void action_unload(const cyaml_schema_value_t *schema, void *data)
{
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
    if (data)
        cyaml_free(&config, schema, data, 0);
}
