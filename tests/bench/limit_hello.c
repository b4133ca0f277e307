/* limit_hello SOCKET: answers every request with a short text until standard
 * input closes, on libmicrohttpd with the options of agent/api and no more. */
#include "load.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { THREADS = 2, CONNECTIONS = 256, HEAD_BYTES = 32 * 1024 };

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *length,
                              void **request)
{
    static char text[] = "sk_live_0123456789abcdef0123456789abcdef";
    (void)context, (void)path, (void)method, (void)version, (void)bytes, (void)length;
    if (!*request) {
        *request = text;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, SOMAXCONN) != 0)
        load_fail(argv[1]);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                             MHD_USE_SUPPRESS_DATE_NO_CLOCK,
                         0, NULL, NULL, answer, NULL, MHD_OPTION_LISTEN_SOCKET, fd,    //
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,               //
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,           //
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_END);
    if (!daemon)
        load_fail("libmicrohttpd");
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    MHD_stop_daemon(daemon);
    return unlink(argv[1]) == 0 ? 0 : 1;
}
