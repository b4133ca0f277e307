/* rotate_keys SOCKET PREFIX COUNT
 *
 * Waits for the first rotations of the keys live/PREFIX000000 and so on, which
 * make them, then asks for one more of each and waits until the agent's metrics
 * say that all are done. Prints the rotations per second from the first request
 * to the last done, and the requests for one per second. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 64, LOOK_US = 5000, LONGEST_S = 300 };

struct figures {
    unsigned long long done;
    unsigned long long failed;
};

static unsigned long long figure(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void read_figures(void *context, const char *body)
{
    struct figures *figures = context;
    figures->done = figure(body, "\nkeyturn_engine_rotations_done_total ");
    figures->failed = figure(body, "\nkeyturn_engine_rotations_failed_total ");
}

static size_t write_metrics(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES])
{
    (void)context;
    (void)index;
    return load_request(out, "GET", "/metrics", "text/plain", NULL);
}

static struct figures look(const char *socket_path)
{
    struct figures figures = {0};
    const struct load load = {.socket_path = socket_path,
                              .connections = 1,
                              .requests = 1,
                              .write = write_metrics,
                              .answered = read_figures,
                              .context = &figures};
    (void)load_run(&load);
    return figures;
}

static size_t write_rotation(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES])
{
    const char *prefix = context;
    char path[256];
    (void)snprintf(path, sizeof path, "/v1/keys/live/%s%06llu/rotations", prefix, (unsigned long long)index);
    return load_request(out, "POST", path, "application/json", NULL);
}

static void wait_for(const char *socket_path, const struct figures *wanted)
{
    double end = load_now() + LONGEST_S;
    for (;;) {
        struct figures now = look(socket_path);
        if (now.done >= wanted->done)
            return;
        if (now.failed > wanted->failed || load_now() > end) {
            (void)fprintf(stderr, "%llu rotations are missing, %llu failed\n", wanted->done - now.done,
                          now.failed - wanted->failed);
            exit(1);
        }
        (void)usleep(LOOK_US);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fputs("usage: rotate_keys SOCKET PREFIX COUNT\n", stderr);
        return 2;
    }
    unsigned long long count = strtoull(argv[3], NULL, 10);
    struct figures wanted = {.done = count};
    wait_for(argv[1], &wanted);
    wanted = look(argv[1]);
    wanted.done += count;
    const struct load load = {.socket_path = argv[1],
                              .connections = CONNECTIONS,
                              .requests = count,
                              .write = write_rotation,
                              .context = argv[2]};
    double start = load_now();
    (void)load_run(&load);
    double asked = load_now() - start;
    wait_for(argv[1], &wanted);
    printf("%.0f %.0f\n", (double)count / (load_now() - start), (double)count / asked);
    return 0;
}
