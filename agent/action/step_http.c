/* Requests in a row. What an answer is worth is judged before anything else is
 * sent, and each request sees what those before it extracted. */
#include "judge.h"
#include "request.h"
#include "step.h"
#include "trace.h"

#include <stdio.h>

static void step_on_answer(void *context, struct http_answer *answer);

enum err_code step_send(struct step *step, struct err *err)
{
    OWN_REQUEST struct request_built built = {0};
    TRY(request_build(&step->spec->requests[step->request], step->values, step->runner, &built, err));
    secret_free(step->signer);
    step->signer = GIVE(built.signer);
    secret_free(step->certificate);
    step->certificate = GIVE(built.certificate);
    trace_begin(step);
    return http_start(step->runner->http, &built.http, step_on_answer, step, err);
}

static const char *step_header(const void *context, const char *name)
{
    return http_answer_header(context, name);
}

static enum err_code step_judge(struct step *step, const struct http_answer *answer,
                                struct action_result *result, struct err *err)
{
    OWN_BUF struct buf places = {0};
    const struct judge_answer judged = {
        .status = answer->status,
        .content_type = answer->content_type,
        .body = answer->body,
        .header = step_header,
        .context = answer,
        .places = step->runner->trace ? &places : NULL,
    };
    result->answered = true;
    result->retry_after_ms = answer->retry_after_ms;
    result->values = step->values;
    result->list = step->list;
    enum err_code code = judge_answer(&step->spec->requests[step->request], step->values, &judged, step->runner->arena,
                                      result, err);
    step->list = result->list;
    if (code == ERR_OK)
        trace_end(step, result, answer->content_type, &places);
    return code;
}

/* The step goes no further for a reason of ours; what was done is done. */
static void step_fail(struct step *step, struct action_result *result, const struct err *err)
{
    result->verdict = ACTION_UNKNOWN;
    result->rule = -1;
    (void)snprintf(result->detail, sizeof result->detail, "%.*s", (int)sizeof result->detail - 1, err->message);
    step_end(step, result);
}

/* An API that always has another page would never end. */
static enum err_code step_next(struct step *step, bool more, struct err *err)
{
    if (more && step->page >= ACTION_PAGES_MOST)
        return err_set(err, ERR_LIMIT, "the list has more than %d pages", ACTION_PAGES_MOST);
    if (more)
        TRY(step_set_page(step, err));
    return step_send(step, err);
}

static void step_on_answer(void *context, struct http_answer *answer)
{
    struct step *step = context;
    struct err err = {0};
    step->sent = step->sent || answer->outcome != HTTP_NOT_SENT;
    struct action_result result = step_result(step);
    if (answer->outcome != HTTP_ANSWERED) {
        (void)snprintf(result.detail, sizeof result.detail, "%s", answer->problem);
        trace_end(step, &result, NULL, NULL);
        step_end(step, &result);
        return;
    }
    if (step_judge(step, answer, &result, &err) != ERR_OK) {
        step_fail(step, &result, &err);
        return;
    }
    bool last = step->request + 1 == step->spec->requests_count;
    bool more = result.verdict == ACTION_MORE;
    if (!more && (last || result.verdict != ACTION_DONE)) {
        step_end(step, &result);
        return;
    }
    step->request += last ? 0 : 1;
    if (step_next(step, more, &err) != ERR_OK)
        step_fail(step, &result, &err);
}
