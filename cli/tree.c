#include "tree.h"

#include "git.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void tree_release(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->sources[i].path);
    free(tree->sources);
    *tree = (struct tree){0};
}

/* The folder's name is put before the path, but for ".". */
static enum err_code tree_put(struct tree *tree, const char *folder, const char *path, const char *id, struct err *err)
{
    char *name = NULL;
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity ? 2 * tree->capacity : 1024;
        void *grown = reallocarray(tree->sources, capacity, sizeof tree->sources[0]);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        tree->sources = grown;
        tree->capacity = capacity;
    }
    bool here = strcmp(folder, ".") == 0;
    if (asprintf(&name, "%s%s%s", here ? "" : folder, here ? "" : "/", path) < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    struct tree_source *source = &tree->sources[tree->count++];
    *source = (struct tree_source){.path = name};
    (void)snprintf(source->id, sizeof source->id, "%s", id);
    return ERR_OK;
}

/* --- .keyturnignore ---------------------------------------------------------- */

static enum err_code tree_read_ignored(const char *folder, struct buf *out, struct err *err)
{
    OWN_BUF struct buf path = {0};
    char piece[4096];
    size_t got = 0;
    buf_printf(&path, "%s/.keyturnignore", folder);
    FILE *file = fopen(buf_text(&path), "re");
    if (!file)
        return errno == ENOENT || errno == ENOTDIR ? ERR_OK
                                                   : err_set_errno(err, errno, "cannot read %s", buf_text(&path));
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(out, piece, got);
    (void)fclose(file);
    return ERR_OK;
}

static bool tree_is_ignored(const struct buf *ignored, const char *path)
{
    char pattern[1024];
    const char *last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (const char *line = buf_text(ignored); *line;) {
        size_t length = strcspn(line, "\n");
        bool pattern_there = length > 0 && length < sizeof pattern && line[0] != '#';
        (void)snprintf(pattern, sizeof pattern, "%.*s", pattern_there ? (int)length : 0, line);
        if (pattern_there && (fnmatch(pattern, path, 0) == 0 || fnmatch(pattern, last, 0) == 0))
            return true;
        line += length + (line[length] == '\n');
    }
    return false;
}

/* --- Files --------------------------------------------------------------------- */

static enum err_code tree_walk(struct tree *tree, const char *folder, const struct buf *ignored, struct err *err)
{
    char *start = strdup(folder);
    char *const roots[] = {start, NULL};
    FTS *walk = start ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    enum err_code code = walk ? ERR_OK : err_set_errno(err, errno, "cannot walk %s", folder);
    FTSENT *entry = NULL;
    while (code == ERR_OK && (entry = fts_read(walk))) {
        const char *path = entry->fts_path + strlen(folder);
        path += strspn(path, "/");
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            (void)fprintf(stderr, "keyturn: %s: %s\n", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info == FTS_D && strcmp(entry->fts_name, ".git") == 0)
            (void)fts_set(walk, entry, FTS_SKIP);
        if (entry->fts_info == FTS_F && !tree_is_ignored(ignored, path))
            code = tree_put(tree, folder, path, "", err);
    }
    if (walk)
        (void)fts_close(walk);
    free(start);
    return code;
}

/* Does git answer for this folder? */
static bool tree_is_git(const char *folder)
{
    static const char *const arguments[] = {"rev-parse", "--is-inside-work-tree", NULL};
    OWN_BUF struct buf answer = {0};
    const struct git_call call = {.folder = folder, .arguments = arguments, .quiet = true};
    return git_read(&call, &answer, NULL) == ERR_OK && strncmp(buf_text(&answer), "true", 4) == 0;
}

static enum err_code tree_list_git(struct tree *tree, const char *folder, const struct buf *ignored, struct err *err)
{
    static const char *const arguments[] = {"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate",
                                            NULL};
    OWN_BUF struct buf names = {0};
    OWN_BUF struct buf full = {0};
    const struct git_call call = {.folder = folder, .arguments = arguments};
    TRY(git_read(&call, &names, err));
    for (size_t at = 0; at < names.length; at += strlen(names.data + at) + 1) {
        struct stat status;
        buf_clear(&full);
        buf_printf(&full, "%s/%s", folder, names.data + at);
        bool file = lstat(buf_text(&full), &status) == 0 && S_ISREG(status.st_mode);
        if (file && !tree_is_ignored(ignored, names.data + at))
            TRY(tree_put(tree, folder, names.data + at, "", err));
    }
    return ERR_OK;
}

enum err_code tree_add(struct tree *tree, const char *path, bool all, struct err *err)
{
    struct stat status;
    OWN_BUF struct buf ignored = {0};
    if (stat(path, &status) != 0)
        return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "there is no %s", path)
                               : err_set_errno(err, errno, "cannot look at %s", path);
    if (!S_ISDIR(status.st_mode))
        return tree_put(tree, ".", path, "", err);
    TRY(tree_read_ignored(path, &ignored, err));
    return !all && tree_is_git(path) ? tree_list_git(tree, path, &ignored, err)
                                     : tree_walk(tree, path, &ignored, err);
}

/* --- Objects ---------------------------------------------------------------------- */

/* A line of `git diff --raw -z` is ":MODE MODE ID ID STATUS" NUL path NUL; the second id is the index's. */
enum err_code tree_add_staged(struct tree *tree, const char *folder, struct err *err)
{
    static const char *const arguments[] = {"diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev",
                                            "--no-ext-diff", "--diff-filter=AMT", NULL};
    OWN_BUF struct buf ignored = {0};
    OWN_BUF struct buf list = {0};
    const struct git_call call = {.folder = folder, .arguments = arguments};
    TRY(tree_read_ignored(folder, &ignored, err));
    TRY(git_read(&call, &list, err));
    for (size_t at = 0; at < list.length;) {
        char id[TREE_ID_BYTES];
        if (sscanf(list.data + at, ":%*s %*s %*s %64s", id) != 1)
            return err_set(err, ERR_FORMAT, "git diff --raw printed something else");
        const char *path = list.data + at + strlen(list.data + at) + 1;
        if (!tree_is_ignored(&ignored, path))
            TRY(tree_put(tree, ".", path, id, err));
        at = (size_t)(path - list.data) + strlen(path) + 1;
    }
    return ERR_OK;
}

/* A line of `git rev-list --objects` is "ID path" for a blob. */
enum err_code tree_add_history(struct tree *tree, const char *folder, struct err *err)
{
    static const char *const arguments[] = {"-c", "core.quotePath=false", "rev-list", "--objects", "--all",
                                            "--filter=object:type=blob", "--filter-provided-objects", NULL};
    OWN_BUF struct buf ignored = {0};
    OWN_BUF struct buf list = {0};
    const struct git_call call = {.folder = folder, .arguments = arguments};
    TRY(tree_read_ignored(folder, &ignored, err));
    TRY(git_read(&call, &list, err));
    for (size_t at = 0; at < list.length;) {
        char *line = list.data + at;
        size_t length = strcspn(line, "\n");
        at += length + (line[length] == '\n');
        line[length] = '\0';
        char *path = strchr(line, ' ');
        if (path)
            *path++ = '\0';
        if (path && strlen(line) < TREE_ID_BYTES && !tree_is_ignored(&ignored, path))
            TRY(tree_put(tree, ".", path, line, err));
    }
    return ERR_OK;
}
