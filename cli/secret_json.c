#include "secret_json.h"

#include <stdio.h>
#include <string.h>

enum { ESCAPE_BYTES = 6 }; /* the longest: \u001f */

/* UTF-8 as RFC 3629 has it, without the table of code points that nobody asks for here. */
static size_t secret_json_step(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xC2 && first < 0xE0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (first == 0xE0 && at[1] < 0xA0) || (first == 0xF0 && at[1] < 0x90);
    bool surrogate = first == 0xED && at[1] > 0x9F;
    bool too_high = first == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

static enum err_code secret_json_escape(struct secret *out, const struct secret *secret, struct err *err)
{
    const unsigned char *bytes = secret_peek(secret);
    size_t length = secret_length(secret);
    for (size_t at = 0; at < length;) {
        size_t step = secret_json_step(bytes + at, length - at);
        if (step == 0)
            return err_set(err, ERR_INVALID, "the secret is not valid UTF-8, at byte %zu", at + 1);
        char escape[ESCAPE_BYTES + 1];
        int written = 0;
        if (bytes[at] < 0x20)
            written = snprintf(escape, sizeof escape, "\\u%04x", (unsigned)bytes[at]);
        else if (bytes[at] == '"' || bytes[at] == '\\')
            written = snprintf(escape, sizeof escape, "\\%c", bytes[at]);
        TRY(written > 0 ? secret_append(out, escape, (size_t)written)
                        : secret_append(out, bytes + at, step));
        secret_wipe(escape, sizeof escape);
        at += step;
    }
    return ERR_OK;
}

enum err_code secret_json_with(const struct buf *plain, const char *name, const struct secret *secret,
                               struct secret **ret_json, struct err *err)
{
    if (!buf_ok(plain) || plain->length < 2)
        return err_set(err, ERR_MEMORY, "out of memory");
    const char *lead = plain->length > 2 ? ",\"" : "\"";
    size_t around = plain->length + strlen(name) + 16;
    OWN(secret_free) struct secret *json = secret_new(around + ESCAPE_BYTES * secret_length(secret));
    if (!json)
        return err_set(err, ERR_MEMORY, "no locked memory for the request");
    TRY(secret_append(json, plain->data, plain->length - 1)); /* without its closing brace */
    TRY(secret_append(json, lead, strlen(lead)));
    TRY(secret_append(json, name, strlen(name)));
    TRY(secret_append(json, "\":\"", 3));
    TRY(secret_json_escape(json, secret, err));
    TRY(secret_append(json, "\"}", 2));
    *ret_json = GIVE(json);
    return ERR_OK;
}
