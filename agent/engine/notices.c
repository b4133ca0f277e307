/* What people are told. A notice is a record of the store, one for each channel, made in the step
 * that it tells of, so that none is lost; it is sent after the commit, tried again with backoff,
 * and removed when it was sent. It is sent again after a crash in between, under the same id. */
#include "notices.h"

#include "engine_private.h"
#include "flight_secrets.h"
#include "flights.h"
#include "subject.h"

#include "base/log.h"
#include "base/text.h"
#include "notify/notify.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

enum {
    NOTICES_AT_ONCE = 8,           /* a dead channel must not take the place of effects */
    BUSY_MS = 1000,
    GUARD_MS = 10 * 60 * 1000,     /* under way: looked at again after this, so that a crash does not lose it */
    RETRY_BASE_MS = 60 * 1000,
    RETRY_MOST_MS = 60 * 60 * 1000,
    GIVE_UP_MS = 3 * 24 * 60 * 60 * 1000,
};
_Static_assert((int)NOTIFY_WAITS == VAULT_ABOUT_WAITS && (int)NOTIFY_ALARM == VAULT_ABOUT_ALARM &&
                   (int)NOTIFY_INCIDENT == VAULT_ABOUT_INCIDENT && (int)NOTIFY_DELIVERY == VAULT_ABOUT_DELIVERY &&
                   (int)NOTIFY_FAILED == VAULT_ABOUT_FAILED && (int)NOTIFY_ABOUT_END == VAULT_ABOUT_END,
               "what is stored is what is sent");

/* --- Making ---------------------------------------------------------------------------- */

struct pending_search {
    const struct vault_notice *notice;
    bool found;
};

static int look_for_pending(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct pending_search *search = context;
    const struct vault_notice *other = (const struct vault_notice *)record;
    search->found = other->about == search->notice->about && strcmp(other->channel, search->notice->channel) == 0 &&
                    id_equal(other->subject_id, search->notice->subject_id);
    return search->found ? VAULT_STOP : ERR_OK;
}

static enum err_code add_one(struct engine *engine, const struct notice *notice, const char *channel, struct err *err)
{
    struct vault_notice record = {.about = (int32_t)notice->about,
                                  .version = notice->version,
                                  .incident = notice->incident,
                                  .made_at_ms = engine_now(engine)};
    struct pending_search search = {.notice = &record};
    record.row.due_at_ms = engine_now(engine);
    memcpy(record.subject_id, notice->subject_id, VAULT_ID_BYTES);
    COPY_TEXT(record.channel, channel);
    COPY_TEXT(record.key, notice->key);
    COPY_TEXT(record.summary, notice->summary);
    COPY_TEXT(record.link, notice->link);
    /* Only one that comes back can be waiting still: it says the same. */
    if (notice->again)
        TRY(vault_scan(engine->session, VAULT_NOTICE, NULL, look_for_pending, &search, err));
    if (search.found)
        return ERR_OK;
    size_t length = notice->instructions ? strnlen(notice->instructions, VAULT_NOTICE_TEXT_BYTES - 1) : 0;
    record.instructions = (struct vault_text){.data = strndup(length ? notice->instructions : "", length),
                                              .length = length};
    if (!record.instructions.data)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code code = vault_insert(engine->vault, VAULT_NOTICE, &record.row, NULL, err);
    vault_record_release(VAULT_NOTICE, &record.row);
    return code;
}

enum err_code notice_add(struct engine *engine, const struct notice *notice, struct err *err)
{
    for (size_t i = 0; i < engine->options.channel_count; i++) {
        const struct notify_channel *channel = engine->options.channels[i];
        if (notify_channel_wants(channel, (enum notify_about)notice->about))
            TRY(add_one(engine, notice, notify_channel_name(channel), err));
    }
    return ERR_OK;
}

enum err_code notice_add_of_key(struct engine *engine, const struct vault_key *key, struct notice notice,
                                struct err *err)
{
    char name[2 * LIMIT_NAME_BYTES + 2];
    if (engine->options.channel_count == 0)
        return ERR_OK;
    (void)snprintf(name, sizeof name, "%s/%s", key->environment, key->name);
    notice.key = name;
    return notice_add(engine, &notice, err);
}

enum err_code notice_add_manual(struct engine *engine, const struct subject *subject, enum provider_action action,
                                const char *label, const char *provider_id, struct notice notice, struct err *err)
{
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf link = {0};
    struct err problem = {0};
    const struct action_spec *spec = subject->provider ? provider_spec(subject->provider, action) : NULL;
    char name[2 * LIMIT_NAME_BYTES + 2];
    if (engine->options.channel_count == 0)
        return ERR_OK;
    (void)snprintf(name, sizeof name, "%s/%s", subject->key.environment, subject->key.name);
    const struct provider_subject values = {
        .environment = subject->place, .key = name, .label = label, .id = provider_id};
    if (spec && spec->manual &&
        provider_manual(subject->provider, action, &values, &text, &link, &problem) != ERR_OK) {
        buf_clear(&text);
        buf_clear(&link);
        buf_text_add(&text, problem.message);
    }
    notice.instructions = buf_text(&text);
    notice.link = buf_text(&link);
    return notice_add_of_key(engine, &subject->key, notice, err);
}

bool notice_is_due(const struct engine *engine, bool waits, int64_t *reminded_at_ms, bool *ret_again)
{
    enum { EARLY_MS = 1000 }; /* the job's own time for it was taken a moment later */
    int64_t now = engine_now(engine);
    *ret_again = *reminded_at_ms != 0;
    bool due = waits && now - *reminded_at_ms >= engine->options.remind_ms - EARLY_MS;
    if (!waits)
        *reminded_at_ms = 0;
    else if (due)
        *reminded_at_ms = now;
    return due;
}

/* --- Sending --------------------------------------------------------------------------- */

static const struct notify_channel *channel_of(const struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->options.channel_count; i++)
        if (strcmp(notify_channel_name(engine->options.channels[i]), name) == 0)
            return engine->options.channels[i];
    return NULL;
}

/* What a person was to do may be done since: then there is nothing to be told of. */
static enum err_code still_waits(struct engine *engine, const struct vault_notice *notice, bool *ret_waits,
                                 struct err *err)
{
    struct vault_rotation rotation = {0};
    struct vault_revocation revocation = {0};
    *ret_waits = true;
    if (notice->about != VAULT_ABOUT_WAITS)
        return ERR_OK;
    enum err_code code = vault_get(engine->session, VAULT_ROTATION, notice->subject_id, &rotation.row, err);
    if (code == ERR_OK) {
        *ret_waits = rotation.waits_for_person && !rotation.ended_at_ms;
        return ERR_OK;
    }
    if (code == ERR_NOT_FOUND)
        code = vault_get(engine->session, VAULT_REVOCATION, notice->subject_id, &revocation.row, err);
    struct vault_label label = {0};
    if (code == ERR_NOT_FOUND) {
        code = vault_get(engine->session, VAULT_LABEL, notice->subject_id, &label.row, err);
        *ret_waits = code == ERR_OK && label.waits_for_person;
        return code == ERR_NOT_FOUND ? ERR_OK : code;
    }
    *ret_waits = code == ERR_OK && revocation.waits_for_person && !revocation.ended_at_ms;
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code audit_notice(struct engine *engine, const struct vault_notice *notice, const char *what,
                                  const char *why, struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1] = "";
    char name[LIMIT_NAME_BYTES + 1] = "";
    char detail[320];
    if (notice->key[0])
        TRY(text_split_key(notice->key, environment, name, err));
    (void)snprintf(detail, sizeof detail, "%s, by %s%s%s", notify_about_name((enum notify_about)notice->about),
                   notice->channel, why[0] ? ": " : "", why);
    const struct audit_entry entry = {.who = "engine",
                                      .what = what,
                                      .environment = name[0] ? environment : NULL,
                                      .name = name[0] ? name : NULL,
                                      .version = notice->version,
                                      .incident = notice->incident,
                                      .detail = detail};
    return vault_audit(engine->vault, &entry, err);
}

static enum err_code plan_send(struct engine *engine, struct vault_notice *notice, struct err *err)
{
    const struct vault_key no_key = {0};
    struct flight *flight = flight_new(engine, FLIGHT_NOTICE, &no_key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(flight->job_id, notice->row.id, VAULT_ID_BYTES);
    COPY_TEXT(flight->key, notice->key);
    engine->notices_in_flight++;
    flight_plan(engine, flight);
    notice->row.due_at_ms = engine_now(engine) + GUARD_MS;
    return vault_update(engine->vault, VAULT_NOTICE, &notice->row, err);
}

static enum err_code step(struct engine *engine, struct vault_notice *notice, struct err *err)
{
    bool waits = false;
    TRY(still_waits(engine, notice, &waits, err));
    if (!waits)
        return vault_remove(engine->vault, VAULT_NOTICE, &notice->row, err);
    if (!channel_of(engine, notice->channel)) {
        TRY(audit_notice(engine, notice, "notice.given-up", "the configuration has no such channel any more", err));
        return vault_remove(engine->vault, VAULT_NOTICE, &notice->row, err);
    }
    if (engine->notices_in_flight < NOTICES_AT_ONCE)
        return plan_send(engine, notice, err);
    notice->row.due_at_ms = engine_now(engine) + BUSY_MS;
    return vault_update(engine->vault, VAULT_NOTICE, &notice->row, err);
}

enum err_code notice_step(struct engine *engine, void *argument, struct err *err)
{
    struct vault_notice notice = {0};
    TRY(vault_get(engine->session, VAULT_NOTICE, argument, &notice.row, err));
    enum err_code code = step(engine, &notice, err);
    vault_record_release(VAULT_NOTICE, &notice.row);
    return code;
}

static struct notify_runner runner_of(const struct engine *engine)
{
    return (struct notify_runner){.http = engine->http,
                                  .programs = engine->notify_work,
                                  .stop_fd = engine->notify_stop_fd,
                                  .clock = engine->options.clock,
                                  .ca_file = engine->options.ca_file};
}

static enum err_code start(struct engine *engine, const struct vault_notice *notice, struct flight *flight,
                           notify_done *done, struct err *err)
{
    const struct notify_channel *channel = channel_of(engine, notice->channel);
    const struct notify_runner runner = runner_of(engine);
    char id[TEXT_HEX_ID_BYTES];
    const struct notify_message message = {.id = text_hex_id(notice->row.id, id),
                                           .about = (enum notify_about)notice->about,
                                           .key = notice->key,
                                           .version = notice->version,
                                           .incident = notice->incident,
                                           .summary = notice->summary,
                                           .instructions = notice->instructions.data ? notice->instructions.data : "",
                                           .link = notice->link,
                                           .made_at_ms = notice->made_at_ms};
    if (!channel)
        return err_set(err, ERR_STATE, "the configuration has no such channel any more");
    if (notify_channel_credential(channel))
        TRY(flight_read_credential(engine, flight, notify_channel_credential(channel), err));
    TRY(notify_start(&runner, channel, &message, flight->credential_secret, done, flight, err));
    flight->outlives_lock = notify_channel_is_program(channel);
    engine->flights.outliving += flight->outlives_lock;
    return ERR_OK;
}

enum err_code notice_start(struct engine *engine, struct flight *flight, notify_done *done, struct err *err)
{
    struct vault_notice notice = {0};
    TRY(vault_get(engine->session, VAULT_NOTICE, flight->job_id, &notice.row, err));
    enum err_code code = start(engine, &notice, flight, done, err);
    vault_record_release(VAULT_NOTICE, &notice.row);
    return code;
}

/* They are records of the store, and sent again, under the same id, when it is open again. */
void notice_drop_all(struct engine *engine)
{
    const struct notify_runner runner = runner_of(engine);
    notify_cancel(&runner);
}

void notice_stop_all(struct engine *engine)
{
    notice_drop_all(engine);
    if (engine->notify_stop_fd)
        (void)eventfd_write(engine->notify_stop_fd, 1);
}

/* --- What came of it ----------------------------------------------------------------------- */

static enum err_code record(struct engine *engine, struct vault_notice *notice, const struct notify_result *told,
                            struct err *err)
{
    int64_t now = engine_now(engine);
    if (told->sent) {
        TRY(audit_notice(engine, notice, "notice.sent", "", err));
        return vault_remove(engine->vault, VAULT_NOTICE, &notice->row, err);
    }
    log_warning("engine", "%s could not be told of %s %s: %s", notice->channel, notice->key,
                notify_about_name((enum notify_about)notice->about), told->detail);
    if (now - notice->made_at_ms > GIVE_UP_MS) {
        TRY(audit_notice(engine, notice, "notice.given-up", told->detail, err));
        return vault_remove(engine->vault, VAULT_NOTICE, &notice->row, err);
    }
    TRY(audit_notice(engine, notice, "notice.failed", told->detail, err));
    notice->failures++;
    COPY_TEXT(notice->detail, told->detail);
    /* Not more seldom than what waits comes back. */
    int64_t remind_ms = engine->options.remind_ms;
    int64_t base_ms = remind_ms < RETRY_BASE_MS ? remind_ms : RETRY_BASE_MS;
    notice->row.due_at_ms = now + backoff_ms(engine, notice->failures, base_ms, RETRY_MOST_MS);
    return vault_update(engine->vault, VAULT_NOTICE, &notice->row, err);
}

/* That it was ended says nothing of its channel. */
static enum err_code put_off(struct engine *engine, struct vault_notice *notice, struct err *err)
{
    notice->row.due_at_ms = engine_now(engine);
    return vault_update(engine->vault, VAULT_NOTICE, &notice->row, err);
}

enum err_code notice_record(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_notice notice = {0};
    TRY(vault_get(engine->session, VAULT_NOTICE, flight->job_id, &notice.row, err));
    enum err_code code = flight->dropped ? put_off(engine, &notice, err) : record(engine, &notice, &flight->told, err);
    vault_record_release(VAULT_NOTICE, &notice.row);
    return code;
}
