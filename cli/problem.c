#include "problem.h"

#include "plain.h"

#include <jansson.h>
#include <string.h>

static enum err_code problem_code(const char *name)
{
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++)
        if (strcmp(err_code_name((enum err_code)code), name) == 0)
            return (enum err_code)code;
    return ERR_INTERNAL;
}

/* What a code means for the one at the terminal, where the agent, which speaks
 * to all clients alike, cannot say it. */
static const char *const problem_remedies[ERR_COUNT] = {
    [ERR_LOCKED] = "Open it: keyturn unlock",
    [ERR_TAMPERED] = "Nothing was changed. Keep the store as it is and look into it: keyturn audit --verify",
};

/* The message stays as the agent wrote it, and the remedy follows unless it is
 * in there already. */
static void problem_write(enum err_code code, const char *detail, int64_t retry_after_s, struct err *err)
{
    const char *remedy = problem_remedies[code];
    size_t length = strlen(detail);
    const char *stop = length > 0 && strchr(".!?", detail[length - 1]) ? "" : ".";
    if (remedy && !strstr(detail, "keyturn "))
        (void)err_set(err, code, "%s%s %s", detail, stop, remedy);
    else if (code == ERR_BUSY && retry_after_s > 0)
        (void)err_set(err, code, "%s%s Try again in %lld s", detail, stop, (long long)retry_after_s);
    else
        (void)err_set(err, code, "%s", detail);
    plain_text(err->message);
}

enum err_code problem_take(const struct http_head *head, const struct buf *body, struct err *err)
{
    json_error_t bad;
    json_t *problem = json_loadb(buf_text(body), body->length, 0, &bad);
    const char *name = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    if (!detail)
        detail = json_string_value(json_object_get(problem, "title"));
    if (name && detail)
        problem_write(problem_code(name), detail, head->retry_after_s, err);
    else
        (void)err_set(err, ERR_FORMAT,
                      "what listens there answered with HTTP status %d and no problem document; is it "
                      "keyturnd?",
                      head->status);
    json_decref(problem);
    return err->code;
}
