#include "candidates.h"

#include <stdbool.h>
#include <string.h>

/* Where a line is cut, from the coarsest on: white space alone; what stands
 * around a value in code, JSON, shell and headers; what joins a name and its
 * value, or the parts of a URL. */
static const char *const candidate_cuts[] = {
    " \t\r",
    " \t\r\"'`<>()[]{},;|",
    " \t\r\"'`<>()[]{},;|=:&?@#",
    " \t\r\"'`<>()[]{},;|=:&?@#/\\.!*$%^~",
};

static bool candidate_is_cut(const char *cuts, unsigned char byte)
{
    return byte != '\0' && strchr(cuts, byte);
}

static void candidates_at(const char *cuts, const unsigned char *line, size_t length, candidate_take *take,
                          void *context)
{
    for (size_t at = 0; at < length;) {
        size_t start = at;
        while (at < length && !candidate_is_cut(cuts, line[at]))
            at++;
        if (at - start >= CANDIDATE_LEAST)
            take(context, line + start, at - start);
        at++;
    }
}

void candidates_of_line(const unsigned char *line, size_t length, candidate_take *take, void *context)
{
    while (length > 0 && candidate_is_cut(candidate_cuts[0], line[length - 1]))
        length--;
    while (length > 0 && candidate_is_cut(candidate_cuts[0], line[0])) {
        line++;
        length--;
    }
    if (length >= CANDIDATE_LEAST)
        take(context, line, length);
    for (size_t i = 0; i < sizeof candidate_cuts / sizeof candidate_cuts[0]; i++)
        candidates_at(candidate_cuts[i], line, length, take, context);
}
