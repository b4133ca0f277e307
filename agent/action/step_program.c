/* A program as a step: values as one JSON object on its standard input, its
 * answer as one JSON object on its standard output. It runs on a worker thread;
 * everything else happens on the loop's. */
#include "action/program.h"
#include "body.h"
#include "judge.h"
#include "step.h"
#include "template.h"
#include "trace.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_PROGRAM_TIMEOUT_MS = 30 * 1000, STEP_PROGRAM_OUTPUT_BYTES = 256 * 1024 };

struct program_step {
    struct step *step;
    char **argv; /* rendered, ends with NULL */
    struct secret *input;
    int64_t timeout_ms;
    struct action_program_answer answer; /* when code is ERR_OK */
    enum err_code code;
    struct err err;
};

static struct program_step *program_step_free(struct program_step *program)
{
    if (!program)
        return NULL;
    for (char **argument = program->argv; argument && *argument; argument++)
        free(*argument);
    free(program->argv);
    secret_free(program->input);
    secret_free(program->answer.output);
    free(program);
    return NULL;
}
OWN_DEFINE(struct program_step, program_step_free);

static enum err_code program_render_argv(struct program_step *program, const struct action_program *declared,
                                         const struct action_values *values, struct err *err)
{
    program->argv = calloc(declared->command_count + 1, sizeof *program->argv);
    for (unsigned i = 0; program->argv && i < declared->command_count; i++) {
        OWN_BUF struct buf text = {0};
        TRY(action_render(declared->command[i], values, "command", &text, err));
        program->argv[i] = strdup(buf_text(&text));
        if (!program->argv[i])
            return err_set(err, ERR_MEMORY, "no memory for a program's arguments");
    }
    return program->argv ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a program's arguments");
}

static void program_write_value(void *context, const char *name, const char *text, const struct secret *secret)
{
    struct template_sink *sink = context;
    const struct template_filter *json = template_filter_find("json", 4);
    if (!text && !secret)
        return;
    template_put(sink, sink->length > 1 ? ",\"" : "\"", sink->length > 1 ? 2 : 1);
    template_put(sink, name, strlen(name));
    template_put(sink, "\":\"", 3);
    if (secret)
        json->write(secret_peek(secret), secret_length(secret), sink);
    else
        json->write((const unsigned char *)text, strlen(text), sink);
    template_put(sink, "\"", 1);
}

static void program_write_input(const struct action_values *values, struct template_sink *sink)
{
    template_put(sink, "{", 1);
    action_values_each(values, program_write_value, sink);
    template_put(sink, "}", 1);
}

static enum err_code program_make_input(struct program_step *program, const struct action_values *values,
                                        struct err *err)
{
    struct template_sink count = {0};
    program_write_input(values, &count);
    program->input = secret_new_in(program->step->runner->arena, count.length);
    if (!program->input)
        return err_set(err, ERR_MEMORY, "no memory for a program's input");
    struct template_sink sink = {.secret = program->input};
    program_write_input(values, &sink);
    return ERR_OK;
}

/* On a worker thread. */
static void program_run(void *context)
{
    struct program_step *program = context;
    const struct action_program_call call = {
        .argv = (const char *const *)program->argv,
        .input = program->input,
        .output_is_secret = true,
        .max_output_bytes = STEP_PROGRAM_OUTPUT_BYTES,
        .timeout_ms = program->timeout_ms,
        .stop_fd = program->step->runner->stop_fd,
        .clock = program->step->runner->clock,
    };
    program->code = action_program_run(&call, &program->answer, &program->err);
}

struct program_reading {
    struct step *step;
    struct action_result *result;
    bool verdict_known;
};

static enum err_code program_read_member(void *context, const char *name, const struct json_t *value)
{
    struct program_reading *reading = context;
    struct action_result *result = reading->result;
    char number[BODY_NUMBER_BYTES];
    size_t length = 0;
    bool taken;
    const char *text = body_is_null(value) ? NULL : body_text(value, number, &length);
    if (!text)
        return ERR_OK;
    if (strcmp(name, "verdict") == 0)
        result->verdict = judge_verdict_find(text, &reading->verdict_known);
    else if (strcmp(name, "because") == 0)
        judge_copy_printable(result->detail, sizeof result->detail, text, length);
    else
        return judge_take(result->values, reading->step->values, name, text, length,
                          reading->step->runner->arena, &taken, NULL);
    return ERR_OK;
}

static void program_read_output(struct step *step, const struct secret *output, struct action_result *result)
{
    struct program_reading reading = {.step = step, .result = result};
    struct body body = {.bytes = output};
    bool object = false;
    struct err problem = {0};
    static char items[] = "/items", id[] = "/id", label[] = "/label";
    static const struct action_items declared = {.list = items, .id = id, .label = label};
    result->values = step->values;
    enum err_code code = body_each(&body, program_read_member, &reading, &object);
    if (code == ERR_OK && result->verdict == ACTION_LISTED)
        code = judge_list(&body, &declared, step->values, &step->list, &problem);
    body_release(&body);
    judge_take_evidence(result);
    if (code == ERR_OK && object && reading.verdict_known)
        return;
    if (problem.message[0]) {
        result->verdict = ACTION_UNKNOWN;
        (void)snprintf(result->detail, sizeof result->detail, "%.*s", (int)sizeof result->detail - 1, problem.message);
        return;
    }
    result->verdict = ACTION_UNKNOWN;
    (void)snprintf(result->detail, sizeof result->detail,
                   "the program's output is not a JSON object with a verdict");
}

static void program_read_answer(struct program_step *program, struct action_result *result)
{
    const struct action_program_answer *answer = &program->answer;
    result->sent = true;
    result->status = answer->status;
    if (answer->end == ACTION_PROGRAM_TIMED_OUT || answer->end == ACTION_PROGRAM_STOPPED) {
        (void)snprintf(result->detail, sizeof result->detail, "the program did not end in time");
    } else if (answer->end == ACTION_PROGRAM_KILLED || answer->status != 0) {
        result->answered = answer->end == ACTION_PROGRAM_EXITED;
        (void)snprintf(result->detail, sizeof result->detail, "the program ended by %s %d",
                       result->answered ? "exit status" : "signal", answer->status);
    } else {
        result->answered = true;
        program_read_output(program->step, answer->output, result);
    }
}

static void program_done(void *context, bool cancelled)
{
    OWN(program_step_free) struct program_step *program = context;
    struct step *step = program->step;
    struct action_result result = step_result(step);
    if (cancelled) {
        (void)snprintf(result.detail, sizeof result.detail, "stopped before the program ran");
    } else if (program->code != ERR_OK) {
        result.sent = program->code == ERR_UNCERTAIN;
        (void)snprintf(result.detail, sizeof result.detail, "%.*s", (int)sizeof result.detail - 1,
                       program->err.message);
    } else {
        program_read_answer(program, &result);
    }
    trace_end(step, &result, NULL, NULL);
    step_end(step, &result);
}

enum err_code step_start_program(struct step *step, bool urgent, struct err *err)
{
    OWN(program_step_free) struct program_step *program = calloc(1, sizeof *program);
    if (!program)
        return err_set(err, ERR_MEMORY, "no memory for a program");
    const struct action_program *declared = step->spec->program;
    program->step = step;
    program->timeout_ms = STEP_PROGRAM_TIMEOUT_MS;
    if (declared->timeout)
        TRY(text_parse_duration(declared->timeout, &program->timeout_ms, err));
    TRY(program_render_argv(program, declared, step->values, err));
    TRY(program_make_input(program, step->base, err));
    const struct work_job job = {.run = program_run, .done = program_done, .context = program};
    trace_begin(step);
    TRY(work_submit(step->runner->work, &job, urgent, err));
    (void)GIVE(program);
    return ERR_OK;
}
