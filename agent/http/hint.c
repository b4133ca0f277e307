#include "hint.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

static const int64_t http_longest_wait_ms = INT64_C(24) * 60 * 60 * 1000;

int64_t http_retry_after(const char *value, const struct clock *clock)
{
    if (!value || *value == '\0')
        return -1;
    int64_t wait_ms = 0;
    if (value[strspn(value, "0123456789")] == '\0') {
        for (const char *digit = value; *digit && wait_ms < http_longest_wait_ms; digit++)
            wait_ms = wait_ms * 10 + (int64_t)(*digit - '0') * 1000;
    } else {
        time_t date = isalpha((unsigned char)*value) ? curl_getdate(value, NULL) : -1;
        if (date == -1)
            return -1;
        /* In seconds first: a date of the far future times a thousand would overflow. */
        int64_t wait_s = (int64_t)date - clock_wall_ms(clock) / 1000;
        if (wait_s >= http_longest_wait_ms / 1000)
            return http_longest_wait_ms;
        wait_ms = wait_s < 0 ? 0 : (int64_t)date * 1000 - clock_wall_ms(clock);
    }
    if (wait_ms < 0)
        return 0;
    return wait_ms < http_longest_wait_ms ? wait_ms : http_longest_wait_ms;
}

void http_media_type(const char *value, char *ret_type, size_t size)
{
    size_t length = 0;
    for (; value && *value && *value != ';' && length + 1 < size; value++)
        if (!isspace((unsigned char)*value))
            ret_type[length++] = (char)tolower((unsigned char)*value);
    ret_type[length] = '\0';
}
