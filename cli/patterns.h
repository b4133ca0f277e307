/* What a key looks like: the providers' patterns, and the fixed strings by which
 * the few places that are worth a closer look are found. */
#ifndef KEYTURN_CLI_PATTERNS_H
#define KEYTURN_CLI_PATTERNS_H

#include "cli.h"
#include "sweep.h"

struct patterns {
    struct sweep_pattern *items; /* owned */
    size_t count;
    char (*words)[FINDER_MOST_BYTES + 1]; /* owned; none is part of another */
    size_t word_count;
    size_t vague; /* patterns without a fixed part: what only they match is not found */
};
void patterns_release(struct patterns *patterns);
#define OWN_PATTERNS __attribute__((cleanup(patterns_release)))

/* Those of the agent's providers, and what is seen of its keys' masks where no pattern covers them. */
enum err_code patterns_from_agent(struct cli *cli, struct patterns *ret_patterns, struct err *err) ERR_MUST_CHECK;
/* From the key_pattern lines of the definitions in the folder; NULL: those beside this program.
 * ERR_NOT_FOUND there are none. */
enum err_code patterns_from_folder(const char *folder, struct patterns *ret_patterns, struct err *err) ERR_MUST_CHECK;

#endif
