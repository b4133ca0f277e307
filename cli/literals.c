/* A walk over the expression that keeps, of each concatenation, the best set
 * that one of its parts is certain to bring. Whatever it does not understand
 * ends the run of literal bytes, which is always safe: it only makes the
 * strings shorter. */
#include "literals.h"

#include <string.h>

struct walk {
    const char *at;
    size_t least;
};

static bool walk_alternatives(struct walk *walk, struct literals *out);

static size_t literals_shortest(const struct literals *set)
{
    size_t shortest = set->count > 0 ? LITERAL_BYTES : 0;
    for (size_t i = 0; i < set->count; i++)
        shortest = strlen(set->words[i]) < shortest ? strlen(set->words[i]) : shortest;
    return shortest;
}

static void literals_keep_better(struct literals *best, const struct literals *other)
{
    if (literals_shortest(other) > literals_shortest(best))
        *best = *other;
}

/* A run of literal bytes as a set of one; then the run begins anew. */
static void walk_end_run(struct literals *best, struct literals *run)
{
    run->count = 1;
    literals_keep_better(best, run);
    *run = (struct literals){0};
}

/* Past a quantifier; what it says of the piece before: may it be absent, may it come again? */
static bool walk_quantifier(struct walk *walk, bool *ret_optional)
{
    char c = *walk->at;
    *ret_optional = c == '?' || c == '*';
    if (c == '?' || c == '*' || c == '+') {
        walk->at++;
        return true;
    }
    if (c != '{')
        return false;
    *ret_optional = walk->at[1] == '0' || walk->at[1] == ',';
    walk->at += strcspn(walk->at, "}");
    walk->at += *walk->at == '}';
    return true;
}

/* Past a bracket expression: ']' first in it stands for itself. */
static void walk_bracket(struct walk *walk)
{
    walk->at++;
    walk->at += *walk->at == '^';
    walk->at += *walk->at == ']';
    while (*walk->at && *walk->at != ']') {
        bool class = walk->at[0] == '[' && walk->at[1] && strchr(":.=", walk->at[1]);
        const char *end = class ? strchr(walk->at + 2, ']') : NULL;
        walk->at = end ? end + 1 : walk->at + 1;
    }
    walk->at += *walk->at == ']';
}

/* One piece that is no literal byte; what it is certain to bring. */
static void walk_piece(struct walk *walk, struct literals *best)
{
    struct literals inner = {0};
    bool optional = false;
    bool group = *walk->at == '(';
    bool certain = false;
    if (group) {
        walk->at++;
        certain = walk_alternatives(walk, &inner);
        walk->at += *walk->at == ')';
    } else if (*walk->at == '[') {
        walk_bracket(walk);
    } else {
        walk->at++;
    }
    (void)walk_quantifier(walk, &optional);
    if (certain && !optional)
        literals_keep_better(best, &inner);
}

/* The literal byte at hand, escaped or plain; '\0': it is something else. */
static char walk_literal(const struct walk *walk, size_t *ret_taken)
{
    char c = walk->at[0];
    *ret_taken = c == '\\' ? 2 : 1;
    if (c == '\\')
        return walk->at[1] && strchr(".[]()*+?{}|^$\\/-", walk->at[1]) ? walk->at[1] : '\0';
    return strchr("[(.^$", c) ? '\0' : c;
}

static void walk_byte(struct walk *walk, char c, size_t taken, struct literals *run, struct literals *best)
{
    bool optional = false;
    size_t length = strlen(run->words[0]);
    walk->at += taken;
    bool quantified = strchr("?*+{", *walk->at) && *walk->at;
    if (quantified) {
        (void)walk_quantifier(walk, &optional);
        if (!optional && length + 1 < LITERAL_BYTES)
            run->words[0][length] = c;
        walk_end_run(best, run);
        return;
    }
    if (length + 1 < LITERAL_BYTES)
        run->words[0][length] = c;
}

static void walk_concatenation(struct walk *walk, struct literals *best)
{
    struct literals run = {0};
    while (*walk->at && *walk->at != '|' && *walk->at != ')') {
        size_t taken = 0;
        char c = walk_literal(walk, &taken);
        if (c != '\0') {
            walk_byte(walk, c, taken, &run, best);
        } else {
            walk_end_run(best, &run);
            walk_piece(walk, best);
        }
    }
    walk_end_run(best, &run);
}

/* Each alternative must bring something, or nothing is certain. */
static bool walk_alternatives(struct walk *walk, struct literals *out)
{
    bool certain = true;
    for (;;) {
        struct literals best = {0};
        walk_concatenation(walk, &best);
        certain = certain && literals_shortest(&best) >= walk->least && out->count + best.count <= LITERALS_MOST;
        for (size_t i = 0; certain && i < best.count; i++)
            memcpy(out->words[out->count++], best.words[i], LITERAL_BYTES);
        if (*walk->at != '|')
            return certain;
        walk->at++;
    }
}

bool literals_of_pattern(const char *pattern, size_t least, struct literals *ret_literals)
{
    struct walk walk = {.at = pattern, .least = least};
    struct literals found = {0};
    bool certain = walk_alternatives(&walk, &found) && *walk.at == '\0';
    *ret_literals = certain ? found : (struct literals){0};
    return certain;
}
