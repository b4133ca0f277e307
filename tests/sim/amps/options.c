#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char options_usage[] =
    "usage: amps-sim [OPTION...]\n"
    "Simulates the Amps API and its dashboard on 127.0.0.1 until SIGTERM.\n\n"
    "  --api-port N            port of the API; 0, the default, takes any free one\n"
    "  --dashboard-port N      port of the dashboard\n"
    "  --ready-file PATH       write the ports here, too, as one line of JSON\n"
    "  --journal PATH          append the journal here, one JSON object a line\n"
    "  --no-journal            keep no journal\n"
    "  --variant V             envelope or bare: the form of success bodies\n"
    "  --prefix-style S        test, sandbox or amps_sk: the prefix of new keys\n"
    "  --birth-lag-ms N        a new key works after this\n"
    "  --death-lag-ms N        a revoked key still works for this\n"
    "  --rate-limit N/s        answer more than this with RATE_LIMIT_EXCEEDED\n"
    "  --rate-status S         429 or 401: the status of that answer\n"
    "  --max-keys N            refuse to make more keys than this\n"
    "  --key-api               routes that make and revoke keys, which real Amps lacks\n"
    "  --admin-key-file PATH   holds the key for these routes; else see /admin-key\n"
    "  --until-stdin-closes    end when standard input does, too\n"
    "  --help                  this\n";

enum option_kind { OPTION_TEXT, OPTION_PORT, OPTION_FLAG };

struct option_row {
    const char *name;
    enum option_kind kind;
    size_t offset;
};

static const struct option_row rows[] = {
    {"--api-port", OPTION_PORT, offsetof(struct options, api_port)},
    {"--dashboard-port", OPTION_PORT, offsetof(struct options, dashboard_port)},
    {"--ready-file", OPTION_TEXT, offsetof(struct options, ready_file)},
    {"--journal", OPTION_TEXT, offsetof(struct options, journal_file)},
    {"--admin-key-file", OPTION_TEXT, offsetof(struct options, admin_key_file)},
    {"--key-api", OPTION_FLAG, offsetof(struct options, key_api)},
    {"--no-journal", OPTION_FLAG, offsetof(struct options, no_journal)},
    {"--until-stdin-closes", OPTION_FLAG, offsetof(struct options, until_stdin_closes)},
    {"--help", OPTION_FLAG, offsetof(struct options, help)},
};

static const struct option_row *find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static enum err_code read_port(const char *text, uint16_t *ret_port, struct err *err)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number > UINT16_MAX)
        return err_set(err, ERR_INVALID, "a port must be a whole number from 0 to 65535");
    *ret_port = (uint16_t)number;
    return ERR_OK;
}

static enum err_code apply(struct options *options, const struct option_row *row, const char *value,
                           struct err *err)
{
    void *field = (char *)options + row->offset;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)field = value;
        return ERR_OK;
    case OPTION_PORT:
        return read_port(value, field, err);
    case OPTION_FLAG:
        *(bool *)field = true;
        return ERR_OK;
    }
    return err_set(err, ERR_INTERNAL, "%s is of no kind", row->name);
}

enum err_code options_read(int argc, char **argv, struct options *ret_options, struct err *err)
{
    struct options options = {0};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        const struct option_row *row = find(name);
        bool setting = strncmp(name, "--", 2) == 0 && amps_setting_exists(name + 2);
        if (!row && !setting)
            return err_set(err, ERR_INVALID, "%s is not an option; see --help", name);
        bool wants_value = setting || row->kind != OPTION_FLAG;
        const char *value = wants_value ? argv[++i] : NULL;
        if (wants_value && !value)
            return err_set(err, ERR_INVALID, "%s needs a value", name);
        if (setting)
            TRY(amps_setting_set(&options.settings, name + 2, value, err));
        else
            TRY(apply(&options, row, value, err));
    }
    *ret_options = options;
    return ERR_OK;
}
