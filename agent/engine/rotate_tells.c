/* The effects of the rotation table that tell people: in the rotation's detail and the service log. */
#include "engine_private.h"
#include "rotate_work.h"
#include "slots.h"
#include "subject.h"

#include "base/log.h"

#include <stdio.h>

enum err_code rotation_tell(struct rotation_work *work, bool loud, const char *text)
{
    struct vault_rotation *rotation = work->rotation;
    const struct vault_evidence *evidence = &rotation->evidence;
    const char *detail = work->input->detail;
    if (detail && detail[0])
        snprintf(rotation->detail, sizeof rotation->detail, "%s: %s", text, detail);
    else if (loud && evidence->at_ms && evidence->status)
        snprintf(rotation->detail, sizeof rotation->detail, "%s (%d%s%s)", text, (int)evidence->status,
                 evidence->code[0] ? " " : "", evidence->code);
    else
        COPY_TEXT(rotation->detail, text);
    log_write(loud ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "engine", "%s/%s: rotation %u: %s",
              work->subject->key.environment, work->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

enum err_code rotation_tell_label(struct rotation_work *work, struct err *err)
{
    (void)err;
    char text[300];
    if (subject_replaces(work->subject, work->rotation))
        return rotation_tell(work, true,
                             work->rotation->old_dead
                                 ? "the old key is dead and the answer with the new one was lost: make a new key at the "
                                   "provider and hand it in with keyturn stage"
                                 : "whether the provider replaced the old key is not known: look at it there; keyturn "
                                   "retry asks it again, or make a new key and hand it in with keyturn stage");
    snprintf(text, sizeof text,
             "whether the key was made is not known: look for %s at the provider; hand it in with "
             "keyturn stage, or revoke it there and run keyturn retry",
             work->rotation->label);
    return rotation_tell(work, true, text);
}

#define TELL_FUNCTION(name, loud, text)                                                            \
    enum err_code name(struct rotation_work *work, struct err *err)                                \
    {                                                                                              \
        (void)err;                                                                                 \
        return rotation_tell(work, loud, text);                                                    \
    }

TELL_FUNCTION(rotation_tell_unknown, true, "the API gives no proof; nothing was changed. keyturn retry, or cancel")
TELL_FUNCTION(rotation_tell_unfit, true, "the new key was given up: the API calls it dead or unfit")
TELL_FUNCTION(rotation_tell_old_dead, true, "the old version is dead before its time")
TELL_FUNCTION(rotation_tell_new_dead, true, "the new version is dead or unfit after it was proved")
TELL_FUNCTION(rotation_tell_no_key, true, "the rotation failed")
TELL_FUNCTION(rotation_tell_given_up, false, "given up")
TELL_FUNCTION(rotation_tell_done, false, "done")

enum err_code rotation_tell_refused(struct rotation_work *work, struct err *err)
{
    char text[320];
    TRY(slots_read(work->engine, work->subject, &work->slots, err));
    if (work->slots.held > 1)
        snprintf(text, sizeof text, "the provider refused to issue a key; the old one stays current. It lets %u keys live; "
                 "the versions %s hold some", work->subject->limits->keys, work->slots.names);
    else
        COPY_TEXT(text, "the provider refused to issue a key; the old one stays current");
    return rotation_tell(work, true, text);
}

enum err_code rotation_tell_slots(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    snprintf(rotation->detail, sizeof rotation->detail,
             "its provider lets %u keys live, and the versions %s hold them: nothing was asked for. When one is dead (keyturn "
             "revocations), keyturn retry",
             work->subject->limits->keys, work->slots.names);
    log_warning("engine", "%s/%s: rotation %u: %s", work->subject->key.environment, work->subject->key.name,
                rotation->number, rotation->detail);
    return ERR_OK;
}

enum err_code rotation_tell_remind(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    rotation->waits_for_person = true;
    rotation->row.due_at_ms = engine_now(work->engine) + work->engine->options.remind_ms;
    log_warning("engine", "%s/%s: rotation %u still waits: %s", work->subject->key.environment,
                work->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}
