#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_LINE_BYTES = 1024 };

static atomic_int log_level_now = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&log_level_now, (int)level);
}

/* systemd sets JOURNAL_STREAM to "device:inode" of the stream it reads. A child
 * inherits the variable even where its standard error was turned elsewhere, so
 * the numbers are compared, as systemd.exec(5) asks. */
static bool log_goes_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device = 0;
    unsigned long long inode = 0;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static size_t log_head(char *line, size_t size, enum log_level level, const char *room)
{
    char time[TEXT_TIME_BYTES];
    int length = log_goes_to_journal()
                     ? snprintf(line, size, "<%d>%s: ", (int)level, room)
                     : snprintf(line, size, "%s <%d>%s: ",
                                text_format_time(clock_wall_ms(&clock_system), time), (int)level, room);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

/* A line feed in a message would let what somebody else named forge an event. */
static void log_flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

void log_write(enum log_level level, const char *room, const char *format, ...)
{
    if ((int)level > atomic_load(&log_level_now))
        return;
    char line[LOG_LINE_BYTES];
    size_t head = log_head(line, sizeof line - 1, level, room);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + head, sizeof line - 1 - head, format, arguments);
    va_end(arguments);
    log_flatten(line);
    size_t length = strlen(line);
    line[length] = '\n';
    /* One write a line, so that lines of threads do not mix. There is nobody to
     * tell when the log itself fails. */
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written;
}
