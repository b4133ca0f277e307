/* The nearest of several words to one that was mistyped. */
#ifndef KEYTURN_CLI_SUGGEST_H
#define KEYTURN_CLI_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *typed;
    size_t length;
    const char *best; /* borrowed from the offers */
    size_t distance;
};

struct suggestion suggest_begin(const char *typed, size_t length);
void suggest_offer(struct suggestion *suggestion, const char *word);
/* NULL when nothing offered is near: more than a third of its letters differ. */
const char *suggest_best(const struct suggestion *suggestion);

#endif
