/* Taking values out of an answer. What comes from the other side is bounded,
 * and text of it never carries one of our secrets into a record. */
#include "body.h"
#include "judge.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

enum { JUDGE_TEXT_BYTES = 4096, JUDGE_QUOTABLE_BYTES = 8 };

void judge_copy_printable(char *out, size_t size, const char *text, size_t length)
{
    size_t at = 0;
    for (; at < length && at + 1 < size; at++)
        out[at] = text[at] >= 0x20 && text[at] < 0x7F ? text[at] : '?';
    out[at] = '\0';
}

/* Some APIs quote the key they were asked with. */
static bool judge_quotes(const struct action_values *known, const char *name, const char *text, size_t length)
{
    const struct secret *secret = action_values_secret(known, name);
    return secret && secret_length(secret) >= JUDGE_QUOTABLE_BYTES &&
           memmem(text, length, secret_peek(secret), secret_length(secret));
}

bool judge_quotes_known(const struct action_values *known, const char *text, size_t length)
{
    return judge_quotes(known, "secret", text, length) || judge_quotes(known, "credential", text, length);
}

static enum err_code judge_take_secret(struct action_values *values, const char *name, const char *text,
                                       size_t length, struct secret_arena *arena, bool *ret_taken,
                                       struct err *err)
{
    if (length == 0 || length > LIMIT_SECRET_BYTES)
        return ERR_OK;
    OWN(secret_free) struct secret *secret = secret_new_in(arena, length);
    if (!secret || secret_set(secret, text, length) != ERR_OK)
        return err_set(err, ERR_MEMORY, "no memory for the secret of an answer");
    TRY(action_values_set_secret(values, name, GIVE(secret), err));
    *ret_taken = true;
    return ERR_OK;
}

enum err_code judge_take(struct action_values *values, const struct action_values *known, const char *name,
                         const char *text, size_t length, struct secret_arena *arena, bool *ret_taken,
                         struct err *err)
{
    *ret_taken = false;
    if (strcmp(name, "secret") == 0)
        return judge_take_secret(values, name, text, length, arena, ret_taken, err);
    if (length > JUDGE_TEXT_BYTES || memchr(text, '\0', length) ||
        judge_quotes_known(known, text, length) || judge_quotes(values, "secret", text, length))
        return ERR_OK;
    char copy[JUDGE_TEXT_BYTES + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    TRY(action_values_set(values, name, copy, err));
    *ret_taken = true;
    return ERR_OK;
}

static void judge_take_text(const struct action_values *values, const char *name, char *out, size_t size)
{
    const char *text = action_values_text(values, name);
    if (text)
        judge_copy_printable(out, size, text, strlen(text));
}

void judge_take_evidence(struct action_result *result)
{
    judge_take_text(result->values, "code", result->code, sizeof result->code);
    judge_take_text(result->values, "request_id", result->request_id, sizeof result->request_id);
}
