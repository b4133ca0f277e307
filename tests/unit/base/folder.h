/* A temporary folder for one test, removed with all that is in it. */
#ifndef KEYTURN_TEST_FOLDER_H
#define KEYTURN_TEST_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[256];
};

static inline int folder_setup(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    const char *parent = getenv("TMPDIR");
    if (!folder)
        return -1;
    (void)snprintf(folder->path, sizeof folder->path, "%s/keyturn-test-XXXXXX", parent ? parent : "/tmp");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static inline int folder_remove_one(const char *path, const struct stat *status, int type,
                                    struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int folder_teardown(void **state)
{
    struct folder *folder = *state;
    int result = nftw(folder->path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
    return result;
}

/* The path of name inside, in out. */
static inline const char *folder_path(void **state, const char *name, char out[512])
{
    const struct folder *folder = *state;
    (void)snprintf(out, 512, "%s/%s", folder->path, name);
    return out;
}

/* A file of that content and exactly that mode; its descriptor, for reading and writing. */
static inline int folder_file(void **state, const char *name, const char *content, mode_t mode)
{
    char path[512];
    int fd = open(folder_path(state, name, path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t length = strlen(content);
    if (fd < 0 || write(fd, content, length) != (ssize_t)length || fchmod(fd, mode) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

#endif
