/* bare_client SOCKET PATH
 *
 * The least that a client of the agent can do: connect, one request, read the
 * answer to its end, exit. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[4096];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return 1;
    int length = snprintf(text, sizeof text,
                          "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/octet-stream\r\n"
                          "Connection: close\r\n\r\n",
                          argv[2]);
    if (write(fd, text, (size_t)length) != length)
        return 1;
    ssize_t got = 0;
    ssize_t all = 0;
    while ((got = read(fd, text, sizeof text)) > 0)
        all += write(STDOUT_FILENO, text, (size_t)got);
    return all > 0 ? 0 : 1;
}
