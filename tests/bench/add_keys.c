/* add_keys SOCKET PROVIDER PREFIX FROM TO [CREDENTIAL]
 *
 * Adds the keys live/PREFIX<number>, six digits, with made-up secrets and no
 * grace, over many connections; prints the keys per second. With a CREDENTIAL
 * they get no secret: their first rotation makes it, with that key. The first
 * that is refused ends it. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECTIONS = 64 };

struct keys {
    const char *provider;
    const char *prefix;
    const char *credential;
    unsigned long long from;
};

static size_t write_key(void *context, uint64_t index, char out[LOAD_REQUEST_BYTES])
{
    const struct keys *keys = context;
    const unsigned long long number = keys->from + index;
    char rest[256];
    char body[1024];
    if (keys->credential)
        (void)snprintf(rest, sizeof rest, "\"credential\":\"%s\"", keys->credential);
    else
        (void)snprintf(rest, sizeof rest, "\"unchecked\":true,\"secret\":\"sk_live_bench_%s_%06llu_0123456789abcdef\"",
                       keys->prefix, number);
    (void)snprintf(body, sizeof body,
                   "{\"environment\":\"live\",\"name\":\"%s%06llu\",\"provider\":\"%s\",\"title\":\"Key number %llu\","
                   "\"owner\":\"bench\",\"grace_s\":0,\"probe_every_s\":0,\"wipe_dead\":true,%s}",
                   keys->prefix, number, keys->provider, number, rest);
    return load_request(out, "POST", "/v1/keys", "application/json", body);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        (void)fputs("usage: add_keys SOCKET PROVIDER PREFIX FROM TO [CREDENTIAL]\n", stderr);
        return 2;
    }
    struct keys keys = {.provider = argv[2],
                        .prefix = argv[3],
                        .from = strtoull(argv[4], NULL, 10),
                        .credential = argc > 6 ? argv[6] : NULL};
    const struct load load = {.socket_path = argv[1],
                              .connections = CONNECTIONS,
                              .requests = strtoull(argv[5], NULL, 10) - keys.from,
                              .write = write_key,
                              .context = &keys};
    struct load_result result = load_run(&load);
    printf("%.0f\n", (double)result.answers / result.seconds);
    return 0;
}
