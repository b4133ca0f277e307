/* The tables of fields of everything that is sealed as metadata. */
#ifndef KEYTURN_VAULT_SCHEMAS_H
#define KEYTURN_VAULT_SCHEMAS_H

#include "codec.h"
#include "vault/model.h"

#include "seal/digest.h"
#include "seal/slot.h"
#include "store/store.h"

/* Any record, for code that does not know the kind. */
union vault_record {
    struct vault_row row;
    struct vault_key key;
    struct vault_version version;
    struct vault_delivery delivery;
    struct vault_rotation rotation;
    struct vault_revocation revocation;
    struct vault_incident incident;
    struct vault_notice notice;
    struct vault_label label;
};

/* A kind's fields, the table of the store where it lives, and its name in messages. */
struct vault_shape {
    enum store_table table;
    const struct codec_schema *schema;
    const char *name;
};
const struct vault_shape *vault_shape(enum vault_kind kind);

/* A place in the audit log: the end of the line with that sequence. */
struct audit_position {
    uint64_t sequence; /* 0: the log's start */
    uint64_t offset;   /* bytes before it */
    uint8_t hash[32];
};

enum { VAULT_DIGEST_SLOTS = STORE_TABLE_END, VAULT_DIGEST_COUNT = STORE_TABLE_END + 1 };

/* The head: what holds the rows together. Sealed anew in each transaction. */
struct vault_head {
    uint64_t generation;
    struct seal_digest digests[VAULT_DIGEST_COUNT]; /* by enum store_table; the last is of the slots */
    struct audit_position anchor;                   /* durable end of the log */
    uint32_t last_incident;
    uint32_t last_slot;
    uint8_t vault_id[VAULT_ID_BYTES];
    int64_t made_at_ms;
};
extern const struct codec_schema vault_head_schema;

/* A slot in clear, as the store keeps it. */
struct vault_slot {
    uint32_t number;
    uint32_t kind;
    uint64_t passes;
    uint64_t memory_bytes;
    uint8_t salt[SEAL_SLOT_SALT_BYTES];
    uint8_t wrapped[SEAL_SLOT_WRAPPED_BYTES];
    int64_t created_at_ms;
};
extern const struct codec_schema vault_slot_schema;

#endif
