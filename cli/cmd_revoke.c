/* The emergency: it says what will break, asks once, and stays until every
 * version is proved dead. */
#include "agent.h"
#include "ask.h"
#include "base/text.h"
#include "field.h"
#include "follow.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

struct revoke {
    struct cli *cli;
    struct key_name key;
    int64_t version; /* 0: the current one */
    int64_t incident;
    json_t *said; /* revocation id → the line last printed */
    size_t dead, count;
    bool waits;
};

static const json_t *revoke_find_version(const json_t *key, int64_t number)
{
    size_t index = 0;
    const json_t *version = NULL;
    json_array_foreach (json_object_get(key, "versions"), index, version)
        if (field_number(version, "version") == number)
            return version;
    return NULL;
}

static enum err_code revoke_warn(struct revoke *revoke, const json_t *key, struct err *err)
{
    int64_t number = revoke->version;
    const json_t *version = revoke_find_version(key, number);
    if (!version)
        return err_set(err, ERR_NOT_FOUND, "%s has no version %lld", revoke->key.text, (long long)number);
    size_t places = 0;
    size_t index = 0;
    const json_t *delivery = NULL;
    json_array_foreach (json_object_get(key, "deliveries"), index, delivery)
        places += field_number(delivery, "holds_version") == number;
    (void)fprintf(stderr, "This kills ");
    if (places > 0)
        (void)fprintf(stderr, "the key that %zu deliver%s use%s now: ", places, places == 1 ? "y" : "ies",
                      places == 1 ? "s" : "");
    (void)fprintf(stderr, "%s version %lld (%s), %s. It cannot be undone.\n", revoke->key.text,
                  (long long)number, field_text(version, "mask"), field_text(version, "state"));
    return ERR_OK;
}

static enum err_code revoke_confirm(struct revoke *revoke, const struct args *args, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *key = NULL;
    buf_printf(&path, "/v1/keys/%s", revoke->key.text);
    TRY(agent_get(revoke->cli, buf_text(&path), &key, err));
    if (revoke->version == 0)
        revoke->version = field_number(json_object_get(key, "current"), "version");
    if (revoke->version == 0)
        return err_set(err, ERR_STATE, "%s has no current version. See keyturn show %s, and name one with --version",
                       revoke->key.text, revoke->key.text);
    if (args_has(args, "yes"))
        return ERR_OK;
    TRY(revoke_warn(revoke, key, err));
    return ask_by_name(revoke->cli, args, revoke->key.text, err);
}

static enum err_code revoke_send(struct revoke *revoke, const char *reason, json_t **ret_incident,
                                 struct err *err)
{
    OWN_BUF struct buf json = {0};
    json_put_object_open(&json, NULL);
    json_put_array_open(&json, "targets");
    json_put_object_open(&json, NULL);
    json_put_string(&json, "key", revoke->key.text);
    json_put_integer(&json, "version", revoke->version);
    json_put_object_close(&json);
    json_put_array_close(&json);
    if (reason)
        json_put_string(&json, "reason", reason);
    json_put_object_close(&json);
    return agent_send(revoke->cli, "POST", "/v1/revocations", &json, ret_incident, err);
}

static void revoke_say(struct buf *out, const json_t *revocation)
{
    const char *state = field_text(revocation, "state");
    if (strcmp(state, "dead") == 0) {
        buf_text_add(out, "dead: ");
        say_evidence(out, json_object_get(revocation, "evidence"));
    } else if (field_true(revocation, "waits_for_person")) {
        buf_text_add(out, "waiting for you: ");
        size_t before = out->length;
        say_instructions(out, json_object_get(revocation, "instructions"));
        if (out->length == before)
            buf_text_add(out, field_text(revocation, "detail"));
    } else {
        buf_text_add(out, state);
    }
}

static void revoke_show(struct revoke *revoke, const json_t *revocation, const struct follow *follow)
{
    OWN_BUF struct buf text = {0};
    char elapsed[SAY_WHEN_BYTES];
    const char *id = field_text(revocation, "id");
    revoke_say(&text, revocation);
    if (strcmp(field_text(revoke->said, id), buf_text(&text)) == 0)
        return;
    (void)json_object_set_new(revoke->said, id, json_string(buf_text(&text)));
    printf("%s  %lld  %-60s  %s\n", field_text(revocation, "key"),
           (long long)field_number(revocation, "version"), buf_text(&text),
           say_elapsed(follow_elapsed_ms(follow), elapsed));
    (void)fflush(stdout);
}

static enum err_code revoke_look(struct revoke *revoke, const struct follow *follow, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *incident = NULL;
    buf_printf(&path, "/v1/incidents/%lld", (long long)revoke->incident);
    TRY(agent_get(revoke->cli, buf_text(&path), &incident, err));
    size_t index = 0;
    const json_t *revocation = NULL;
    revoke->dead = 0;
    revoke->waits = false;
    revoke->count = json_array_size(json_object_get(incident, "revocations"));
    json_array_foreach (json_object_get(incident, "revocations"), index, revocation) {
        revoke_show(revoke, revocation, follow);
        revoke->dead += strcmp(field_text(revocation, "state"), "dead") == 0;
        revoke->waits |= field_true(revocation, "waits_for_person");
    }
    return ERR_OK;
}

static enum err_code revoke_leave(struct revoke *revoke, enum follow_end end, struct err *err)
{
    const char *why = end == FOLLOW_TIMED_OUT ? "The time is up" : "Stopped looking";
    printf("%zu of %zu dead. %s; the agent goes on until each is proved dead: keyturn incident %lld\n",
           revoke->dead, revoke->count, why, (long long)revoke->incident);
    if (!revoke->waits)
        return err_set(err, ERR_BUSY, "%s is not proved dead yet", revoke->key.text);
    revoke->cli->waits = true;
    return ERR_OK;
}

static enum err_code revoke_follow(struct revoke *revoke, struct follow *follow, struct err *err)
{
    for (;;) {
        TRY(revoke_look(revoke, follow, err));
        if (revoke->count > 0 && revoke->dead == revoke->count) {
            long long seconds = (long long)(follow_elapsed_ms(follow) / 1000);
            printf("%zu of %zu dead, %lld s after you asked.\n", revoke->dead, revoke->count, seconds);
            return ERR_OK;
        }
        enum follow_end end = follow_pause(follow, FOLLOW_PAUSE_MS);
        if (end != FOLLOW_GOES_ON)
            return revoke_leave(revoke, end, err);
    }
}

static enum err_code revoke_options(struct revoke *revoke, const struct args *args, int64_t *ret_timeout_ms,
                                    struct err *err)
{
    const char *timeout = args_value(args, "timeout");
    TRY(args_number(args, "version", 1, UINT32_MAX, &revoke->version, err));
    if (timeout && text_parse_duration(timeout, ret_timeout_ms, err) != ERR_OK)
        return err_prefix(err, "--timeout");
    return ERR_OK;
}

static enum err_code revoke_all(struct revoke *revoke, const struct args *args, int64_t timeout_ms,
                                struct err *err)
{
    OWN(json_free) json_t *incident = NULL;
    OWN_FOLLOW struct follow follow = FOLLOW_NONE;
    const char *reason = args_value(args, "reason");
    TRY(revoke_confirm(revoke, args, err));
    TRY(follow_begin(&follow, revoke->cli->clock, timeout_ms, err));
    TRY(revoke_send(revoke, reason, &incident, err));
    revoke->incident = field_number(incident, "incident");
    printf("incident %lld", (long long)revoke->incident);
    printf(field_text(incident, "reason")[0] ? "  “%s”\n" : "%s\n", field_text(incident, "reason"));
    (void)fflush(stdout);
    if (!args_has(args, "no-wait"))
        return revoke_follow(revoke, &follow, err);
    printf("The agent goes on until it is proved dead: keyturn incident %lld\n",
           (long long)revoke->incident);
    return ERR_OK;
}

static enum err_code revoke_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct revoke revoke = {.cli = cli};
    int64_t timeout_ms = 0;
    TRY(key_parse(cli, args_word(args, 0), &revoke.key, err));
    enum err_code code = revoke_options(&revoke, args, &timeout_ms, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    OWN(json_free) json_t *said = json_object();
    revoke.said = said;
    return revoke_all(&revoke, args, timeout_ms, err);
}

const struct command command_revoke = {
    .name = "revoke",
    .group = GROUP_EMERGENCY,
    .summary = "kill a key now, and prove it dead",
    .usage = "KEY [--version N] [--reason TEXT] [--yes] [--timeout DURATION | --no-wait]",
    .notes = "Does not wait for a grace or for who still uses it. Ends with status 0 only when it is proved\n"
             "dead; with 6 when at --timeout or ^C it waits for a person. Once accepted it goes on, whatever\n"
             "happens here.",
    .example = "keyturn revoke live/reporting --reason \"pasted in a ticket\"",
    .options = {{"version", "N", "that version instead of the current one"},
                {"reason", "TEXT", "what happened; it stands in the incident and the audit log"},
                {"timeout", "DURATION", "look at most so long: 5m"},
                OPTION_YES,
                OPTION_NO_WAIT},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = revoke_run,
};
