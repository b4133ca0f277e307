/* The audit log: an append-only JSON-lines file, one entry for every read of a
 * secret and every change.
 *
 *     {"seq":12,"time":"2026-11-23T14:02:07.123Z","generation":40,"who":"uid:0(root)","what":"key.read",
 *      "key":"live/reporting","version":8,"state":"current","row":"R07","verdict":"alive","status":200,
 *      "code":"…","request_id":"…","incident":3,"detail":"…","change":true,"hash":"<64 hex>"}
 *
 * Parts without a value are left out. hash is the keyed BLAKE2b-256 (subkey
 * "audit") of the previous entry's hash and this line up to and without
 * ,"hash":…}; the first entry follows 32 zero bytes. The head record of the
 * store holds the sequence and hash of the log's end at each commit, so a log
 * that was cut off, edited or rewritten is found at unlock (S9).
 *
 * Entries of changes are committed in the store's pending table with the
 * change, then appended, so a crash between the two loses none and doubles
 * none. Entries of reads are written before the answer leaves and synced in groups. */
#ifndef KEYTURN_VAULT_AUDIT_H
#define KEYTURN_VAULT_AUDIT_H

#include <stdint.h>

struct audit_entry {
    const char *who;         /* as the api knows the peer, or "schedule", "engine" */
    const char *what;        /* "key.add", "key.read", "rotation.step", … */
    const char *environment; /* or NULL */
    const char *name;
    uint32_t version;        /* 0: none */
    const char *state;       /* state gone to, or NULL */
    const char *row;         /* "R07", or NULL */
    const char *verdict;     /* or NULL */
    int status;              /* 0: none */
    const char *code;        /* or NULL or "" */
    const char *request_id;
    uint32_t incident;
    const char *detail;      /* no secret */
};

#endif
