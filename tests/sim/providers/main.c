/* providers-sim: the APIs of providers as their tables say, for tests. */
#include "sim.h"

#include "base/own.h"
#include "common/hold.h"
#include "common/process.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] = "usage: providers-sim --ready-file PATH [--journal PATH] TABLE...\n"
                            "Answers on 127.0.0.1 as the tables say, each provider below /NAME, until SIGTERM.\n";

struct options {
    const char *ready_file;
    const char *journal;
    char **tables;
    int count;
};

static bool options_read(int argc, char **argv, struct options *options)
{
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--ready-file") == 0)
            options->ready_file = argv[at + 1];
        else if (strcmp(argv[at], "--journal") == 0)
            options->journal = argv[at + 1];
        else
            return false;
    }
    options->tables = argv + at;
    options->count = argc - at;
    return options->count > 0 && options->count <= SIM_TABLES;
}

static void answer(void *context, struct exchange *exchange)
{
    struct sim *sim = context;
    const char *path = exchange->path;
    for (size_t i = 0; i < sim->count; i++) {
        size_t length = strlen(sim->tables[i].name);
        if (path[0] == '/' && strncmp(path + 1, sim->tables[i].name, length) == 0 && path[1 + length] == '/') {
            sim_api(sim, &sim->tables[i], path + 1 + length, exchange);
            return;
        }
    }
    exchange->status = 404;
    if (strncmp(path, "/_/", 3) == 0)
        sim_control(sim, path + 2, exchange);
}

static enum err_code load(struct sim *sim, const struct options *options, struct err *err)
{
    for (int i = 0; i < options->count; i++) {
        TRY(table_load(options->tables[i], &sim->tables[sim->count], err));
        sim->count++;
    }
    sim->faults = faults_new();
    if (!sim->faults)
        return err_set(err, ERR_MEMORY, "out of memory");
    return journal_open(options->journal, sim->clock, &sim->journal, err);
}

static enum err_code serve(struct sim *sim, const struct options *options, struct err *err)
{
    const struct server_handler handler = {.answer = answer, .context = sim};
    struct hold *hold = NULL;
    struct server *server = NULL;
    enum err_code code = hold_start(sim->clock, &hold, err);
    if (code == ERR_OK)
        code = server_start(0, &handler, hold, &server, err);
    if (code == ERR_OK) {
        char line[32];
        (void)snprintf(line, sizeof line, "{\"port\":%u}", server_port(server));
        code = process_announce(line, options->ready_file, err);
    }
    if (code == ERR_OK)
        process_wait(false);
    if (hold)
        hold_stop(hold);
    server_stop(server);
    hold_free(hold);
    return code;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    struct options options = {0};
    struct err err = {0};
    if (!options_read(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    process_prepare();
    sim.clock = &clock_system;
    enum err_code code = load(&sim, &options, &err);
    if (code == ERR_OK)
        code = serve(&sim, &options, &err);
    if (code != ERR_OK)
        fprintf(stderr, "providers-sim: %s\n", err.message);
    journal_close(sim.journal);
    faults_free(sim.faults);
    for (size_t i = 0; i < sim.count; i++)
        table_release(&sim.tables[i]);
    return code == ERR_OK ? EXIT_DONE : EXIT_FAILED;
}
