/* Where a step starts and ends. */
#include "step.h"

#include "body.h"
#include "template.h"

#include <stdio.h>
#include <stdlib.h>

void action_init(void)
{
    body_init();
}

struct step *step_free(struct step *step)
{
    if (!step)
        return NULL;
    action_values_free(step->values);
    action_list_free(step->list);
    secret_free(step->signer);
    secret_free(step->certificate);
    buf_release(&step->traced);
    free(step);
    return NULL;
}

static struct step *step_new(const struct action_runner *runner, const struct action_spec *spec,
                             const struct action_values *values)
{
    OWN(step_free) struct step *step = calloc(1, sizeof *step);
    if (!step)
        return NULL;
    step->values = action_values_new();
    if (!step->values)
        return NULL;
    action_values_set_base(step->values, values);
    step->base = values;
    step->runner = runner;
    step->spec = spec;
    step->started_ms = clock_monotonic_ms(runner->clock);
    return GIVE(step);
}

enum err_code step_set_page(struct step *step, struct err *err)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%u", ++step->page);
    TRY(action_values_set(step->values, "page", number, err));
    (void)snprintf(number, sizeof number, "%zu", step->list ? step->list->count : 0);
    return action_values_set(step->values, "listed", number, err);
}

struct action_result step_result(const struct step *step)
{
    return (struct action_result){.rule = -1, .retry_after_ms = -1, .sent = step->sent};
}

void step_end(struct step *step, struct action_result *result)
{
    action_values_set_base(step->values, NULL);
    result->values = GIVE(step->values);
    result->list = GIVE(step->list);
    result->elapsed_ms = clock_monotonic_ms(step->runner->clock) - step->started_ms;
    step->done(step->context, result);
    action_values_free(result->values);
    action_list_free(result->list);
    step_free(step);
}

enum err_code action_start(const struct action_runner *runner, const struct action_spec *spec,
                           const struct action_values *values, bool urgent, action_done *done,
                           void *context, struct err *err)
{
    if (spec->manual)
        return err_set(err, ERR_INVALID, "a person's step cannot be started by the agent");
    OWN(step_free) struct step *step = step_new(runner, spec, values);
    if (!step)
        return err_set(err, ERR_MEMORY, "no memory for a step");
    if (action_lists(spec))
        TRY(step_set_page(step, err));
    step->done = done;
    step->context = context;
    if (spec->program)
        TRY(step_start_program(step, urgent, err));
    else
        TRY(step_send(step, err));
    (void)GIVE(step);
    return ERR_OK;
}
