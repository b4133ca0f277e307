/* What headers of an answer mean. */
#ifndef KEYTURN_HTTP_HINT_H
#define KEYTURN_HTTP_HINT_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

/* "120" or "Fri, 31 Dec 1999 23:59:59 GMT" (RFC 9110, 10.2.3) to milliseconds
 * from now, at most a day; -1 when it is neither or NULL. */
int64_t http_retry_after(const char *value, const struct clock *clock);
/* "Application/JSON; charset=utf-8" to "application/json", cut to size; "" for NULL. */
void http_media_type(const char *value, char *ret_type, size_t size);

#endif
