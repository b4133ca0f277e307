/* The routes, as rows. */
#ifndef KEYTURN_API_ROUTES_H
#define KEYTURN_API_ROUTES_H

#include "access.h"
#include "request.h"

struct route {
    const char *method;  /* HEAD is where GET is */
    const char *pattern; /* placeholders: {environment} {name} {id} {number} */
    request_handler *handle;
    enum access_what what;
    unsigned status;   /* of success */
    bool takes_body;   /* JSON, up to LIMIT_REQUEST_BYTES */
    bool body_optional;
    bool blocks;       /* waits for the engine or for a key derivation */
    int argument;      /* the handler's own */
};

/* The index-th row; NULL past the end. */
const struct route *route_at(size_t index);

/* The row of a request. ERR_NOT_FOUND: no route has that path, or a placeholder cannot be it;
 * ERR_INVALID: the method is not for it, and ret_allow lists those that are. */
enum err_code route_find(const char *method, const char *path, const struct route **ret_route,
                         struct request_path *ret_path, char ret_allow[64], struct err *err) ERR_MUST_CHECK;

#endif
