#include "suggest.h"

#include <stdint.h>
#include <string.h>

enum { SUGGEST_LONGEST = 32 };

struct suggestion suggest_begin(const char *typed, size_t length)
{
    return (struct suggestion){.typed = typed, .length = length, .distance = SIZE_MAX};
}

static size_t suggest_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The distance of Damerau and Levenshtein with neighbours swapped (optimal
 * string alignment): letters added, left out, changed, or two exchanged. */
static size_t suggest_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][SUGGEST_LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = suggest_least(change, suggest_least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = suggest_least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
    size_t length = strlen(word);
    if (length > SUGGEST_LONGEST || suggestion->length > SUGGEST_LONGEST)
        return;
    size_t distance = suggest_distance(suggestion->typed, suggestion->length, word, length);
    if (suggestion->length >= 3 && strncmp(suggestion->typed, word, suggestion->length) == 0)
        distance = 1; /* the beginning of a word is a typing of it */
    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->best = word;
    }
}

const char *suggest_best(const struct suggestion *suggestion)
{
    if (!suggestion->best)
        return NULL;
    size_t length = strlen(suggestion->best);
    return suggestion->distance <= (length + 2) / 3 ? suggestion->best : NULL;
}
