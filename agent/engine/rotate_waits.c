/* The effects of the rotation table that wait before the old version is revoked: for the grace, for who reads the key,
 * and until the old one is out of use. */
#include "engine_private.h"
#include "follow_ups.h"
#include "rotate_work.h"
#include "usage.h"

#include "base/log.h"
#include "rotation/rotation.h"
#include "vault/receipts.h"

#include <stdio.h>

bool rotation_lacks_receipts(const struct vault_rotation *rotation, const struct vault_key *key)
{
    return key->needs_receipts && !rotation->replace && rotation->old_number &&
           receipts_of_version(&key->receipts, rotation->old_number) > 0;
}

/* "nightly@ana, app@root": who read the old version last. */
static void name_readers(const struct rotation_work *work, char *ret_text, size_t size)
{
    const char *cursor = NULL;
    struct receipt receipt;
    size_t length = 0;
    ret_text[0] = '\0';
    while (receipts_next(&work->subject->key.receipts, &cursor, &receipt))
        if (receipt.version == work->rotation->old_number && length < size)
            length += (size_t)snprintf(ret_text + length, size - length, "%s%s", length ? ", " : "", receipt.consumer);
}

static enum err_code tell_waits(struct rotation_work *work)
{
    char readers[200];
    if (!rotation_lacks_receipts(work->rotation, &work->subject->key)) {
        usage_say(work->rotation, readers, sizeof readers);
        snprintf(work->rotation->detail, sizeof work->rotation->detail, "waits until version %u is used no more: %s",
                 work->rotation->old_number, readers);
        return ERR_OK;
    }
    name_readers(work, readers, sizeof readers);
    snprintf(work->rotation->detail, sizeof work->rotation->detail, "waits until who read version %u has read version %u: %s",
             work->rotation->old_number, work->rotation->new_number, readers);
    return ERR_OK;
}

/* Receipts come by themselves (receipts.c), so until its deadline it need not look; use is asked about. */
static enum err_code wait_for_readers(struct rotation_work *work, int64_t look_at_ms)
{
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);
    if (rotation->deadline_at_ms > now)
        rotation->row.due_at_ms = look_at_ms && look_at_ms < rotation->deadline_at_ms ? look_at_ms
                                                                                      : rotation->deadline_at_ms;
    else if (!rotation->deadline_at_ms)
        rotation->row.due_at_ms = now + work->engine->options.remind_ms;
    return tell_waits(work);
}

enum err_code rotation_do_wait(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);
    int64_t grace_ends = rotation->promoted_at_ms + work->subject->key.grace_ms;
    bool wait = rotation->promoted_at_ms && grace_ends > now && !rotation->emergency && !rotation->replace &&
                !rotation->old_dead;
    rotation->row.due_at_ms = wait ? grace_ends : now;
    if (wait)
        return ERR_OK;
    if (!rotation->emergency && rotation_lacks_receipts(rotation, &work->subject->key))
        return wait_for_readers(work, 0);
    if (!rotation->emergency && !usage_is_quiet(work->engine, work->subject, rotation))
        return wait_for_readers(work, rotation->usage_due_at_ms);
    /* Nothing to wait for: what time would bring comes in this step, but not from time itself, in a circle,
     * nor where what follows is a roll back. */
    if (work->input->event != ROTATION_ON_TIME && work->input->event != ROTATION_ON_OLD_RESTORED)
        follow_up_add(work->engine, false, rotation->row.id, ROTATION_ON_TIME, "engine", 0);
    return ERR_OK;
}

enum err_code rotation_tell_readers(struct rotation_work *work, struct err *err)
{
    char text[300];
    char readers[200];
    (void)err;
    if (!rotation_lacks_receipts(work->rotation, &work->subject->key)) {
        struct vault_rotation *rotation = work->rotation;
        usage_say(rotation, readers, sizeof readers);
        snprintf(rotation->detail, sizeof rotation->detail,
                 "version %u is not known to be out of use: %s. keyturn go-on, or wait on with keyturn retry",
                 rotation->old_number, readers);
        log_warning("engine", "%s/%s: rotation %u: %s", work->subject->key.environment, work->subject->key.name,
                    rotation->number, rotation->detail);
        return ERR_OK;
    }
    name_readers(work, readers, sizeof readers);
    snprintf(text, sizeof text, "not everybody has read the new version: %s. keyturn go-on, or keyturn consumers KEY forget",
             readers);
    return rotation_tell(work, true, text);
}
