/* A load generator for HTTP/1.1 over a Unix socket: keep-alive connections, one
 * request under way on each, one thread, epoll. Answers need a Content-Length.
 * Whatever goes wrong with the server, an answer that is no success too,
 * ends the process with a message of one line. */
#ifndef KEYTURN_BENCH_LOAD_H
#define KEYTURN_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

enum { LOAD_REQUEST_BYTES = 4096, LOAD_ANSWER_BYTES = 64 * 1024 };

/* Write the index-th request (from 0) to out; its length. */
typedef size_t load_write(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES]);
/* An answer of success has come; NULL where nobody looks. */
typedef void load_answered(void *context, const char *body);

struct load {
    const char *socket_path;
    unsigned connections;
    uint64_t requests; /* 0: until seconds have passed */
    double seconds;
    load_write *write;
    load_answered *answered;
    void *context;
};

struct load_result {
    uint64_t answers;
    double seconds; /* from the first request to the last answer */
};

struct load_result load_run(const struct load *load);

/* A request with its head; body may be NULL. The length, or the process ends. */
size_t load_request(char out[LOAD_REQUEST_BYTES], const char *method, const char *path, const char *accept,
                    const char *body);

/* Seconds of the monotonic clock. */
double load_now(void);
/* Say what failed and end. */
_Noreturn void load_fail(const char *what);

#endif
