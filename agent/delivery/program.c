/* Commands and checks. They learn from KEYTURN_* variables what it is about, and
 * a command that puts reads the secret, and nothing else, from standard input. */
#include "delivery_private.h"

#include "action/program.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { PROGRAM_OUTPUT_BYTES = 4096 }; /* nobody reads it; it only has to flow */

/* The last line: there a program says why it gives up. */
static const char *program_last_line(const char *text)
{
    const char *feed = strrchr(text, '\n');
    return feed ? feed + 1 : text;
}

static void program_say_status(const struct action_program_answer *answer, const char *role,
                               struct delivery_result *result)
{
    const char *line = program_last_line(answer->errors);
    const char *signal_name = answer->end == ACTION_PROGRAM_KILLED ? sigabbrev_np(answer->status) : NULL;
    char end[64];
    if (answer->end == ACTION_PROGRAM_EXITED)
        (void)snprintf(end, sizeof end, "%sexit %d", role, answer->status);
    else
        (void)snprintf(end, sizeof end, "%skilled by signal %d %s", role, answer->status,
                       signal_name ? signal_name : "");
    (void)snprintf(result->detail, sizeof result->detail, "%s%s%.120s", end,
                   !result->done && line[0] ? ": " : "", result->done ? "" : line);
}

/* Asked to stop (EX_TEMPFAIL), out of time, or shot by whoever: that may be
 * otherwise next time. Any other status is the program's own no. */
static void program_judge(const struct action_program_answer *answer, const char *role, int64_t timeout_ms,
                          struct delivery_result *result)
{
    char limit[TEXT_DURATION_BYTES];
    result->status = answer->status;
    switch (answer->end) {
    case ACTION_PROGRAM_EXITED:
        result->done = answer->status == 0;
        result->transient = answer->status == ACTION_PROGRAM_STATUS_RETRY;
        program_say_status(answer, role, result);
        return;
    case ACTION_PROGRAM_KILLED:
        result->transient = true;
        program_say_status(answer, role, result);
        return;
    case ACTION_PROGRAM_STOPPED:
        result->transient = true;
        (void)snprintf(result->detail, sizeof result->detail, "%sstopped, for the agent ends", role);
        return;
    case ACTION_PROGRAM_TIMED_OUT:
        result->transient = true;
        (void)snprintf(result->detail, sizeof result->detail, "%sstopped, for it took longer than %s", role,
                       text_format_duration(timeout_ms, limit));
        return;
    }
}

void delivery_run(const struct delivery_task *task, const struct delivery_command *command, const char *role,
                  const struct secret *input, struct delivery_result *ret_result)
{
    const struct delivery_subject *subject = &task->subject;
    char version[16];
    (void)snprintf(version, sizeof version, "%u", subject->version);
    const struct action_program_variable variables[] = {
        {"KEYTURN_OPERATION", task->operation == DELIVERY_PUT ? "put" : "take_away"},
        {"KEYTURN_KEY", subject->key},
        {"KEYTURN_ENVIRONMENT", subject->environment},
        {"KEYTURN_NAME", subject->name},
        {"KEYTURN_VERSION", version},
        {"KEYTURN_PATH", task->delivery->path ? task->delivery->path : ""},
    };
    const struct action_program_call call = {.argv = command->argv,
                                             .variables = variables,
                                             .variables_count = sizeof variables / sizeof variables[0],
                                             .input = input,
                                             .hidden = subject->secret,
                                             .max_output_bytes = PROGRAM_OUTPUT_BYTES,
                                             .timeout_ms = command->timeout_ms,
                                             .stop_fd = task->stop_fd,
                                             .clock = task->clock};
    struct err err = {0};
    struct action_program_answer answer = {0};
    struct delivery_result result = {0};
    enum err_code code = action_program_run(&call, &answer, &err);
    /* systemctl says first what is wrong, and then where else to look. */
    if (task->delivery->kind == DELIVERY_SYSTEMD && command == &task->delivery->command)
        answer.errors[strcspn(answer.errors, "\n")] = '\0';
    if (code != ERR_OK)
        delivery_failed(&err, &result);
    else
        program_judge(&answer, role, command->timeout_ms, &result);
    secret_free(answer.output);
    *ret_result = result;
}
