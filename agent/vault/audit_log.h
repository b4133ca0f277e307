/* The audit log's file: appending, syncing, and checking what is there. */
#ifndef KEYTURN_VAULT_AUDIT_LOG_H
#define KEYTURN_VAULT_AUDIT_LOG_H

#include "schemas.h"

#include "base/buf.h"
#include "base/err.h"
#include "seal/seal.h"

#include <pthread.h>
#include <stdbool.h>

/* Where the log stands: its end, and up to which generation it has the changes. */
struct audit_mark {
    struct audit_position end;
    uint64_t generation;
};

struct audit_log {
    pthread_mutex_t mutex; /* over all below but path */
    const char *path;      /* borrowed */
    int fd;                /* -1: not open */
    struct audit_mark written;
    struct audit_mark synced;
    bool torn;             /* a part of a line may be behind the end */
    struct buf lines;      /* being written */
    struct buf waiting;    /* entries of a committed group that could not be written yet */
    uint64_t waiting_generation;
};

void audit_log_init(struct audit_log *log, const char *path);
void audit_log_release(struct audit_log *log);

/* Open the file; make says that it may be made, empty. It must be a regular file of ours that
 * others cannot write. ERR_TAMPERED: it is gone and must not be. */
enum err_code audit_log_open(struct audit_log *log, bool make, struct err *err) ERR_MUST_CHECK;
void audit_log_close(struct audit_log *log);

/* Write entries (audit_line_write's, one a line) in one piece, after those that wait. All or nothing:
 * after ERR_FULL and ERR_IO the log is as it was. Any thread. */
enum err_code audit_log_append(struct audit_log *log, const struct seal_keys *keys, const char *entries,
                               size_t length, struct err *err) ERR_MUST_CHECK;
/* The same for the entries of a committed generation; those that cannot be written wait. */
void audit_log_append_group(struct audit_log *log, const struct seal_keys *keys, const struct buf *entries,
                            uint64_t generation);
/* Write what waits. Nothing waits: ERR_OK. */
enum err_code audit_log_flush(struct audit_log *log, const struct seal_keys *keys, struct err *err)
    ERR_MUST_CHECK;
/* Make what is written durable. Does not hold up those who append. */
enum err_code audit_log_sync(struct audit_log *log, struct err *err) ERR_MUST_CHECK;
struct audit_mark audit_log_written(struct audit_log *log);
struct audit_mark audit_log_synced(struct audit_log *log);

/* What the lines after the anchor say. */
struct audit_group {
    uint64_t generation;
    size_t entries; /* of changes, in the log */
};
struct audit_findings {
    struct audit_group *groups; /* owned; generations ascending */
    size_t count;
    uint64_t newest_generation; /* of any entry after the anchor; 0: none */
    size_t torn_bytes;          /* of a half-written line at the end */
};
void audit_findings_release(struct audit_findings *findings);
#define OWN_AUDIT_FINDINGS __attribute__((cleanup(audit_findings_release)))

/* Check the log against the anchor: the chain of its last AUDIT_CHECK_BYTES before the anchor and of all
 * after it; sets the log's end. ERR_TAMPERED names the first sequence that does not hold. */
enum { AUDIT_CHECK_BYTES = 1024 * 1024 };
enum err_code audit_log_check(struct audit_log *log, const struct seal_keys *keys,
                              const struct audit_position *anchor, struct audit_findings *ret_findings,
                              struct err *err) ERR_MUST_CHECK;
/* Cut a half-written line off. */
enum err_code audit_log_cut(struct audit_log *log, struct err *err) ERR_MUST_CHECK;
/* The chain from *at on (zeros: the first line), of about most_bytes, and then *at is where it came to;
 * *ret_whole: that is the end. Any thread. */
enum err_code audit_log_verify(struct audit_log *log, const struct seal_keys *keys, struct audit_position *at,
                               uint64_t most_bytes, bool *ret_whole, struct err *err) ERR_MUST_CHECK;
enum err_code audit_log_page(struct audit_log *log, uint64_t after, size_t limit, struct buf *out,
                             uint64_t *ret_last, struct err *err) ERR_MUST_CHECK;

#endif
