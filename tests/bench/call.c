/* call SOCKET METHOD PATH [with]
 *
 * One request; prints its milliseconds, or, when it is refused, the answer on
 * standard error, and fails. With a fourth argument its JSON body is standard input. */
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
                              .context = &call};
    struct load_result result = load_run(&load);
    printf("%.3f\n", result.seconds * 1000);
    return 0;
}
