/* An operation on its way: each stage is requests on the loop's thread or a job on
 * a worker, and the next begins when it has ended well.
 *
 *   operate   a file, a program, a unit (worker); a sink's requests (loop)
 *   verify    a sink's own check (loop)
 *   look      check_url (loop)
 *   check     the check program (worker)
 *
 * A check comes after a put only. done is called on the loop's thread. */
#include "delivery_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum delivery_stage { STAGE_OPERATE, STAGE_VERIFY, STAGE_LOOK, STAGE_CHECK, STAGE_END };

struct delivery_job {
    struct delivery_task task;
    const struct action_runner *runner;
    bool urgent;
    enum delivery_stage stage;
    struct action_values *values; /* of requests, or NULL */
    struct delivery_result result;
    delivery_done *done;
    void *context;
};

/* Errors of the device or the moment pass; what is refused, missing or of the
 * wrong kind waits for a person. */
static bool delivery_errno_passes(int sys)
{
    static const int lasting[] = {EROFS, EFBIG, ENOTDIR, ELOOP, ENAMETOOLONG, EISDIR, EINVAL, ENOTSUP, ENOSYS};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
        if (sys == lasting[i])
            return false;
    return true;
}

static bool delivery_is_transient(const struct err *err)
{
    switch (err->code) {
    case ERR_BUSY:
    case ERR_FULL:
    case ERR_MEMORY:
    case ERR_NETWORK:
    case ERR_UNCERTAIN:
        return true;
    case ERR_IO:
        return delivery_errno_passes(err->sys);
    case ERR_OK:
    case ERR_INVALID:
    case ERR_LIMIT:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
    case ERR_DENIED:
    case ERR_LOCKED:
    case ERR_STATE:
    case ERR_STALE:
    case ERR_WRONG_KEY:
    case ERR_TAMPERED:
    case ERR_FORMAT:
    case ERR_INTERNAL:
    case ERR_COUNT:
        return false;
    }
    return false;
}

void delivery_failed(const struct err *err, struct delivery_result *ret_result)
{
    struct delivery_result result = {.transient = delivery_is_transient(err)};
    (void)snprintf(result.detail, sizeof result.detail, "%.*s", (int)sizeof result.detail - 1, err->message);
    *ret_result = result;
}

static void delivery_file_operate(const struct delivery_task *task, struct delivery_result *result)
{
    struct err err = {0};
    OWN(secret_free) struct secret *content = NULL;
    bool put = task->operation == DELIVERY_PUT;
    enum err_code code = put ? delivery_render(task->delivery, &task->subject, &content, &err)
                             : delivery_file_take_away(task, &err);
    if (put && code == ERR_OK)
        code = delivery_file_put(task, content, &err);
    if (code != ERR_OK) {
        delivery_failed(&err, result);
        return;
    }
    result->done = true;
    (void)snprintf(result->detail, sizeof result->detail, "%s", put ? "written" : "removed");
}

static void delivery_program_operate(const struct delivery_task *task, struct delivery_result *result)
{
    const struct delivery *delivery = task->delivery;
    if (task->operation == DELIVERY_PUT) {
        delivery_run(task, &delivery->command, "", task->subject.secret, result);
        return;
    }
    if (delivery->remove.argv[0]) {
        delivery_run(task, &delivery->remove, "", NULL, result);
        return;
    }
    (void)snprintf(result->detail, sizeof result->detail,
                   "this delivery has no remove command: take the secret away by hand, or add one");
}

/* A check sees the place as its users do: it gets no secret. */
static void delivery_check(const struct delivery_task *task, struct delivery_result *result)
{
    struct delivery_result check;
    delivery_run(task, &task->delivery->check, "check ", NULL, &check);
    if (!check.done) {
        *result = check;
        return;
    }
    size_t used = task->delivery->kind == DELIVERY_FILE ? 0 : strnlen(result->detail, sizeof result->detail - 1);
    (void)snprintf(result->detail + used, sizeof result->detail - used, "%schecked", used > 0 ? ", " : "");
}

/* A unit that is not loaded reads nothing; there is nothing to take away. */
static void delivery_signal_operate(const struct delivery_task *task, struct delivery_result *result)
{
    delivery_run(task, &task->delivery->command, "", NULL, result);
    if (result->done)
        (void)snprintf(result->detail, sizeof result->detail, "reloaded");
}

static void delivery_operate(struct delivery_job *job)
{
    switch (job->task.delivery->kind) {
    case DELIVERY_FILE:
        delivery_file_operate(&job->task, &job->result);
        return;
    case DELIVERY_PROGRAM:
        delivery_program_operate(&job->task, &job->result);
        return;
    case DELIVERY_SYSTEMD:
        delivery_signal_operate(&job->task, &job->result);
        return;
    case DELIVERY_SINK: /* by requests */
        return;
    }
}

static void delivery_job_run(void *context)
{
    struct delivery_job *job = context;
    if (job->stage == STAGE_CHECK)
        delivery_check(&job->task, &job->result);
    else
        delivery_operate(job);
}

static void delivery_job_free(struct delivery_job *job)
{
    action_values_free(job->values);
    free(job);
}

/* The requests of a stage, NULL: it is a worker's. */
static const struct action_spec *delivery_requests(const struct delivery_job *job)
{
    const struct delivery *delivery = job->task.delivery;
    bool put = job->task.operation == DELIVERY_PUT;
    switch (job->stage) {
    case STAGE_OPERATE:
        if (!delivery->sink)
            return NULL;
        return put ? delivery->sink->actions->put : delivery->sink->actions->take_away;
    case STAGE_VERIFY:
        return delivery->sink ? delivery->sink->actions->check : NULL;
    case STAGE_LOOK:
        return delivery->check_url ? &delivery_check_url_spec : NULL;
    case STAGE_CHECK:
    case STAGE_END:
        return NULL;
    }
    return NULL;
}

static enum delivery_stage delivery_next_stage(struct delivery_job *job)
{
    if (!job->result.done || job->task.operation != DELIVERY_PUT)
        return STAGE_END;
    while (++job->stage < STAGE_CHECK)
        if (delivery_requests(job))
            return job->stage;
    bool check = job->stage == STAGE_CHECK && job->task.delivery->check.argv[0];
    return check ? STAGE_CHECK : STAGE_END;
}

static enum err_code delivery_begin(struct delivery_job *job, struct err *err);

static void delivery_go_on(struct delivery_job *job)
{
    struct err err = {0};
    job->stage = delivery_next_stage(job);
    if (job->stage != STAGE_END && delivery_begin(job, &err) == ERR_OK)
        return;
    if (job->stage != STAGE_END)
        delivery_failed(&err, &job->result);
    job->done(job->context, &job->result);
    delivery_job_free(job);
}

static void delivery_on_answer(void *context, struct action_result *answer)
{
    static const char *const words[] = {
        [STAGE_OPERATE] = "put", [STAGE_VERIFY] = "read back", [STAGE_LOOK] = "checked"};
    struct delivery_job *job = context;
    bool away = job->task.operation == DELIVERY_TAKE_AWAY;
    delivery_judge(answer, away ? "taken away" : words[job->stage], &job->result);
    delivery_go_on(job);
}

static void delivery_job_done(void *context, bool cancelled)
{
    struct delivery_job *job = context;
    if (cancelled) {
        job->result = (struct delivery_result){.transient = true};
        (void)snprintf(job->result.detail, sizeof job->result.detail, "the agent stopped before it began");
    }
    delivery_go_on(job);
}

static enum err_code delivery_begin(struct delivery_job *job, struct err *err)
{
    const struct delivery *delivery = job->task.delivery;
    const struct action_spec *spec = delivery_requests(job);
    if (spec)
        return action_start(job->runner, spec, job->values, job->urgent, delivery_on_answer, job, err);
    if (delivery->sink && job->stage == STAGE_OPERATE)
        return err_set(err, ERR_INVALID, "%s: %s cannot take a secret away: do it by hand", delivery->target,
                       delivery->sink->name);
    const struct work_job work = {.run = delivery_job_run, .done = delivery_job_done, .context = job};
    return work_submit(job->runner->work, &work, job->urgent, err);
}

static enum err_code delivery_job_prepare(struct delivery_job *job, struct err *err)
{
    const struct delivery *delivery = job->task.delivery;
    if (!delivery->sink && !delivery->check_url)
        return ERR_OK;
    return delivery_values(delivery, &job->task.subject, &job->values, err);
}

enum err_code delivery_start(const struct action_runner *runner, const struct delivery *delivery,
                             enum delivery_operation operation, const struct delivery_subject *subject,
                             bool urgent, delivery_done *done, void *context, struct err *err)
{
    if (operation == DELIVERY_PUT && !subject->secret)
        return err_set(err, ERR_INTERNAL, "%s: there is no secret to put", delivery->target);
    struct delivery_job *job = calloc(1, sizeof *job);
    if (!job)
        return err_set(err, ERR_MEMORY, "out of memory to deliver to %s", delivery->target);
    *job = (struct delivery_job){
        .task = {.delivery = delivery,
                 .operation = operation,
                 .subject = *subject,
                 .clock = runner->clock,
                 .stop_fd = runner->stop_fd},
        .runner = runner,
        .urgent = urgent,
        .done = done,
        .context = context};
    enum err_code code = delivery_job_prepare(job, err);
    if (code == ERR_OK)
        code = delivery_begin(job, err);
    if (code != ERR_OK)
        delivery_job_free(job);
    return code;
}
