/* One request at the dashboard port: what a person does, and a test's control. */
#ifndef KEYTURN_SIM_AMPS_DASHBOARD_H
#define KEYTURN_SIM_AMPS_DASHBOARD_H

#include "amps.h"

#include "common/route.h"

#include <jansson.h>

struct dashboard_request {
    struct amps *amps;
    struct exchange *exchange;
    char argument[ROUTE_ARGUMENT_BYTES];
    json_t *body;        /* owned; NULL when there is none or it is no JSON */
    struct key *subject; /* the key it is about, or NULL */
    const char *effect;  /* "made", ..., or NULL */
};

/* The answer becomes {"error": message} with that status. */
void dashboard_fail(struct dashboard_request *request, int status, const char *message);
void dashboard_fail_err(struct dashboard_request *request, const struct err *err);

/* What the settings say of a new key; name and environment are the caller's. */
struct key_wish dashboard_wish(const struct amps *amps, const char *name, enum key_environment environment);

/* Routes of the keys, in dashboard_keys.c. */
void dashboard_key_make(struct dashboard_request *request);
void dashboard_key_list(struct dashboard_request *request);
void dashboard_key_revoke(struct dashboard_request *request);
void dashboard_key_revoke_named(struct dashboard_request *request);
void dashboard_key_rename(struct dashboard_request *request);
void dashboard_key_set(struct dashboard_request *request);

/* The page for a person, in page.c. */
void dashboard_page_show(struct dashboard_request *request);
void dashboard_page_make(struct dashboard_request *request);
void dashboard_page_revoke(struct dashboard_request *request);

#endif
