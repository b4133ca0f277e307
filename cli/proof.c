#include "proof.h"

#include "agent.h"
#include "field.h"
#include "follow.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

enum { PROOF_WAIT_MS = 10000 };

/* The host that was asked, from the provider's base URL of that environment;
 * its title where there is none. */
static void proof_say_who(struct cli *cli, const json_t *row, struct buf *out)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *provider = NULL;
    buf_printf(&path, "/v1/providers/%s", field_text(row, "provider"));
    if (agent_get(cli, buf_text(&path), &provider, NULL) == ERR_OK) {
        size_t index = 0;
        const json_t *environment = NULL;
        json_array_foreach (json_object_get(provider, "environments"), index, environment) {
            const char *host = strstr(field_text(environment, "base_url"), "://");
            if (host && strcmp(field_text(environment, "name"), field_text(row, "environment")) == 0) {
                buf_add(out, host + 3, strcspn(host + 3, "/"));
                return;
            }
        }
    }
    buf_text_add(out, field_text(row, "provider"));
}

static void proof_print(struct cli *cli, const json_t *row, const json_t *proof)
{
    OWN_BUF struct buf who = {0};
    const char *verdict = field_text(proof, "verdict");
    const char *unsure = strcmp(verdict, "unknown") == 0 ? "not proved: " : "proved ";
    proof_say_who(cli, row, &who);
    printf("  %s%s by %s:", unsure, verdict, buf_text(&who));
    const char *comma = "";
    if (field_given(proof, "status")) {
        printf(" %lld", (long long)field_number(proof, "status"));
        comma = ",";
    }
    if (field_text(proof, "code")[0]) {
        printf(" %s", field_text(proof, "code"));
        comma = ",";
    }
    if (field_text(proof, "detail")[0]) {
        printf("%s %s", comma, field_text(proof, "detail"));
        comma = ",";
    }
    if (field_text(proof, "request_id")[0]) {
        printf("%s request %s", comma, field_text(proof, "request_id"));
        comma = ",";
    }
    printf("%s %lld ms\n", comma, (long long)field_number(proof, "elapsed_ms"));
}

static enum err_code proof_judge(const struct key_name *key, const json_t *proof, struct err *err)
{
    const char *verdict = field_text(proof, "verdict");
    if (strcmp(verdict, "dead") == 0)
        return err_set(err, ERR_STATE, "%s is dead. Replace it: keyturn rotate %s", key->text, key->text);
    if (strcmp(verdict, "unfit") == 0)
        return err_set(err, ERR_STATE, "%s is known to its provider, but of no use as it is", key->text);
    return ERR_OK;
}

static bool proof_is_new(const json_t *row, const json_t *before)
{
    const char *at = field_text(json_object_get(row, "proof"), "at");
    return at[0] && strcmp(at, field_text(json_object_get(before, "proof"), "at")) != 0;
}

static bool proof_is_doubtful(const json_t *row, const json_t *before)
{
    return field_number(json_object_get(row, "doubt"), "times") >
           field_number(json_object_get(before, "doubt"), "times");
}

static void proof_say_none(const struct key_name *key, const char *why)
{
    printf("  not proved yet: %s. It is asked again by itself: keyturn show %s\n", why, key->text);
}

enum err_code proof_await(struct cli *cli, const struct key_name *key, const json_t *before, bool *ret_proved,
                          struct err *err)
{
    OWN_FOLLOW struct follow follow = FOLLOW_NONE;
    TRY(follow_begin(&follow, cli->clock, PROOF_WAIT_MS, err));
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/keys/%s", key->text);
    *ret_proved = false;
    do {
        OWN(json_free) json_t *row = NULL;
        TRY(agent_get(cli, buf_text(&path), &row, err));
        if (proof_is_new(row, before)) {
            *ret_proved = true;
            proof_print(cli, row, json_object_get(row, "proof"));
            return proof_judge(key, json_object_get(row, "proof"), err);
        }
        if (proof_is_doubtful(row, before)) {
            proof_say_none(key, field_text(json_object_get(row, "doubt"), "detail"));
            return ERR_OK;
        }
    } while (follow_pause(&follow, FOLLOW_PAUSE_MS) == FOLLOW_GOES_ON);
    proof_say_none(key, "its provider has not answered");
    return ERR_OK;
}
