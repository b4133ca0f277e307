/* What a program wrote on standard error, made fit to be shown: nothing of a
 * secret, nothing that moves a terminal's cursor or forges a line of the log.
 *
 * A secret is looked for by runs of 12 bytes and not as a whole, because the
 * captured end may begin in its middle, and programs cut and wrap what they
 * quote. Messages that hold one are hidden as a whole: what stands beside the
 * run may be the rest of it. */
#include "program_private.h"

#include <stdio.h>
#include <string.h>

enum { PROGRAM_RUN_BYTES = 12 };

bool program_shows(const void *text, size_t length, const struct secret *secret)
{
    const unsigned char *bytes = secret_peek(secret);
    size_t secret_bytes = secret_length(secret);
    if (secret_bytes == 0)
        return false;
    if (secret_bytes < PROGRAM_RUN_BYTES)
        return memmem(text, length, bytes, secret_bytes) != NULL;
    const char *at = text;
    for (size_t i = 0; i + PROGRAM_RUN_BYTES <= length; i++)
        if (memmem(bytes, secret_bytes, at + i, PROGRAM_RUN_BYTES))
            return true;
    return false;
}

static char program_printable(unsigned char byte)
{
    if (byte == '\t')
        return ' ';
    return byte == '\n' || (byte >= ' ' && byte <= '~') ? (char)byte : '?';
}

static void program_clean(const unsigned char *bytes, size_t length, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        bool ends_line = bytes[i] == '\n' || bytes[i] == '\r';
        if (ends_line && (used == 0 || out[used - 1] == '\n'))
            continue;
        out[used++] = ends_line ? '\n' : program_printable(bytes[i]);
    }
    while (used > 0 && (out[used - 1] == '\n' || out[used - 1] == ' '))
        used--;
    out[used] = '\0';
}

void program_errors_text(const struct action_program_call *call, const struct secret *errors, bool cut,
                         const struct secret *output, char out[ACTION_PROGRAM_ERRORS_BYTES + 1])
{
    const unsigned char *bytes = secret_peek(errors);
    size_t length = secret_length(errors);
    bool hidden = (call->hidden && program_shows(bytes, length, call->hidden)) ||
                  (call->output_is_secret && program_shows(bytes, length, output));
    if (hidden) {
        (void)snprintf(out, ACTION_PROGRAM_ERRORS_BYTES + 1,
                       "(hidden: what it wrote on standard error holds the secret)");
        return;
    }
    /* A shorter run at the cut, the end of a secret, goes unseen: leave it out. */
    size_t skip = cut ? PROGRAM_RUN_BYTES - 1 : 0;
    program_clean(bytes + skip, length - skip, out);
}
