/* get_load SOCKET CONNECTIONS SECONDS PATH [KEYS]
 *
 * GETs PATH for so long and prints the answers per second. "%" in PATH stands
 * for a number that goes from 0 to KEYS - 1 and over again. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target {
    const char *path;
    uint64_t keys;
};

static size_t write_get(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES])
{
    const struct target *target = context;
    char path[512];
    const char *mark = strchr(target->path, '%');
    if (mark)
        (void)snprintf(path, sizeof path, "%.*s%06llu%s", (int)(mark - target->path), target->path,
                       (unsigned long long)(index % target->keys), mark + 1);
    else
        (void)snprintf(path, sizeof path, "%s", target->path);
    return load_request(out, "GET", path, "application/octet-stream", NULL);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        (void)fputs("usage: get_load SOCKET CONNECTIONS SECONDS PATH [KEYS]\n", stderr);
        return 2;
    }
    struct target target = {.path = argv[4], .keys = argc > 5 ? strtoull(argv[5], NULL, 10) : 1};
    const struct load load = {.socket_path = argv[1],
                              .connections = (unsigned)strtoul(argv[2], NULL, 10),
                              .seconds = strtod(argv[3], NULL),
                              .write = write_get,
                              .context = &target};
    struct load_result result = load_run(&load);
    printf("%.0f\n", (double)result.answers / result.seconds);
    return 0;
}
