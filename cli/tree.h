/* What is to be scanned: files of trees, and objects of git. */
#ifndef KEYTURN_CLI_TREE_H
#define KEYTURN_CLI_TREE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { TREE_ID_BYTES = 65 };

struct tree_source {
    char *path;             /* owned; as it is shown */
    char id[TREE_ID_BYTES]; /* of the git object that holds it, or "": it is a file */
};
struct tree {
    struct tree_source *sources; /* owned */
    size_t count, capacity;
};
void tree_release(struct tree *tree);
#define OWN_TREE __attribute__((cleanup(tree_release)))

/* A file, or all regular files below a folder (links are not followed). In a work tree of git these
 * are the files that git knows or would add: what .gitignore names is left out unless all. Left out,
 * too, is what a line of .keyturnignore in the folder matches (fnmatch of the path in the folder, or of its
 * last part). ERR_NOT_FOUND, ERR_IO. */
enum err_code tree_add(struct tree *tree, const char *path, bool all, struct err *err) ERR_MUST_CHECK;
/* What is staged in the repository of the folder, or everything that its refs reach. ERR_STATE: it is none. */
enum err_code tree_add_staged(struct tree *tree, const char *folder, struct err *err) ERR_MUST_CHECK;
enum err_code tree_add_history(struct tree *tree, const char *folder, struct err *err) ERR_MUST_CHECK;

#endif
