/* git, run without a shell. */
#ifndef KEYTURN_CLI_GIT_H
#define KEYTURN_CLI_GIT_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* All that `git -C FOLDER ARGUMENT…` prints. arguments end with NULL. ERR_NOT_FOUND there is no git, ERR_STATE it
 * failed (its own words are on standard error unless quiet). Blocks. */
struct git_call {
    const char *folder;
    const char *const *arguments; /* at most GIT_ARGUMENTS */
    bool quiet;
};
enum { GIT_ARGUMENTS = 16 };
enum err_code git_read(const struct git_call *call, struct buf *out, struct err *err) ERR_MUST_CHECK;

/* The objects of `git cat-file --batch`. */
struct git_objects {
    pid_t pid;
    int fd;
    unsigned char *buffer; /* owned */
    size_t start, end;
};
/* ids: a line each. ERR_NOT_FOUND, ERR_IO, ERR_MEMORY. */
enum err_code git_objects_open(const char *folder, const struct buf *ids, struct git_objects *ret_objects,
                               struct err *err) ERR_MUST_CHECK;
/* The next one, of *ret_size bytes; ids that are not there have none. False: it was the last.
 * Its content must be taken by git_objects_take before the next. */
bool git_objects_next(struct git_objects *objects, size_t *ret_size, bool *ret_is_blob);
/* The whole content into out, or past it (NULL). False: it broke off. */
bool git_objects_take(struct git_objects *objects, unsigned char *out, size_t size);
void git_objects_close(struct git_objects *objects);

#endif
