/* S6: when a request has ended, its secrets are nowhere in the memory of the
 * process. The server is a process of its own, because it keeps what it reads. */
#include "http/http.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "http/server.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n"

enum { SECRET_BYTES = 32 };

struct fixture {
    pid_t child;
    int alive; /* the child ends when this is closed */
    char url[128];
    unsigned char mask[SECRET_BYTES]; /* the secret, each byte turned over, so that it is not found itself */
};

/* In the child: answers hold the secret, too. */
static void serve(int ready, int alive, const char *answer)
{
    char end;
    const struct server_route routes[] = {{"/", answer}, {"", ""}};
    struct server *server = server_start(routes);
    if (write(ready, server->url, sizeof server->url) != (ssize_t)sizeof server->url)
        _exit(1);
    while (read(alive, &end, 1) > 0)
        continue;
    _exit(0);
}

static void unmask(const struct fixture *fixture, unsigned char *out)
{
    for (size_t i = 0; i < SECRET_BYTES; i++)
        out[i] = (unsigned char)(fixture->mask[i] ^ 0xFF);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int ready[2];
    int alive[2];
    for (size_t i = 0; i < SECRET_BYTES; i++)
        fixture->mask[i] = (unsigned char)(('a' + (i * 7 + (size_t)getpid()) % 26) ^ 0xFF);
    if (pipe(ready) != 0 || pipe(alive) != 0)
        return -1;
    fixture->child = fork();
    if (fixture->child == 0) {
        char answer[256] = {0};
        unsigned char secret[SECRET_BYTES];
        unmask(fixture, secret);
        close(alive[1]);
        snprintf(answer, sizeof answer, "%s%.32s%.32s", ANSWER, (const char *)secret, (const char *)secret);
        serve(ready[1], alive[0], answer);
    }
    close(alive[0]);
    close(ready[1]);
    fixture->alive = alive[1];
    bool told = read(ready[0], fixture->url, sizeof fixture->url) == (ssize_t)sizeof fixture->url;
    close(ready[0]);
    *state = fixture;
    return told ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->alive);
    waitpid(fixture->child, NULL, 0);
    free(fixture);
    return 0;
}

/* Not instrumented: it reads memory that the sanitizer knows to be free, which is its point. */
__attribute__((no_sanitize("address"))) static bool is_secret(const struct fixture *fixture,
                                                              const volatile unsigned char *at)
{
    for (size_t i = 0; i < SECRET_BYTES; i++)
        if ((at[i] ^ fixture->mask[i]) != 0xFF)
            return false;
    return true;
}

__attribute__((no_sanitize("address"))) static size_t count_in(const struct fixture *fixture, uintptr_t start,
                                                               uintptr_t end)
{
    size_t found = 0;
    for (uintptr_t at = start; at + SECRET_BYTES <= end; at++)
        if (is_secret(fixture, (const volatile unsigned char *)at)) // NOLINT: an address out of the map
            found++;
    return found;
}

/* How often the secret stands in memory that we may read and write. */
static size_t count_in_memory(const struct fixture *fixture)
{
    char line[512];
    size_t found = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char rights[8];
        bool huge = sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || end - start > (1UL << 30);
        if (!huge && strncmp(rights, "rw", 2) == 0 && !strstr(line, "[vvar]"))
            found += count_in(fixture, start, end);
    }
    fclose(maps);
    return found;
}

static void count_answer(void *context, struct http_answer *answer)
{
    size_t *found = context;
    const unsigned char *body = secret_peek(answer->body);
    assert_int_equal(answer->status, 200);
    assert_int_equal(secret_length(answer->body), 2 * SECRET_BYTES);
    *found += (size_t)(body[0] != 0);
}

static void send_secret(const struct fixture *fixture, struct http_client *client, const char *method,
                        size_t *ended)
{
    struct err err;
    struct secret *headers = secret_new(128);
    struct secret *body = secret_new(SECRET_BYTES);
    assert_int_equal(secret_append(headers, "X-Key: ", 7), ERR_OK);
    unmask(fixture, secret_fill(headers) + 7);
    secret_set_length(headers, 7 + SECRET_BYTES);
    assert_int_equal(secret_append(headers, "\n", 1), ERR_OK);
    unmask(fixture, secret_fill(body));
    secret_set_length(body, SECRET_BYTES);
    struct http_request request = {.method = method, .url = fixture->url, .headers = headers, .body = body};
    assert_int_equal(http_start(client, &request, count_answer, ended, &err), ERR_OK);
    while (http_perform(client) > 0)
        http_wait(client, 1000);
}

static void test_the_search_finds_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    size_t before = count_in_memory(fixture);
    unsigned char *copy = malloc(SECRET_BYTES);
    assert_non_null(copy);
    unmask(fixture, copy);
    assert_int_equal(count_in_memory(fixture), before + 1);
    secret_wipe(copy, SECRET_BYTES);
    free(copy);
}

static void test_S6_nothing_is_left_of_a_request(void **state)
{
    struct fixture *fixture = *state;
    struct http_options options = {0};
    struct http_client *client = NULL;
    struct err err;
    size_t ended = 0;
    assert_int_equal(count_in_memory(fixture), 0);
    assert_int_equal(http_client_new(&options, &clock_system, NULL, &client, &err), ERR_OK);
    for (int i = 0; i < 3; i++)
        send_secret(fixture, client, i == 1 ? "PUT" : "POST", &ended);
    assert_int_equal(ended, 3);
    size_t kept = count_in_memory(fixture);
    http_client_free(client);
    assert_int_equal(count_in_memory(fixture), 0);
    assert_int_equal(kept, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_search_finds_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_S6_nothing_is_left_of_a_request, setup, teardown),
    };
    struct err err;
    if (secret_init(&err) != ERR_OK || http_init(&err) != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
