/* Appending to the audit log. One write(2) writes whole lines; one that fails half-way is cut back,
 * so that the file ends in a whole line whenever it can. What is read back is in audit_check.c. */
#include "audit_log.h"

#include "audit_line.h"

#include "base/fault.h"
#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void audit_log_init(struct audit_log *log, const char *path)
{
    *log = (struct audit_log){.path = path, .fd = -1};
    (void)pthread_mutex_init(&log->mutex, NULL);
}

void audit_log_release(struct audit_log *log)
{
    audit_log_close(log);
    buf_release(&log->lines);
    buf_release(&log->waiting);
    (void)pthread_mutex_destroy(&log->mutex);
}

enum err_code audit_log_open(struct audit_log *log, bool make, struct err *err)
{
    audit_log_close(log);
    int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    OWN_FD int fd = open(log->path, flags | (make ? O_CREAT : 0), 0600);
    if (fd < 0 && errno == ENOENT && !make)
        return err_set(err, ERR_TAMPERED, "the audit log %s is gone; put it back where it was", log->path);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot open the audit log %s", log->path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at the audit log %s", log->path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "the audit log %s is not a regular file", log->path);
    TRY(file_check_private(fd, log->path, false, err));
    log->fd = GIVE_FD(fd);
    return ERR_OK;
}

void audit_log_close(struct audit_log *log)
{
    if (log->fd >= 0)
        (void)close(log->fd);
    log->fd = -1;
    log->written = (struct audit_mark){0};
    log->synced = (struct audit_mark){0};
    log->torn = false;
    buf_clear(&log->waiting);
}

/* Finish the entries into log->lines, following *end. */
static void log_finish(struct audit_log *log, const struct seal_keys *keys, const char *entries,
                       size_t length, struct audit_position *end)
{
    const char *stop = entries + length;
    for (const char *entry = entries; entry < stop;) {
        const char *feed = memchr(entry, '\n', (size_t)(stop - entry));
        const char *entry_end = feed ? feed : stop;
        audit_line_finish(keys, entry, (size_t)(entry_end - entry), ++end->sequence, end->hash, &log->lines);
        entry = entry_end + 1;
    }
    end->offset += log->lines.length;
}

static enum err_code log_mend(struct audit_log *log, struct err *err)
{
    if (log->torn && ftruncate(log->fd, (off_t)log->written.end.offset) != 0)
        return err_set_errno(err, errno, "cannot cut a half-written line off %s", log->path);
    log->torn = false;
    return ERR_OK;
}

static enum err_code log_write(struct audit_log *log, const struct seal_keys *keys, const char *entries,
                               size_t length, struct err *err)
{
    struct audit_position end = log->written.end;
    TRY(log_mend(log, err));
    buf_clear(&log->lines);
    log_finish(log, keys, entries, length, &end);
    if (!buf_ok(&log->lines))
        return err_set(err, ERR_MEMORY, "out of memory while writing the audit log");
    if (FAULT_FAILS("vault.log.write"))
        return err_set_errno(err, ENOSPC, "cannot write the audit log %s", log->path);
    enum err_code code = file_write_all(log->fd, log->lines.data, log->lines.length, log->path, err);
    if (code != ERR_OK) {
        log->torn = true;
        (void)log_mend(log, NULL); /* tried again before the next line */
        return code;
    }
    log->written.end = end;
    return ERR_OK;
}

static enum err_code log_flush(struct audit_log *log, const struct seal_keys *keys, struct err *err)
{
    if (log->waiting.length == 0)
        return ERR_OK;
    TRY(log_write(log, keys, log->waiting.data, log->waiting.length, err));
    log->written.generation = log->waiting_generation;
    buf_clear(&log->waiting);
    return ERR_OK;
}

enum err_code audit_log_cut(struct audit_log *log, struct err *err)
{
    pthread_mutex_lock(&log->mutex);
    enum err_code code = log_mend(log, err);
    pthread_mutex_unlock(&log->mutex);
    return code;
}

static void log_breathe(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Readers meet here, each for the four microseconds of a line. To sleep and be woken takes longer than
 * to try again for so long (a tenth of all reads); glibc's own adaptive mutex gives up too soon. */
static void log_lock(struct audit_log *log)
{
    enum { TRIES = 200, BREATHS = 4 };
    for (int i = 0; i < TRIES; i++) {
        if (pthread_mutex_trylock(&log->mutex) == 0)
            return;
        for (int j = 0; j < BREATHS; j++)
            log_breathe();
    }
    pthread_mutex_lock(&log->mutex);
}

enum err_code audit_log_append(struct audit_log *log, const struct seal_keys *keys, const char *entries,
                               size_t length, struct err *err)
{
    log_lock(log);
    enum err_code code = log_flush(log, keys, err);
    if (code == ERR_OK)
        code = log_write(log, keys, entries, length, err);
    pthread_mutex_unlock(&log->mutex);
    return code;
}

/* The store holds the entries already, in its pending table. */
void audit_log_append_group(struct audit_log *log, const struct seal_keys *keys, const struct buf *entries,
                            uint64_t generation)
{
    pthread_mutex_lock(&log->mutex);
    buf_add(&log->waiting, entries->data, entries->length);
    log->waiting_generation = generation;
    (void)log_flush(log, keys, NULL);
    pthread_mutex_unlock(&log->mutex);
}

enum err_code audit_log_flush(struct audit_log *log, const struct seal_keys *keys, struct err *err)
{
    pthread_mutex_lock(&log->mutex);
    enum err_code code = log_flush(log, keys, err);
    pthread_mutex_unlock(&log->mutex);
    return code;
}

struct audit_mark audit_log_written(struct audit_log *log)
{
    pthread_mutex_lock(&log->mutex);
    struct audit_mark mark = log->written;
    pthread_mutex_unlock(&log->mutex);
    return mark;
}

struct audit_mark audit_log_synced(struct audit_log *log)
{
    pthread_mutex_lock(&log->mutex);
    struct audit_mark mark = log->synced;
    pthread_mutex_unlock(&log->mutex);
    return mark;
}

enum err_code audit_log_sync(struct audit_log *log, struct err *err)
{
    struct audit_mark mark = audit_log_written(log);
    if (fdatasync(log->fd) != 0)
        return err_set_errno(err, errno, "cannot sync the audit log %s", log->path);
    pthread_mutex_lock(&log->mutex);
    log->synced = mark;
    pthread_mutex_unlock(&log->mutex);
    return ERR_OK;
}
