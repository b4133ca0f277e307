/* Faults on demand: what a provider's API, or the network before it, does wrong.
 *
 * A fault is armed with what it matches, how often it strikes, and its kind. A
 * kind says in which way the answer goes wrong and whether the request still
 * takes effect; both are rows of one table, so that a test can name each. */
#ifndef KEYTURN_SIM_FAULT_H
#define KEYTURN_SIM_FAULT_H

#include "base/err.h"
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What happens to the answer on its way to the client. */
enum fault_way {
    FAULT_WAY_NONE,    /* it arrives */
    FAULT_WAY_REPLACE, /* another answer arrives in its place */
    FAULT_WAY_DELAY,   /* it arrives late */
    FAULT_WAY_SILENCE, /* none arrives, and the connection stays open */
    FAULT_WAY_RESET,   /* none arrives, and the connection is reset */
    FAULT_WAY_DRIP,    /* it arrives a byte at a time */
    FAULT_WAY_ENDLESS, /* a body of 64 MiB arrives in its place */
    FAULT_WAY_CUT,     /* half of it arrives, then the connection ends */
    FAULT_WAY_PAD,     /* it arrives with spaces after it, as long as the fault says */
};

/* A replacing answer that has a documented form at the provider, which then
 * writes it in its own words. FAULT_MEANS_NOTHING: the row holds the body. */
enum fault_meaning {
    FAULT_MEANS_NOTHING,
    FAULT_MEANS_INTERNAL,
    FAULT_MEANS_RATE_LIMITED,
    FAULT_MEANS_UNAUTHORIZED,
    FAULT_MEANS_KEY_INVALID,
};

struct fault_kind {
    const char *name;
    enum fault_way way;
    bool effect; /* does the request take effect, unless the fault says otherwise? */
    enum fault_meaning meaning;
    int status;
    const char *content_type;
    const char *body;
    const char *location;
};

/* One fault that strikes one request. */
struct fault_hit {
    const struct fault_kind *kind; /* NULL: nothing strikes */
    bool effect;
    int64_t delay_ms;
    size_t bytes; /* of a padded body */
    int retry_after_s;
    int status;
    char *body;         /* owned; NULL: the kind's */
    char *content_type; /* owned; NULL: the kind's */
};

void fault_hit_release(struct fault_hit *hit);
enum fault_way fault_hit_way(const struct fault_hit *hit);

struct faults;
struct faults *faults_new(void) ERR_MUST_CHECK;
struct faults *faults_free(struct faults *faults);

/* Arm what a JSON object, or an array of them, says (the form is in
 * tests/sim/amps/README.md). All of an array or nothing. ERR_INVALID names the
 * field, ERR_STATE when 256 are armed. */
enum err_code faults_arm(struct faults *faults, const json_t *document, struct err *err) ERR_MUST_CHECK;
void faults_clear(struct faults *faults);

/* The first armed fault that matches the request, counted down; hit->kind is
 * NULL when none does. key_name may be NULL. The caller releases the hit. */
void faults_take(struct faults *faults, const char *method, const char *path, const char *key_name,
                 struct fault_hit *ret_hit);

/* The armed ones as a JSON array. */
void faults_write(const struct faults *faults, struct buf *out);

#endif
