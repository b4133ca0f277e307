/* Receipts of consumers: noted when a key is read, and told to the rotation that waits for them. */
#include "calls.h"
#include "engine_private.h"
#include "follow_ups.h"
#include "step.h"
#include "subject.h"

#include "rotation/rotation.h"
#include "vault/receipts.h"

enum { RECEIPT_FRESH_MS = 10 * 60 * 1000 }; /* a read of the same version is noted again after so long */

struct receipt_call {
    const char *who;
    const uint8_t *key_id;
    const struct receipt *receipt; /* or, to forget: */
    const char *consumer;
};

/* The rotation may go on when nobody that it waited for is left. What has a request out hears of it then. */
static enum err_code tell_rotation(struct engine *engine, const struct vault_key *key, const char *who, struct err *err)
{
    struct vault_rotation rotation = {0};
    if (!key->needs_receipts || !key->rotation_state)
        return ERR_OK;
    TRY(vault_get(engine->session, VAULT_ROTATION, key->rotation_id, &rotation.row, err));
    bool settles = rotation.state == ROTATION_SETTLING ||
                   (rotation.state == ROTATION_ATTENTION && rotation.resume_state == ROTATION_SETTLING);
    if (!settles || rotation.intent || receipts_of_version(&key->receipts, rotation.old_number) > 0)
        return ERR_OK;
    follow_up_add(engine, false, rotation.row.id, ROTATION_ON_TIME, who, 0);
    return follow_up_run(engine, err);
}

static enum err_code do_note(struct engine *engine, void *argument, struct err *err)
{
    const struct receipt_call *call = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, call->key_id, &subject, err));
    if (subject.key.current_number != call->receipt->version)
        return ERR_OK; /* it was rotated between the read and this; the next read says more */
    TRY(receipts_note(&subject.key.receipts, call->receipt, err));
    TRY(subject_save(engine, &subject, err));
    return tell_rotation(engine, &subject.key, call->who, err);
}

enum err_code engine_receipt(struct engine *engine, const struct vault_reading *reading, const char *consumer,
                             struct err *err)
{
    struct receipt last;
    struct receipt receipt = {.version = reading->number, .read_at_ms = engine_now(engine)};
    if (reading->number != reading->current_number)
        return ERR_OK;
    if (receipts_find(&reading->receipts, consumer, &last) && last.version == receipt.version &&
        receipt.read_at_ms - last.read_at_ms < RECEIPT_FRESH_MS)
        return ERR_OK;
    COPY_TEXT(receipt.consumer, consumer);
    struct receipt_call call = {.who = consumer, .key_id = reading->key_id, .receipt = &receipt};
    return engine_call(engine, do_note, &call, false, err);
}

static enum err_code do_forget(struct engine *engine, void *argument, struct err *err)
{
    const struct receipt_call *call = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, call->key_id, &subject, err));
    TRY(receipts_forget(&subject.key.receipts, call->consumer, err));
    TRY(subject_save(engine, &subject, err));
    struct audit_entry entry = {.who = call->who, .what = "consumer.forget", .detail = call->consumer};
    TRY(engine_audit(engine, &subject.key, entry, err));
    return tell_rotation(engine, &subject.key, call->who, err);
}

enum err_code engine_consumer_forget(struct engine *engine, const char *who, const struct vault_key *key,
                                     const char *consumer, struct err *err)
{
    struct receipt_call call = {.who = who, .key_id = key->row.id, .consumer = consumer};
    return engine_call(engine, do_forget, &call, false, err);
}
