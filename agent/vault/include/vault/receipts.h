/* Receipts: which consumers of a key read its current secret from the agent, which version each of
 * them read last, and when. Kept in the key's own record, so that they are there wherever a rotation
 * of the key is decided. Text functions; no store, no clock. */
#ifndef KEYTURN_VAULT_RECEIPTS_H
#define KEYTURN_VAULT_RECEIPTS_H

#include "base/err.h"
#include "vault/model.h"

/* A consumer is the peer's account, or what it calls itself at that account: "nightly@ana". */
enum { RECEIPT_CONSUMER_BYTES = 2 * LIMIT_NAME_BYTES + 1, RECEIPTS_MOST = 64 };

struct receipt {
    char consumer[RECEIPT_CONSUMER_BYTES + 1];
    uint32_t version;
    int64_t read_at_ms;
};

/* The next receipt of a key (struct vault_key's receipts), in the order in which they were last
 * noted. *cursor: NULL at first. false: there is no other. */
bool receipts_next(const struct vault_text *receipts, const char **cursor, struct receipt *ret_receipt);
bool receipts_find(const struct vault_text *receipts, const char *consumer, struct receipt *ret_receipt);

/* Put a receipt in the place of that consumer's last one. Where RECEIPTS_MOST consumers are known, the
 * one that read that version longest ago is forgotten; where none of them has read it yet, the new one
 * is not noted: as many are waited for already. ERR_MEMORY. */
enum err_code receipts_note(struct vault_text *receipts, const struct receipt *receipt, struct err *err) ERR_MUST_CHECK;
/* ERR_NOT_FOUND: nobody of that name has read the key. */
enum err_code receipts_forget(struct vault_text *receipts, const char *consumer, struct err *err) ERR_MUST_CHECK;

/* How many consumers read that version last: they have not moved on. */
size_t receipts_of_version(const struct vault_text *receipts, uint32_t version);

#endif
