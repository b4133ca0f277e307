/* Reading the audit log back: what unlocking checks, the whole chain, and pages.
 *
 * Unlocking knows the anchor: sequence, offset and hash of a line that was
 * durable when the head was sealed. The line that ends there must have that
 * hash; the chain before it is followed from AUDIT_CHECK_BYTES ahead of it, so
 * that unlocking does not grow with the log; the chain after it to the end. A
 * part of a line at the end is what a crash leaves, and what a line feed ends is not. */
#include "audit_line.h"
#include "audit_log.h"
#include "audit_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A walk along the chain. */
struct audit_walk {
    const struct seal_keys *keys;
    const char *path;
    struct audit_reader reader;
    struct audit_position at; /* the end of the last line that held */
    bool started;             /* at.sequence and at.hash are known */
    const char *text;         /* the last line; NULL at the end */
    size_t length;
    struct audit_line line;
};

static void walk_release(struct audit_walk *walk)
{
    audit_reader_release(&walk->reader);
}
#define OWN_WALK __attribute__((cleanup(walk_release)))

static enum err_code walk_broken(const struct audit_walk *walk, const char *how, struct err *err)
{
    return err_set(err, ERR_TAMPERED, "the audit log %s %s at sequence %llu", walk->path, how,
                   (unsigned long long)(walk->at.sequence + 1));
}

/* One line on. A walk that starts in the middle takes its first line's hash as given. */
static enum err_code walk_next(struct audit_walk *walk, struct err *err)
{
    TRY(audit_reader_next(&walk->reader, &walk->text, &walk->length, err));
    if (!walk->text)
        return ERR_OK;
    if (!audit_line_parse(walk->text, walk->length, &walk->line))
        return walk_broken(walk, "holds something that is not an entry", err);
    if (walk->started && walk->line.sequence != walk->at.sequence + 1)
        return walk_broken(walk, "lacks entries", err);
    if (walk->started && !audit_line_holds(walk->keys, walk->at.hash, walk->text, &walk->line))
        return walk_broken(walk, "was edited", err);
    walk->started = true;
    walk->at.sequence = walk->line.sequence;
    walk->at.offset = walk->reader.offset;
    memcpy(walk->at.hash, walk->line.hash, sizeof walk->at.hash);
    return ERR_OK;
}

static enum err_code walk_start(struct audit_walk *walk, struct audit_log *log, const struct seal_keys *keys,
                                uint64_t offset, uint64_t limit, struct err *err)
{
    walk->keys = keys;
    walk->path = log->path;
    audit_reader_start(&walk->reader, log->fd, 0, limit);
    TRY(audit_reader_align(&walk->reader, offset, err));
    walk->started = walk->reader.offset == 0;
    walk->at.offset = walk->reader.offset;
    return ERR_OK;
}

/* --- Unlocking ----------------------------------------------------------- */

static enum err_code check_up_to_anchor(struct audit_walk *walk, const struct audit_position *anchor,
                                        struct err *err)
{
    while (walk->at.offset < anchor->offset) {
        TRY(walk_next(walk, err));
        if (!walk->text)
            break;
    }
    if (walk->at.offset < anchor->offset)
        return err_set(err, ERR_TAMPERED,
                       "the audit log %s ends after sequence %llu; the vault knows it up to %llu: "
                       "entries were cut off",
                       walk->path, (unsigned long long)walk->at.sequence,
                       (unsigned long long)anchor->sequence);
    if (anchor->sequence > 0 &&
        (walk->at.sequence != anchor->sequence || walk->at.offset != anchor->offset ||
         memcmp(walk->at.hash, anchor->hash, sizeof anchor->hash) != 0))
        return err_set(err, ERR_TAMPERED, "the audit log %s was rewritten at or before sequence %llu",
                       walk->path, (unsigned long long)anchor->sequence);
    return ERR_OK;
}

/* Count an entry of a change to its generation's. */
static enum err_code findings_count(struct audit_findings *findings, uint64_t generation, struct err *err)
{
    struct audit_group *last = findings->count > 0 ? &findings->groups[findings->count - 1] : NULL;
    if (last && last->generation == generation) {
        last->entries++;
        return ERR_OK;
    }
    struct audit_group *groups = reallocarray(findings->groups, findings->count + 1, sizeof *groups);
    if (!groups)
        return err_set(err, ERR_MEMORY, "out of memory while checking the audit log");
    findings->groups = groups;
    groups[findings->count++] = (struct audit_group){.generation = generation, .entries = 1};
    return ERR_OK;
}

void audit_findings_release(struct audit_findings *findings)
{
    free(findings->groups);
    *findings = (struct audit_findings){0};
}

static enum err_code check_after_anchor(struct audit_walk *walk, struct audit_findings *findings,
                                        struct err *err)
{
    for (;;) {
        TRY(walk_next(walk, err));
        if (!walk->text)
            return ERR_OK;
        if (walk->line.generation > findings->newest_generation)
            findings->newest_generation = walk->line.generation;
        if (walk->line.change)
            TRY(findings_count(findings, walk->line.generation, err));
    }
}

enum err_code audit_log_check(struct audit_log *log, const struct seal_keys *keys,
                              const struct audit_position *anchor, struct audit_findings *ret_findings,
                              struct err *err)
{
    struct stat status;
    if (fstat(log->fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at the audit log %s", log->path);
    uint64_t size = (uint64_t)status.st_size;
    uint64_t start = anchor->offset > AUDIT_CHECK_BYTES ? anchor->offset - AUDIT_CHECK_BYTES : 0;
    OWN_WALK struct audit_walk walk = {0};
    OWN_AUDIT_FINDINGS struct audit_findings findings = {0};
    TRY(walk_start(&walk, log, keys, start, size, err));
    TRY(check_up_to_anchor(&walk, anchor, err));
    TRY(check_after_anchor(&walk, &findings, err));
    findings.torn_bytes = (size_t)(size - walk.at.offset);
    log->written = (struct audit_mark){.end = walk.at, .generation = findings.newest_generation};
    log->synced = (struct audit_mark){.end = *anchor};
    log->torn = findings.torn_bytes > 0;
    *ret_findings = findings;
    findings = (struct audit_findings){0};
    return ERR_OK;
}

/* --- Reading back -------------------------------------------------------- */

enum err_code audit_log_verify(struct audit_log *log, const struct seal_keys *keys, struct audit_position *at,
                               uint64_t most_bytes, bool *ret_whole, struct err *err)
{
    struct audit_position end = audit_log_written(log).end;
    uint64_t stop = at->offset + most_bytes;
    OWN_WALK struct audit_walk walk = {.keys = keys, .path = log->path, .at = *at, .started = true};
    audit_reader_start(&walk.reader, log->fd, at->offset, end.offset);
    do
        TRY(walk_next(&walk, err));
    while (walk.text && walk.at.offset < stop);
    *at = walk.at;
    *ret_whole = !walk.text;
    if (walk.text)
        return ERR_OK;
    if (walk.at.sequence < end.sequence)
        return walk_broken(&walk, "was cut off", err);
    if (memcmp(walk.at.hash, end.hash, sizeof end.hash) != 0)
        return walk_broken(&walk, "was rewritten", err);
    return ERR_OK;
}

enum err_code audit_log_page(struct audit_log *log, uint64_t after, size_t limit, struct buf *out,
                             uint64_t *ret_last, struct err *err)
{
    OWN_AUDIT_READER struct audit_reader reader;
    audit_reader_start(&reader, log->fd, 0, audit_log_written(log).end.offset);
    TRY(audit_reader_seek(&reader, after, err));
    uint64_t last = after;
    for (size_t given = 0; given < limit; given++) {
        const char *text = NULL;
        size_t length = 0;
        struct audit_line line;
        TRY(audit_reader_next(&reader, &text, &length, err));
        if (!text)
            break;
        if (!audit_line_parse(text, length, &line))
            return err_set(err, ERR_TAMPERED, "the audit log %s holds something that is not an entry after sequence %llu",
                           log->path, (unsigned long long)last);
        if (given > 0)
            buf_add(out, ",", 1);
        buf_add(out, text, length);
        last = line.sequence;
    }
    if (!buf_ok(out))
        return err_set(err, ERR_MEMORY, "out of memory while reading the audit log");
    *ret_last = last;
    return ERR_OK;
}
