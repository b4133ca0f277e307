/* What every match of a regular expression must hold: a few literal strings, at
 * least one of which is in each. '^(amps_)?sk_live_[A-Za-z0-9]+$' gives "sk_live_". A
 * text without any of them need not be matched at all. */
#ifndef KEYTURN_CLI_LITERALS_H
#define KEYTURN_CLI_LITERALS_H

#include <stdbool.h>
#include <stddef.h>

enum { LITERALS_MOST = 16, LITERAL_BYTES = 64 };

struct literals {
    char words[LITERALS_MOST][LITERAL_BYTES];
    size_t count;
};

/* Of a POSIX extended expression. False: none of at least least bytes is certain. */
bool literals_of_pattern(const char *pattern, size_t least, struct literals *ret_literals);

#endif
