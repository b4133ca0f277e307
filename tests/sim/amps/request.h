/* One request at the API port, and the forms of its answers. */
#ifndef KEYTURN_SIM_AMPS_REQUEST_H
#define KEYTURN_SIM_AMPS_REQUEST_H

#include "amps.h"

#include "common/route.h"

#include <jansson.h>

/* Error codes as providers.md has them, then those of limits and routes. */
enum amps_error {
    AMPS_OK,
    AMPS_INVALID_API_KEY,
    AMPS_EXPIRED_TOKEN,
    AMPS_UNAUTHORIZED,
    AMPS_RATE_LIMIT_EXCEEDED,
    AMPS_INSUFFICIENT_PERMISSIONS,
    AMPS_LIVE_ACCESS_DISABLED,
    AMPS_INTERNAL_ERROR,
    AMPS_VALIDATION_ERROR,
    AMPS_NOT_FOUND,
    AMPS_METHOD_NOT_ALLOWED,
    AMPS_KEY_LIMIT_REACHED,
};

enum credential { CREDENTIAL_NONE, CREDENTIAL_UNKNOWN, CREDENTIAL_KEY, CREDENTIAL_ADMIN };

struct amps_request {
    struct amps *amps;
    struct exchange *exchange;
    int64_t now_ms; /* monotonic */
    char argument[ROUTE_ARGUMENT_BYTES];
    json_t *body; /* owned; NULL when there is none or it is no JSON */
    enum credential credential;
    struct key *presented;       /* with CREDENTIAL_KEY */
    const char *presented_text;  /* what was sent as key, or NULL */
    struct key *subject;         /* the key it is about, or NULL */
    const char *subject_name;    /* its name, or the wished one; or NULL */
    char request_id[JOURNAL_ID_BYTES];
    const char *code;            /* the error code answered, or NULL */
    const char *effect;          /* "made", ..., or NULL */
};

/* The answer becomes the error. message NULL takes the code's own. */
void amps_fail(struct amps_request *request, enum amps_error error, const char *message);

/* A page of count items out of total, in the form of the variant. */
struct amps_page {
    int64_t limit;
    int64_t offset;
    int64_t total;
};

/* Around the items of a page: between them the caller writes each item. */
void amps_page_open(struct amps_request *request);
void amps_page_close(struct amps_request *request, const struct amps_page *page);
void amps_pagination_write(struct buf *out, const struct amps_page *page);

/* limit and offset of the query, limit being limit_otherwise when it is not
 * given. False: the answer is the error. */
bool amps_page_read(struct amps_request *request, int64_t limit_max, int64_t limit_otherwise,
                    struct amps_page *page);

/* The routes' handlers. */
void amps_battery_list(struct amps_request *request);
void amps_vehicle_list(struct amps_request *request);
void amps_key_create(struct amps_request *request);
void amps_key_list(struct amps_request *request);
void amps_key_disable(struct amps_request *request);
void amps_key_enable(struct amps_request *request);
void amps_key_delete(struct amps_request *request);

#endif
