/* amps-sim: the Amps API and its dashboard, simulated for tests and trials. */
#include "amps.h"
#include "options.h"

#include "base/file.h"
#include "base/own.h"
#include "common/hold.h"
#include "common/process.h"
#include "common/server.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The first line of the file, or a key made now. */
static enum err_code take_admin_key(struct amps *amps, const char *path, struct err *err)
{
    OWN_BUF struct buf text = {0};
    if (!path) {
        memcpy(amps->admin_key, "sk_admin_", 9);
        keys_random_text(amps->random, amps->admin_key + 9, KEY_RANDOM_LENGTH);
        return ERR_OK;
    }
    TRY(file_read(path, AMPS_ADMIN_KEY_BYTES, &text, err));
    size_t length = strcspn(buf_text(&text), "\r\n");
    if (length == 0 || length >= AMPS_ADMIN_KEY_BYTES)
        return err_set(err, ERR_INVALID, "%s must hold a key of 1 to 128 bytes in its first line", path);
    memcpy(amps->admin_key, buf_text(&text), length);
    return ERR_OK;
}

static enum err_code open_amps(struct amps *amps, const struct options *options, struct err *err)
{
    *amps = (struct amps){
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .settings = options->settings,
        .clock = &clock_system,
        .random = &random_system,
        .key_api = options->key_api,
    };
    random_bytes(amps->random, &amps->request_ids, sizeof amps->request_ids);
    TRY(take_admin_key(amps, options->admin_key_file, err));
    amps->keys = keys_new(amps->clock, amps->random);
    amps->faults = faults_new();
    if (!amps->keys || !amps->faults)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (options->no_journal)
        return ERR_OK;
    return journal_open(options->journal_file, amps->clock, &amps->journal, err);
}

static void close_amps(struct amps *amps)
{
    journal_close(amps->journal);
    faults_free(amps->faults);
    keys_free(amps->keys);
}

static enum err_code announce(const struct server *api, const struct server *dashboard, const char *path,
                              struct err *err)
{
    char line[80];
    snprintf(line, sizeof line, "{\"api_port\":%u,\"dashboard_port\":%u}", server_port(api),
             server_port(dashboard));
    return process_announce(line, path, err);
}

struct ports {
    struct hold *hold;
    struct server *api;
    struct server *dashboard;
};

static enum err_code start_ports(struct amps *amps, const struct options *options, struct ports *ports,
                                 struct err *err)
{
    const struct server_handler api = {.answer = amps_api_answer, .context = amps};
    const struct server_handler dashboard = {.answer = amps_dashboard_answer, .context = amps};
    TRY(hold_start(amps->clock, &ports->hold, err));
    TRY(server_start(options->api_port, &api, ports->hold, &ports->api, err));
    TRY(server_start(options->dashboard_port, &dashboard, ports->hold, &ports->dashboard, err));
    return announce(ports->api, ports->dashboard, options->ready_file, err);
}

static void stop_ports(struct ports *ports)
{
    if (ports->hold)
        hold_stop(ports->hold);
    server_stop(ports->api);
    server_stop(ports->dashboard);
    hold_free(ports->hold);
}

static enum err_code run(struct amps *amps, const struct options *options, struct err *err)
{
    struct ports ports = {0};
    enum err_code code = start_ports(amps, options, &ports, err);
    if (code == ERR_OK)
        process_wait(options->until_stdin_closes);
    stop_ports(&ports);
    return code;
}

int main(int argc, char **argv)
{
    struct options options;
    struct amps amps;
    struct err err = {0};
    if (options_read(argc, argv, &options, &err) != ERR_OK) {
        fprintf(stderr, "amps-sim: %s\n", err.message);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(options_usage, stdout);
        return EXIT_DONE;
    }
    process_prepare();
    enum err_code code = open_amps(&amps, &options, &err);
    if (code == ERR_OK)
        code = run(&amps, &options, &err);
    close_amps(&amps);
    if (code != ERR_OK)
        fprintf(stderr, "amps-sim: %s\n", err.message);
    return code == ERR_OK ? EXIT_DONE : EXIT_FAILED;
}
