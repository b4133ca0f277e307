/* call SOCKET METHOD PATH [with]
 *
 * One request; prints its milliseconds, and the answer on standard error when it
 * is no success. With a fourth argument its JSON body is standard input. */
#include "load.h"

#include <stdio.h>

struct call {
    const char *method;
    const char *path;
    char body[LOAD_REQUEST_BYTES];
    size_t length;
};

static size_t write_call(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES])
{
    (void)index;
    const struct call *call = context;
    return load_request(out, call->method, call->path, "application/json", call->length ? call->body : NULL);
}

static void show_refused(void *context, int status, const char *body, size_t length)
{
    (void)context;
    if (status / 100 != 2)
        (void)fprintf(stderr, "%d %.*s\n", status, (int)length, body);
}

int main(int argc, char **argv)
{
    static struct call call;
    if (argc < 4) {
        (void)fputs("usage: call SOCKET METHOD PATH [with]\n", stderr);
        return 2;
    }
    call.method = argv[2];
    call.path = argv[3];
    if (argc > 4)
        call.length = fread(call.body, 1, sizeof call.body - 1, stdin);
    const struct load load = {.socket_path = argv[1],
                              .connections = 1,
                              .requests = 1,
                              .write = write_call,
                              .answered = show_refused,
                              .context = &call};
    struct load_result result = load_run(&load);
    printf("%.3f\n", result.seconds * 1000);
    return result.answers == 1 ? 0 : 1;
}
