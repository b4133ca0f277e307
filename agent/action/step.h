/* One step under way, whatever its kind. */
#ifndef KEYTURN_ACTION_STEP_H
#define KEYTURN_ACTION_STEP_H

#include "action/action.h"

struct step {
    const struct action_runner *runner;
    const struct action_spec *spec;
    const struct action_values *base; /* the caller's values */
    struct action_values *values; /* what was extracted, over base */
    struct secret *signer;        /* of the request under way, or NULL */
    struct secret *certificate;   /* the same */
    struct buf traced;            /* the request under way, when there is a tracer */
    unsigned request;             /* index of the request under way */
    unsigned page;                /* of a list, from 1 */
    struct action_list *list;     /* what was listed so far, or NULL */
    bool sent;
    int64_t started_ms;
    action_done *done;
    void *context;
};

struct step *step_free(struct step *step);
OWN_DEFINE(struct step, step_free);

/* Call done with a result and free the step. The result's values are the step's. */
void step_end(struct step *step, struct action_result *result);
/* Set the values of the page that is asked for next. */
enum err_code step_set_page(struct step *step, struct err *err) ERR_MUST_CHECK;
/* A result that proves nothing yet. */
struct action_result step_result(const struct step *step);

/* step_http.c: send the request at step->request. step_program.c: run the program.
 * Both take the step when they succeed. */
enum err_code step_send(struct step *step, struct err *err) ERR_MUST_CHECK;
enum err_code step_start_program(struct step *step, bool urgent, struct err *err) ERR_MUST_CHECK;

#endif
