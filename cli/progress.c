/* The agent is asked again and again, and what is new is printed. Lines depend
 * on facts (a version is there, a delivery is put), not on states, since a state
 * may come and go between two questions. */
#include "progress.h"

#include "agent.h"
#include "base/text.h"
#include "consumers.h"
#include "field.h"
#include "follow.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

enum { PROGRESS_DELIVERIES = 64 };

struct progress {
    struct cli *cli;
    const struct key_name *key;
    enum progress_until until;
    bool staged, proved, current;
    bool put[PROGRESS_DELIVERIES];
    bool any_put;
    struct buf last; /* the last note printed, so that it is printed once */
};

static bool progress_is(const json_t *rotation, const char *state)
{
    return strcmp(field_text(rotation, "state"), state) == 0;
}

/* What R11 leads to: the new version is in use. */
static bool progress_is_promoted(const json_t *rotation)
{
    return progress_is(rotation, "settling") || progress_is(rotation, "retiring") ||
           progress_is(rotation, "done");
}

/* The row of one version in the key's list; NULL when it is not there. */
static const json_t *progress_version(const json_t *key, int64_t number)
{
    size_t index = 0;
    const json_t *version = NULL;
    json_array_foreach (json_object_get(key, "versions"), index, version)
        if (field_number(version, "version") == number)
            return version;
    return NULL;
}

static enum err_code progress_read_key(struct progress *progress, json_t **ret_key, struct err *err)
{
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/keys/%s", progress->key->text);
    return agent_get(progress->cli, buf_text(&path), ret_key, err);
}

static enum err_code progress_show_staged(struct progress *progress, const json_t *rotation,
                                          struct err *err)
{
    if (progress->staged || !field_given(rotation, "new_version"))
        return ERR_OK;
    int64_t number = field_number(rotation, "new_version");
    OWN(json_free) json_t *key = NULL;
    TRY(progress_read_key(progress, &key, err));
    printf("staged     version %lld  %s\n", (long long)number,
           field_text(progress_version(key, number), "mask"));
    progress->staged = true;
    return ERR_OK;
}

static void progress_show_proved(struct progress *progress, const json_t *rotation)
{
    int64_t settle = field_number(rotation, "settle");
    bool enough = settle > 0 && field_number(rotation, "alive_in_row") >= settle;
    bool past = progress_is(rotation, "delivering") || progress_is_promoted(rotation);
    if (progress->proved || !progress->staged || !(past || enough))
        return;
    const json_t *evidence = json_object_get(rotation, "evidence");
    const char *detail = field_text(evidence, "detail");
    char text[256];
    (void)snprintf(text, sizeof text, "alive%s%.200s", detail[0] ? ", " : "", detail);
    printf("proved     %-60s  %lld of %lld\n", text, (long long)settle, (long long)settle);
    progress->proved = true;
}

static void progress_show_delivered(struct progress *progress, const json_t *rotation)
{
    size_t index = 0;
    const json_t *delivery = NULL;
    json_array_foreach (json_object_get(rotation, "deliveries"), index, delivery) {
        if (index >= PROGRESS_DELIVERIES || progress->put[index] || !field_true(delivery, "put"))
            continue;
        char place[256];
        (void)snprintf(place, sizeof place, "%s %.200s", field_text(delivery, "kind"),
                       field_text(delivery, "target"));
        printf("%-10s %-60s  %s\n", progress->any_put ? "" : "delivered", place,
               field_text(delivery, "detail"));
        progress->put[index] = true;
        progress->any_put = true;
    }
}

static void progress_print_then(const json_t *old, int64_t number)
{
    const char *label = field_text(old, "label");
    printf("Then: revoke version %lld (%s%s%s). You will be reminded.\n", (long long)number,
           field_text(old, "mask"), label[0] ? ", named " : "", label);
}

static enum err_code progress_show_current(struct progress *progress, const json_t *rotation,
                                           struct err *err)
{
    if (progress->current || !progress_is_promoted(rotation))
        return ERR_OK;
    progress->current = true;
    OWN(json_free) json_t *key = NULL;
    TRY(progress_read_key(progress, &key, err));
    printf("current    version %lld", (long long)field_number(rotation, "new_version"));
    if (field_given(rotation, "old_version")) {
        OWN_BUF struct buf grace = {0};
        say_seconds(&grace, field_seconds(key, "grace_s"));
        printf("; version %lld stays alive for %s%s", (long long)field_number(rotation, "old_version"),
               buf_text(&grace), field_true(key, "receipts") ? ", and until its consumers have moved" : "");
    }
    printf("\n");
    if (field_true(key, "receipts"))
        TRY(consumers_print(key, err));
    int64_t old = field_number(rotation, "old_version");
    if (old != 0 && progress->until == PROGRESS_SETTLING && progress_is(rotation, "settling"))
        progress_print_then(progress_version(key, old), old);
    return ERR_OK;
}

/* A note is printed when it differs from the last one. */
static void progress_note(struct progress *progress, const char *what, const char *text)
{
    if (text[0] == '\0' || strcmp(buf_text(&progress->last), text) == 0)
        return;
    buf_clear(&progress->last);
    buf_text_add(&progress->last, text);
    printf("%-10s %s\n", what, text);
}

static void progress_show_waiting(struct progress *progress, const json_t *rotation)
{
    const json_t *doubt = json_object_get(rotation, "doubt");
    if (json_is_object(doubt)) {
        OWN_BUF struct buf text = {0};
        buf_text_add(&text, "no clear answer: ");
        say_unclear(&text, field_text(doubt, "detail"), field_number(doubt, "times"), 0, 0);
        buf_text_add(&text, "; asking again");
        progress_note(progress, field_text(rotation, "state"), buf_text(&text));
    } else if (progress_is(rotation, "delivering") || progress_is(rotation, "undoing")) {
        progress_note(progress, field_text(rotation, "state"), field_text(rotation, "detail"));
    }
}

static enum err_code progress_show(struct progress *progress, const json_t *rotation, struct err *err)
{
    TRY(progress_show_staged(progress, rotation, err));
    progress_show_proved(progress, rotation);
    progress_show_delivered(progress, rotation);
    TRY(progress_show_current(progress, rotation, err));
    progress_show_waiting(progress, rotation);
    (void)fflush(stdout);
    return ERR_OK;
}

static void progress_print_steps(const char *key, const json_t *rotation)
{
    const json_t *instructions = json_object_get(rotation, "instructions");
    const char *text = field_text(instructions, "text");
    const char *label = field_text(rotation, "label");
    int step = 1;
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 0)
            printf("  %d. %.*s\n", step++, (int)length, line);
        line += length + (line[length] == '\n');
    }
    if (label[0] && !strstr(text, label))
        printf("  %d. Name the new key  %s\n", step++, label);
    if (field_given(instructions, "link"))
        printf("     %s\n", field_text(instructions, "link"));
    printf("  %d. keyturn stage %s        (asks for it; it is not shown)\n", step, key);
    printf("Everything else follows by itself; the old key stays in use until then.\n");
}

/* What a person may decide in attention, by where it came from (R20, R21). */
static void progress_print_choices(const char *key, const json_t *rotation)
{
    const char *came_from = field_text(rotation, "resume_state");
    bool settling = strcmp(came_from, "settling") == 0;
    printf("  %s\n", field_text(rotation, "detail"));
    printf("  keyturn retry %s        to go on where it stopped\n", key);
    if (settling) {
        printf("  keyturn go-on %s        to revoke the old version all the same\n", key);
        printf("  keyturn rollback %s     to put the old version back\n", key);
    } else if (strcmp(came_from, "undoing") != 0) {
        printf("  keyturn cancel %s       to give it up; the old version stays\n", key);
    }
}

void progress_print_wait(struct cli *cli, const char *key, const json_t *rotation)
{
    long long number = (long long)field_number(rotation, "rotation");
    cli->waits = true;
    if (progress_is(rotation, "attention")) {
        printf("%s: rotation %lld needs you.\n", key, number);
        progress_print_choices(key, rotation);
        return;
    }
    printf("%s: rotation %lld is open and waits for you.\n", key, number);
    progress_print_steps(key, rotation);
}

/* The old version's revocation, once the rotation is retiring. */
static enum err_code progress_show_revocation(struct progress *progress, const json_t *rotation,
                                              bool *ret_waits, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *revocation = NULL;
    *ret_waits = false;
    if (!field_given(rotation, "revocation"))
        return ERR_OK;
    buf_printf(&path, "/v1/revocations/%s", field_text(rotation, "revocation"));
    TRY(agent_get(progress->cli, buf_text(&path), &revocation, err));
    OWN_BUF struct buf text = {0};
    *ret_waits = field_true(revocation, "waits_for_person");
    buf_printf(&text, "version %lld  ", (long long)field_number(revocation, "version"));
    if (*ret_waits) {
        buf_text_add(&text, "waits for you: ");
        say_instructions(&text, json_object_get(revocation, "instructions"));
    } else if (strcmp(field_text(revocation, "state"), "dead") == 0) {
        buf_text_add(&text, "dead: ");
        say_evidence(&text, json_object_get(revocation, "evidence"));
    } else {
        buf_text_add(&text, field_text(revocation, "state"));
    }
    progress_note(progress, "revoke", buf_text(&text));
    return ERR_OK;
}

/* One look at the rotation; *ret_ended when nothing is left to wait for. */
static enum err_code progress_step(struct progress *progress, const json_t *rotation, bool *ret_ended,
                                   struct err *err)
{
    TRY(progress_show(progress, rotation, err));
    *ret_ended = true;
    if (progress_is(rotation, "failed"))
        return err_set(err, ERR_STATE, "%s: rotation %lld failed: %s", progress->key->text,
                       (long long)field_number(rotation, "rotation"), field_text(rotation, "detail"));
    bool waits = field_true(rotation, "waits_for_person");
    if (progress_is(rotation, "attention") || (waits && !progress_is(rotation, "retiring"))) {
        progress_print_wait(progress->cli, progress->key->text, rotation);
        return ERR_OK;
    }
    if (progress_is(rotation, "retiring") || progress_is(rotation, "done")) {
        bool person = false;
        TRY(progress_show_revocation(progress, rotation, &person, err));
        if (person && progress->until == PROGRESS_SETTLING && progress_is(rotation, "retiring")) {
            progress->cli->waits = true;
            return ERR_OK;
        }
    }
    if (progress_is(rotation, "done")) {
        printf("done       %s uses version %lld\n", progress->key->text,
               (long long)field_number(rotation, "new_version"));
        return ERR_OK;
    }
    *ret_ended = progress->until == PROGRESS_SETTLING && progress_is(rotation, "settling");
    return ERR_OK;
}

static enum err_code progress_loop(struct progress *progress, struct follow *follow, const char *path,
                                   struct err *err)
{
    for (;;) {
        OWN(json_free) json_t *rotation = NULL;
        bool ended = false;
        TRY(agent_get(progress->cli, path, &rotation, err));
        TRY(progress_step(progress, rotation, &ended, err));
        if (ended)
            return ERR_OK;
        if (follow_pause(follow, FOLLOW_PAUSE_MS) == FOLLOW_GOES_ON)
            continue;
        printf("The rotation goes on by itself. Look: keyturn show %s   Stop it: keyturn cancel %s\n",
               progress->key->text, progress->key->text);
        progress->cli->waits = field_true(rotation, "waits_for_person");
        return ERR_OK;
    }
}

enum err_code progress_follow(struct cli *cli, const struct key_name *key, const char *rotation_id,
                              enum progress_until until, struct err *err)
{
    OWN_FOLLOW struct follow follow = FOLLOW_NONE;
    TRY(follow_begin(&follow, cli->clock, 0, err));
    struct progress progress = {.cli = cli, .key = key, .until = until};
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/rotations/%s", rotation_id);
    enum err_code code = progress_loop(&progress, &follow, buf_text(&path), err);
    buf_release(&progress.last);
    return code;
}

enum err_code progress_find_open(struct cli *cli, const struct key_name *key, char ret_id[TEXT_HEX_ID_BYTES],
                                 struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *row = NULL;
    buf_printf(&path, "/v1/keys/%s", key->text);
    TRY(agent_get(cli, buf_text(&path), &row, err));
    const char *id = field_text(json_object_get(row, "rotation"), "id");
    if (id[0] == '\0')
        return err_set(err, ERR_STATE, "%s has no open rotation. Open one: keyturn rotate %s", key->text,
                       key->text);
    (void)snprintf(ret_id, TEXT_HEX_ID_BYTES, "%s", id);
    return ERR_OK;
}
