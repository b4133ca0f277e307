/* limit_fsync FOLDER SECONDS: appends of a hundred bytes, each made durable, per second. */
#include "load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char bytes[100];
    char path[4096];
    if (argc < 3)
        return 2;
    (void)snprintf(path, sizeof path, "%s/fsync", argv[1]);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        load_fail(path);
    double start = load_now();
    double end = start + strtod(argv[2], NULL);
    unsigned long count = 0;
    for (; load_now() < end; count++)
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0)
            load_fail(path);
    printf("%.0f\n", (double)count / (load_now() - start));
    close(fd);
    return unlink(path) == 0 ? 0 : 1;
}
