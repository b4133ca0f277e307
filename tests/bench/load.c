#include "load.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct line { /* a connection */
    int fd;
    char *answer;
    size_t got;
};

struct run {
    const struct load *load;
    struct load_result result;
    int epoll;
    uint64_t sent;
    unsigned under_way;
    double end;
};

double load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void load_fail(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

size_t load_request(char out[LOAD_REQUEST_BYTES], const char *method, const char *path, const char *accept,
                    const char *body)
{
    int length = body ? snprintf(out, LOAD_REQUEST_BYTES,
                                 "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %zu\r\n\r\n%s",
                                 method, path, accept, strlen(body), body)
                      : snprintf(out, LOAD_REQUEST_BYTES, "%s %s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n",
                                 method, path, accept);
    if (length < 0 || length >= LOAD_REQUEST_BYTES) {
        errno = EMSGSIZE;
        load_fail("a request");
    }
    return (size_t)length;
}

static void connect_line(struct run *run, struct line *line)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", run->load->socket_path);
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->fd < 0 || connect(line->fd, (struct sockaddr *)&address, sizeof address) != 0)
        load_fail(run->load->socket_path);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    line->answer = malloc(LOAD_ANSWER_BYTES + 1);
    if (!line->answer || epoll_ctl(run->epoll, EPOLL_CTL_ADD, line->fd, &event) != 0)
        load_fail("a connection");
}

static bool is_over(const struct run *run)
{
    return run->load->requests ? run->sent >= run->load->requests : load_now() >= run->end;
}

/* Requests are far smaller than the socket's buffer, so a blocking write does not wait. */
static void send_next(struct run *run, struct line *line)
{
    char request[LOAD_REQUEST_BYTES];
    if (is_over(run))
        return;
    size_t length = run->load->write(run->load->context, run->sent++, request);
    if (write(line->fd, request, length) != (ssize_t)length)
        load_fail("a request");
    line->got = 0;
    run->under_way++;
}

/* The whole answer's length once its head is there, else 0. */
static size_t answer_length(const char *answer, const char **ret_body)
{
    static const char name[] = "\r\nContent-Length:";
    const char *end = strstr(answer, "\r\n\r\n");
    if (!end)
        return 0;
    const char *field = strcasestr(answer, name);
    size_t body = field && field < end ? (size_t)strtoul(field + sizeof name - 1, NULL, 10) : 0;
    *ret_body = end + 4;
    return (size_t)(*ret_body - answer) + body;
}

/* A refused request would make the figure one of something else. */
static void count_answer(struct run *run, const struct line *line, const char *body)
{
    int status = (int)strtol(line->answer + sizeof "HTTP/1.1", NULL, 10);
    if (status / 100 != 2) {
        (void)fprintf(stderr, "refused: %d %.*s\n", status, (int)strcspn(body, "\r\n"), body);
        exit(1);
    }
    run->result.answers++;
    if (run->load->answered)
        run->load->answered(run->load->context, body);
}

static void receive(struct run *run, struct line *line)
{
    ssize_t got = read(line->fd, line->answer + line->got, LOAD_ANSWER_BYTES - line->got);
    if (got <= 0)
        load_fail("the server closed a connection");
    line->got += (size_t)got;
    line->answer[line->got] = '\0';
    const char *body = NULL;
    size_t whole = answer_length(line->answer, &body);
    if (whole > LOAD_ANSWER_BYTES) {
        errno = EMSGSIZE;
        load_fail("an answer");
    }
    if (whole == 0 || line->got < whole)
        return;
    run->under_way--;
    count_answer(run, line, body);
    send_next(run, line);
}

struct load_result load_run(const struct load *load)
{
    enum { EVENTS = 64 };
    struct epoll_event events[EVENTS];
    struct run run = {.load = load, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct line *lines = calloc(load->connections, sizeof *lines);
    if (!lines || run.epoll < 0)
        load_fail("the load generator");
    for (unsigned i = 0; i < load->connections; i++)
        connect_line(&run, &lines[i]);
    double start = load_now();
    run.end = start + load->seconds;
    for (unsigned i = 0; i < load->connections; i++)
        send_next(&run, &lines[i]);
    while (run.under_way > 0) {
        int count = epoll_wait(run.epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            receive(&run, events[i].data.ptr);
    }
    run.result.seconds = load_now() - start;
    for (unsigned i = 0; i < load->connections; i++) {
        close(lines[i].fd);
        free(lines[i].answer);
    }
    free(lines);
    close(run.epoll);
    return run.result;
}
