/* An operation on its way: queued, carried out on a worker, its result handed
 * back on the loop's thread. */
#include "delivery_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct delivery_job {
    struct delivery_task task;
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
                             : delivery_file_take_away(task->delivery, &err);
    if (put && code == ERR_OK)
        code = delivery_file_put(task->delivery, content, &err);
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
    size_t used = task->delivery->kind == DELIVERY_FILE ? 0 : strlen(result->detail);
    (void)snprintf(result->detail + used, sizeof result->detail - used, "%schecked", used > 0 ? ", " : "");
}

static void delivery_job_run(void *context)
{
    struct delivery_job *job = context;
    const struct delivery *delivery = job->task.delivery;
    switch (delivery->kind) {
    case DELIVERY_FILE:
        delivery_file_operate(&job->task, &job->result);
        break;
    case DELIVERY_PROGRAM:
        delivery_program_operate(&job->task, &job->result);
        break;
    }
    if (job->result.done && job->task.operation == DELIVERY_PUT && delivery->check.argv[0])
        delivery_check(&job->task, &job->result);
}

static void delivery_job_done(void *context, bool cancelled)
{
    struct delivery_job *job = context;
    if (cancelled) {
        job->result = (struct delivery_result){.transient = true};
        (void)snprintf(job->result.detail, sizeof job->result.detail, "the agent stopped before it began");
    }
    job->done(job->context, &job->result);
    free(job);
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
        .task = {.delivery = delivery, .operation = operation, .subject = *subject, .clock = runner->clock},
        .done = done,
        .context = context};
    const struct work_job work = {.run = delivery_job_run, .done = delivery_job_done, .context = job};
    enum err_code code = work_submit(runner->work, &work, urgent, err);
    if (code != ERR_OK)
        free(job);
    return code;
}
