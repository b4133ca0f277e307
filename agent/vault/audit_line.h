/* The text of an audit entry, and what a line of the log says. audit.h has the format. */
#ifndef KEYTURN_VAULT_AUDIT_LINE_H
#define KEYTURN_VAULT_AUDIT_LINE_H

#include "base/buf.h"
#include "seal/seal.h"
#include "vault/audit.h"

#include <stdbool.h>

/* Append an entry as {"time":…} without its sequence and hash, which it gets when it is written. */
void audit_line_write(struct buf *out, const struct audit_entry *entry, int64_t wall_ms,
                      uint64_t generation, bool change);

/* Append entry as line sequence of the log, with the line feed; previous is the
 * hash before it and becomes this line's. */
void audit_line_finish(const struct seal_keys *keys, const char *entry, size_t length,
                       uint64_t sequence, uint8_t previous[32], struct buf *out);

/* A line of the log, taken apart. */
struct audit_line {
    uint64_t sequence;
    uint64_t generation;
    bool change;
    size_t body_length; /* the part that the hash covers, after the hash before it */
    uint8_t hash[32];
};
/* text is a line without its line feed. False: not a line of ours. */
bool audit_line_parse(const char *text, size_t length, struct audit_line *ret_line);
/* Does the line follow that hash? */
bool audit_line_holds(const struct seal_keys *keys, const uint8_t previous[32], const char *text,
                      const struct audit_line *line);

#endif
