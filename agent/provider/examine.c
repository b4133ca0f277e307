/* The report on a definition. Mistakes are gathered while it is loaded; what it can
 * do and what is worth a second look is said of one that has none. */
#include "examination.h"

#include "action/load.h"
#include "provider/examine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void examine_note(struct examination *examination, struct buf *list, const struct err *place)
{
    /* "FILE:LINE: FIELD: PROBLEM", the field only where one is at fault. */
    const char *message = place->message;
    size_t name = strlen(examination->what);
    bool placed = strncmp(message, examination->what, name) == 0 && message[name] == ':';
    char *end = NULL;
    unsigned long line = placed ? strtoul(message + name + 1, &end, 10) : 0;
    const char *rest = placed && end && strncmp(end, ": ", 2) == 0 ? end + 2 : message;
    size_t field = strcspn(rest, ": ");
    bool has_field = strncmp(rest + field, ": ", 2) == 0;
    json_put_object_open(list, NULL);
    json_put_string(list, "file", examination->what);
    if (line)
        json_put_integer(list, "line", (int64_t)line);
    else
        json_put_null(list, "line");
    json_put_string_n(list, "field", has_field ? rest : NULL, field);
    json_put_string(list, "problem", has_field ? rest + field + 2 : rest);
    json_put_object_close(list);
}

static void examine_mistake(struct examination *examination, const struct err *mistake)
{
    examination->mistakes_count++;
    examine_note(examination, &examination->mistakes, mistake);
}

static void examine_each(void *context, const struct err *mistake)
{
    struct examination *examination = context;
    struct err placed = *mistake;
    (void)action_load_place(examination->what, buf_text(&examination->text), examination->text.length, &placed);
    examine_mistake(examination, &placed);
}

void examine_field(struct examination *examination, struct buf *list, const char *field, const char *problem)
{
    struct err placed;
    (void)err_set(&placed, ERR_INVALID, "%s: %s", field, problem);
    (void)action_load_place(examination->what, buf_text(&examination->text), examination->text.length, &placed);
    examine_note(examination, list, &placed);
}

static enum err_code examine_load(struct examination *examination, struct err *err)
{
    const struct action_mistakes mistakes = {examine_each, examination};
    struct err found = {0};
    enum err_code code = provider_load_checked(examination->what, buf_text(&examination->text),
                                               examination->text.length, &mistakes, &examination->provider, &found);
    if (code == ERR_INVALID || code == ERR_LIMIT) {
        examine_mistake(examination, &found);
        return ERR_OK;
    }
    return code == ERR_OK ? ERR_OK : err_set(err, code, "%s", found.message);
}

/* NAME.settings beside the definition, where it is there. */
static enum err_code examine_settings(struct examination *examination, struct err *err)
{
    const char *slash = strrchr(examination->path, '/');
    int folder = slash ? (int)(slash - examination->path) + 1 : 0;
    struct err found = {0};
    buf_printf(&examination->settings, "%.*s%s.settings", folder, examination->path,
               provider_name(examination->provider));
    if (!buf_ok(&examination->settings))
        return err_set(err, ERR_MEMORY, "no memory for a path");
    if (access(buf_text(&examination->settings), F_OK) != 0) {
        buf_clear(&examination->settings);
        return ERR_OK;
    }
    enum err_code code = provider_configure(examination->provider, buf_text(&examination->settings), &found);
    if (code == ERR_INVALID || code == ERR_LIMIT) {
        examination->what = buf_text(&examination->settings);
        examine_mistake(examination, &found);
        examination->what = examination->path;
        return ERR_OK;
    }
    return code == ERR_OK ? ERR_OK : err_set(err, code, "%s", found.message);
}

static void examine_write(struct examination *examination, struct buf *out)
{
    bool good = examination->mistakes_count == 0;
    json_put_object_open(out, NULL);
    json_put_string(out, "file", examination->path);
    json_put_string(out, "settings_file", examination->settings.length ? buf_text(&examination->settings) : NULL);
    json_put_boolean(out, "good", good);
    json_put_array_open(out, "mistakes");
    buf_add(out, buf_text(&examination->mistakes), examination->mistakes.length);
    json_put_array_close(out);
    json_put_array_open(out, "warnings");
    buf_add(out, buf_text(&examination->warnings), examination->warnings.length);
    json_put_array_close(out);
    if (good)
        examine_describe(examination->provider, out);
    else
        json_put_null(out, "provider");
    json_put_object_close(out);
}

static enum err_code examine(struct examination *examination, struct buf *out, struct err *err)
{
    TRY(action_load_read(examination->path, &examination->text, err));
    TRY(examine_load(examination, err));
    if (examination->mistakes_count == 0)
        TRY(examine_settings(examination, err));
    if (examination->mistakes_count == 0) {
        examination->mistakes_count += examine_uses(examination);
        examine_warn(examination);
    }
    examine_write(examination, out);
    if (!buf_ok(out) || !buf_ok(&examination->mistakes) || !buf_ok(&examination->warnings))
        return err_set(err, ERR_MEMORY, "%s: no memory for its report", examination->path);
    return ERR_OK;
}

enum err_code provider_examine(const char *path, struct buf *out, bool *ret_good, struct err *err)
{
    struct examination examination = {.path = path, .what = path};
    enum err_code code = examine(&examination, out, err);
    if (code == ERR_OK)
        *ret_good = examination.mistakes_count == 0;
    provider_free(examination.provider);
    buf_release(&examination.text);
    buf_release(&examination.settings);
    buf_release(&examination.mistakes);
    buf_release(&examination.warnings);
    return code;
}
