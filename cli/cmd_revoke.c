/* The emergency: it says what will break, asks once, and stays until every
 * version is proved dead. */
#include "agent.h"
#include "ask.h"
#include "base/text.h"
#include "emergency.h"
#include "field.h"
#include "follow.h"
#include "leaked.h"
#include "watch.h"

#include <stdio.h>
#include <string.h>

struct revoke {
    struct cli *cli;
    const struct args *args;
    const char *word; /* what is typed to go on, where it is a key; NULL: the count */
    json_t *targets;  /* owned; NULL: the options select */
    int64_t timeout_ms;
};

/* --- What is meant ------------------------------------------------------------ */

static enum err_code revoke_check_options(struct revoke *revoke, struct err *err)
{
    const struct args *args = revoke->args;
    const char *timeout = args_value(args, "timeout");
    int ways = (args_word(args, 0) != NULL) + emergency_selects(args) + args_has(args, "leaked");
    if (ways == 0)
        return err_set(err, ERR_INVALID, "which key? Name one, select with --environment, --provider, --label or "
                       "--all, or give a text with --leaked");
    if (ways > 1)
        return err_set(err, ERR_INVALID, "a key by name, a selection and --leaked exclude each other");
    if (args_has(args, "version") && !args_word(args, 0))
        return err_set(err, ERR_INVALID, "--version goes with a key by name");
    if (args_has(args, "fd") && !args_has(args, "leaked"))
        return err_set(err, ERR_INVALID, "--fd goes with --leaked");
    if (timeout && text_parse_duration(timeout, &revoke->timeout_ms, err) != ERR_OK)
        return err_prefix(err, "--timeout");
    return ERR_OK;
}

static enum err_code revoke_current(struct revoke *revoke, const struct key_name *key, int64_t *ret_version,
                                    struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *row = NULL;
    buf_printf(&path, "/v1/keys/%s", key->text);
    TRY(agent_get(revoke->cli, buf_text(&path), &row, err));
    *ret_version = field_number(json_object_get(row, "current"), "version");
    if (*ret_version == 0)
        return err_set(err, ERR_STATE, "%s has no current version. See keyturn show %s, and name one with --version",
                       key->text, key->text);
    return ERR_OK;
}

static enum err_code revoke_by_name(struct revoke *revoke, const struct key_name *key, struct err *err)
{
    int64_t version = 0;
    enum err_code code = args_number(revoke->args, "version", 1, UINT32_MAX, &version, err);
    if (code != ERR_OK)
        return cli_misused(revoke->cli, code);
    if (version == 0)
        TRY(revoke_current(revoke, key, &version, err));
    revoke->targets = json_pack("[{s:s,s:I}]", "key", key->text, "version", (json_int_t)version);
    return revoke->targets ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

/* The versions that the text held and that are not dead. */
static enum err_code revoke_leaked(struct revoke *revoke, struct err *err)
{
    OWN(json_free) json_t *matches = NULL;
    int64_t fd = 0;
    size_t index = 0;
    json_t *match = NULL;
    enum err_code code = args_number(revoke->args, "fd", 0, 65535, &fd, err);
    if (code != ERR_OK)
        return cli_misused(revoke->cli, code);
    TRY(leaked_read(revoke->cli, (int)fd, &matches, err));
    revoke->targets = json_array();
    json_array_foreach (matches, index, match) {
        if (!args_has(revoke->args, "json"))
            leaked_print(match, clock_wall_ms(revoke->cli->clock));
        if (strcmp(field_text(match, "state"), "dead") != 0 && json_array_append(revoke->targets, match) != 0)
            return err_set(err, ERR_MEMORY, "out of memory");
    }
    if (json_array_size(matches) == 0)
        return err_set(err, ERR_NOT_FOUND, "none of our keys is in the text; nothing was killed");
    return ERR_OK;
}

static enum err_code revoke_find(struct revoke *revoke, struct key_name *key, struct err *err)
{
    if (args_has(revoke->args, "leaked"))
        return revoke_leaked(revoke, err);
    if (emergency_selects(revoke->args))
        return ERR_OK;
    TRY(key_parse(revoke->cli, args_word(revoke->args, 0), key, err));
    revoke->word = key->text;
    return revoke_by_name(revoke, key, err);
}

/* --- The question ---------------------------------------------------------------- */

static enum err_code revoke_dry_run(const struct revoke *revoke, const json_t *plan, struct err *err)
{
    if (args_has(revoke->args, "json")) {
        (void)json_dumpf(plan, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    TRY(emergency_print_plan(plan, args_has(revoke->args, "replace"), err));
    printf("Nothing was done: this is what would be.\n");
    return ERR_OK;
}

static enum err_code revoke_confirm(const struct revoke *revoke, const json_t *plan, struct err *err)
{
    char count[24];
    (void)snprintf(count, sizeof count, "%lld", (long long)field_number(plan, "count"));
    if (args_has(revoke->args, "yes"))
        return ERR_OK;
    emergency_warn(plan, args_has(revoke->args, "replace"));
    const char *word = revoke->word ? revoke->word : count;
    return args_has(revoke->args, "leaked") ? ask_terminal_by_name(revoke->cli, word, err)
                                            : ask_by_name(revoke->cli, revoke->args, word, err);
}

/* --- Killing ------------------------------------------------------------------------ */

static enum err_code revoke_follow(struct revoke *revoke, const struct buf *body, struct err *err)
{
    OWN(json_free) json_t *incident = NULL;
    OWN_FOLLOW struct follow follow = FOLLOW_NONE;
    bool json = args_has(revoke->args, "json");
    TRY(follow_begin(&follow, revoke->cli->clock, revoke->timeout_ms, err));
    TRY(agent_send(revoke->cli, "POST", "/v1/revocations", body, &incident, err));
    long long number = (long long)field_number(incident, "incident");
    if (!json)
        printf("incident %lld  “%s”\n", number, field_text(incident, "reason"));
    (void)fflush(stdout);
    if (!args_has(revoke->args, "no-wait"))
        return watch_incident(revoke->cli, number, &follow, json, err);
    if (json)
        (void)json_dumpf(incident, stdout, JSON_COMPACT);
    printf(json ? "\n" : "The agent goes on until each is proved dead: keyturn incident show %lld\n", number);
    return ERR_OK;
}

static enum err_code revoke_all(struct revoke *revoke, struct err *err)
{
    OWN_BUF struct buf body = {0};
    OWN(json_free) json_t *plan = NULL;
    bool dry_run = args_has(revoke->args, "dry-run");
    emergency_body(&(struct emergency){revoke->targets, revoke->args}, &body);
    if (dry_run || !args_has(revoke->args, "yes"))
        TRY(agent_send(revoke->cli, "POST", "/v1/revocations/plan", &body, &plan, err));
    if (dry_run)
        return revoke_dry_run(revoke, plan, err);
    TRY(revoke_confirm(revoke, plan, err));
    return revoke_follow(revoke, &body, err);
}

static enum err_code revoke_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct revoke revoke = {.cli = cli, .args = args};
    struct key_name key = {0};
    enum err_code code = revoke_check_options(&revoke, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    code = revoke_find(&revoke, &key, err);
    if (code == ERR_OK && revoke.targets && json_array_size(revoke.targets) == 0)
        printf("All of it is dead already: nothing to do.\n");
    else if (code == ERR_OK)
        code = revoke_all(&revoke, err);
    json_decref(revoke.targets);
    return code;
}

const struct command command_revoke = {
    .name = "revoke",
    .group = GROUP_EMERGENCY,
    .summary = "kill keys now, and prove them dead",
    .usage = "KEY | SELECTION | --leaked [--replace] [--reason TEXT] [--dry-run] [--yes] [--timeout DURATION]",
    .notes = "Does not wait for a grace or for who still uses it. A key by name means its current version; a\n"
             "selection means every version that is not dead of the keys for which all of its parts hold.\n"
             "With --replace a new key is made, proved and delivered first, and the old one dies then.\n"
             "What revokes others (a provider's credential) dies after them.\n\n"
             "Ends with status 0 only when each is proved dead; with 6 when at --timeout or ^C some wait for a\n"
             "person, else with 1. Once accepted it goes on, whatever happens here.",
    .example = "keyturn revoke live/reporting --reason \"pasted in a ticket\"\n"
               "keyturn revoke --all --dry-run\n"
               "keyturn revoke --environment live --label team=energy --replace --reason \"laptop stolen\"\n"
               "keyturn revoke --leaked --reason \"in a public log\" < build.log",
    .options = {{"version", "N", "that version instead of the current one"},
                {"environment", "NAME", "keys of that environment"},
                {"provider", "NAME", "keys of that provider"},
                {"label", "NAME=VALUE", "keys with that label, or with NAME alone; may be given several times"},
                {"all", NULL, "every key"},
                {"leaked", NULL, "the keys that the text on standard input holds"},
                {"fd", "N", "read the text of --leaked from descriptor N"},
                {"replace", NULL, "a new key first, then no grace"},
                {"reason", "TEXT", "what happened; it stands in the incident and the audit log"},
                {"dry-run", NULL, "show what would die, what uses it, and who can do it"},
                {"timeout", "DURATION", "look at most so long: 5m"},
                OPTION_JSON,
                OPTION_YES,
                OPTION_NO_WAIT},
    .completes_key = true,
    .least = 0,
    .most = 1,
    .run = revoke_run,
};
