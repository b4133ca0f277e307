/* From a declared request and values to a request of http. */
#ifndef KEYTURN_ACTION_REQUEST_H
#define KEYTURN_ACTION_REQUEST_H

#include "action/action.h"

/* What http_request borrows from is kept here until http_start has returned
 * (signer: until the request has ended). */
struct request_built {
    struct http_request http;
    struct buf url;
    struct buf signing;
    struct secret *signer;
    struct secret *certificate; /* the same */
};
void request_release(struct request_built *built);
#define OWN_REQUEST __attribute__((cleanup(request_release)))

/* ERR_INVALID: a value is missing, a header's value has a line end; ERR_LIMIT, ERR_MEMORY. */
enum err_code request_build(const struct action_request *request, const struct action_values *values,
                            const struct action_runner *runner, struct request_built *ret_built,
                            struct err *err) ERR_MUST_CHECK;

#endif
