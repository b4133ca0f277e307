/* GET /v1/health: whoever may connect. GET /metrics: Prometheus' text format. */
#include "handlers.h"

#include "encode.h"

#include <inttypes.h>
#include <stddef.h>
#include <unistd.h>

enum err_code handle_health(struct request *request, struct err *err)
{
    (void)err;
    struct buf *out = &request->out;
    struct vault *vault = request_vault(request);
    char problem[ERR_MESSAGE_BYTES];
    engine_log_problem(request_engine(request), sizeof problem, problem);
    json_put_object_open(out, NULL);
    json_put_string(out, "status", vault_state_name(vault_state(vault)));
    json_put_string(out, "version", KEYTURN_VERSION);
    json_put_integer(out, "pid", getpid());
    json_put_integer(out, "uptime_s", request_uptime_s(request));
    json_put_integer(out, "generation", (int64_t)vault_generation(vault));
    json_put_string(out, "store", vault_store_path(vault));
    encode_text(out, "audit_problem", problem);
    json_put_object_close(out);
    return ERR_OK;
}

#define FIGURE(member, kind, help)                                                                 \
    {                                                                                              \
        #member, kind, help, offsetof(struct engine_figures, member)                               \
    }
static const struct {
    const char *name;
    const char *kind;
    const char *help;
    size_t place;
} metrics[] = {
    FIGURE(turns, "counter", "Turns of the engine's loop."),
    FIGURE(commits, "counter", "Transactions committed."),
    FIGURE(commit_failures, "counter", "Transactions that could not be committed."),
    FIGURE(effects_started, "counter", "Requests, programs and deliveries started."),
    FIGURE(effects_ended, "counter", "Requests, programs and deliveries ended."),
    FIGURE(calls, "counter", "Calls of the API to the engine."),
    FIGURE(rotations_done, "counter", "Rotations done."),
    FIGURE(rotations_failed, "counter", "Rotations given up."),
    FIGURE(revocations_done, "counter", "Versions proved dead."),
    FIGURE(in_flight, "gauge", "Requests, programs and deliveries under way."),
};

enum err_code handle_metrics(struct request *request, struct err *err)
{
    (void)err;
    struct buf *out = &request->out;
    struct engine_figures figures;
    engine_figures(request_engine(request), &figures);
    request->content_type = "text/plain; version=0.0.4";
    buf_printf(out, "# HELP keyturn_up The agent runs.\n# TYPE keyturn_up gauge\nkeyturn_up 1\n");
    buf_printf(out, "# HELP keyturn_vault_unlocked The vault is open.\n# TYPE keyturn_vault_unlocked gauge\n"
                    "keyturn_vault_unlocked %d\n",
               vault_state(request_vault(request)) == VAULT_UNLOCKED);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        const uint64_t *figure = (const uint64_t *)(const void *)((const char *)&figures + metrics[i].place);
        const char *total = metrics[i].kind[0] == 'c' ? "_total" : "";
        buf_printf(out, "# HELP keyturn_engine_%s%s %s\n", metrics[i].name, total, metrics[i].help);
        buf_printf(out, "# TYPE keyturn_engine_%s%s %s\n", metrics[i].name, total, metrics[i].kind);
        buf_printf(out, "keyturn_engine_%s%s %" PRIu64 "\n", metrics[i].name, total, *figure);
    }
    return ERR_OK;
}
