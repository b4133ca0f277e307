#include "common/journal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOURNAL_KEPT = 65536 };

struct journal {
    const struct clock *clock;
    int fd; /* -1 without a file */
    uint64_t sequence;
    struct buf line; /* reused, so that an entry allocates nothing */
    struct journal_entry ring[JOURNAL_KEPT];
};

enum err_code journal_open(const char *path, const struct clock *clock, struct journal **ret_journal,
                           struct err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return err_set(err, ERR_MEMORY, "out of memory for the journal");
    journal->clock = clock;
    journal->fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (path && journal->fd < 0) {
        journal_close(journal);
        return err_set_errno(err, errno, "the journal %s cannot be opened", path);
    }
    *ret_journal = journal;
    return ERR_OK;
}

struct journal *journal_close(struct journal *journal)
{
    if (!journal)
        return NULL;
    if (journal->fd >= 0)
        close(journal->fd);
    buf_release(&journal->line);
    free(journal);
    return NULL;
}

static void write_entry(const struct journal_entry *entry, struct buf *out)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "sequence", (int64_t)entry->sequence);
    json_put_time(out, "time", entry->wall_ms);
    json_put_string(out, "port", entry->port);
    json_put_string(out, "method", entry->method);
    json_put_string(out, "target", entry->target);
    json_put_string(out, "credential", entry->credential);
    json_put_string(out, "hash", entry->hash[0] ? entry->hash : NULL);
    json_put_string(out, "key_id", entry->key_id[0] ? entry->key_id : NULL);
    json_put_string(out, "key_name", entry->key_name[0] ? entry->key_name : NULL);
    json_put_string(out, "environment", entry->environment);
    json_put_string(out, "request_id", entry->request_id[0] ? entry->request_id : NULL);
    if (entry->status)
        json_put_integer(out, "status", entry->status);
    else
        json_put_null(out, "status");
    json_put_string(out, "code", entry->code);
    json_put_string(out, "fault", entry->fault);
    json_put_string(out, "effect", entry->effect);
    json_put_object_close(out);
}

/* A journal with a hole proves nothing, so the first line that cannot be
 * written ends the file, and says so. */
static void append_line(struct journal *journal, const struct journal_entry *entry)
{
    struct err err = {0};
    buf_clear(&journal->line);
    write_entry(entry, &journal->line);
    buf_text_add(&journal->line, "\n");
    if (file_write_all(journal->fd, journal->line.data, journal->line.length, "the journal", &err) == ERR_OK)
        return;
    log_error("sim", "the journal ends at entry %llu: %s", (unsigned long long)entry->sequence, err.message);
    close(journal->fd);
    journal->fd = -1;
}

void journal_add(struct journal *journal, const struct journal_entry *entry)
{
    if (!journal)
        return;
    struct journal_entry *kept = &journal->ring[journal->sequence % JOURNAL_KEPT];
    *kept = *entry;
    kept->sequence = ++journal->sequence;
    kept->wall_ms = clock_wall_ms(journal->clock);
    if (journal->fd >= 0)
        append_line(journal, kept);
}

void journal_write(const struct journal *journal, uint64_t since, struct buf *out)
{
    json_put_array_open(out, NULL);
    uint64_t last = journal ? journal->sequence : 0;
    uint64_t first = last > JOURNAL_KEPT ? last - JOURNAL_KEPT : 0;
    for (uint64_t at = since > first ? since : first; at < last; at++)
        write_entry(&journal->ring[at % JOURNAL_KEPT], out);
    json_put_array_close(out);
}
