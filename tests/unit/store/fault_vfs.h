/* A VFS of SQLite's that passes every call on and fails some, as SQLite's own tests do.
 *
 * It becomes the default VFS, so the code under test needs no hook. Calls that
 * open, write, sync, truncate, delete or map are counted; the one with the
 * number `at` fails, once, or with all after it (as if the process had died
 * there: nothing reaches the disk any more). A failing write may leave the first half of
 * its bytes. */
#ifndef KEYTURN_TESTS_FAULT_VFS_H
#define KEYTURN_TESTS_FAULT_VFS_H

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct fault_plan {
    long at;       /* 0: none */
    bool for_good; /* that call and all after it */
    bool torn;     /* a failing write leaves half of its bytes */
    int write_rc;  /* what a failing write says: SQLITE_IOERR_WRITE or SQLITE_FULL */
    int sys;       /* the errno that a failing call leaves */
    long calls;    /* counted */
    long failed;
};

struct fault_file {
    sqlite3_file base;
    struct fault_plan *plan;
    sqlite3_file *real;
};

static struct fault_plan fault_plan;

static inline bool fault_fails(struct fault_plan *plan)
{
    plan->calls++;
    bool fails = plan->at > 0 && (plan->for_good ? plan->calls >= plan->at : plan->calls == plan->at);
    plan->failed += fails;
    return fails;
}

static inline struct fault_file *fault_of(sqlite3_file *file)
{
    return (struct fault_file *)(void *)file;
}
#define REAL(file) fault_of(file)->real

static inline int fault_close(sqlite3_file *file)
{
    return REAL(file)->pMethods ? REAL(file)->pMethods->xClose(REAL(file)) : SQLITE_OK;
}
static inline int fault_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
    return REAL(file)->pMethods->xRead(REAL(file), bytes, count, at);
}
static inline int fault_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    struct fault_plan *plan = fault_of(file)->plan;
    if (!fault_fails(plan))
        return REAL(file)->pMethods->xWrite(REAL(file), bytes, count, at);
    if (plan->torn && plan->calls == plan->at)
        (void)REAL(file)->pMethods->xWrite(REAL(file), bytes, count / 2, at);
    return plan->write_rc;
}
static inline int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fault_fails(fault_of(file)->plan))
        return SQLITE_IOERR_TRUNCATE;
    return REAL(file)->pMethods->xTruncate(REAL(file), size);
}
static inline int fault_sync(sqlite3_file *file, int flags)
{
    if (fault_fails(fault_of(file)->plan))
        return SQLITE_IOERR_FSYNC;
    return REAL(file)->pMethods->xSync(REAL(file), flags);
}
static inline int fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}
static inline int fault_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}
static inline int fault_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}
static inline int fault_reserved(sqlite3_file *file, int *out)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}
static inline int fault_control(sqlite3_file *file, int op, void *argument)
{
    if (op == SQLITE_FCNTL_LAST_ERRNO && fault_of(file)->plan->failed > 0) {
        *(int *)argument = fault_of(file)->plan->sys;
        return SQLITE_OK;
    }
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}
static inline int fault_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}
static inline int fault_device(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static inline int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    if (fault_fails(fault_of(file)->plan))
        return SQLITE_IOERR_SHMMAP;
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}
static inline int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static inline void fault_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}
static inline int fault_shm_unmap(sqlite3_file *file, int remove)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_device,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static inline sqlite3_vfs *fault_real(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static inline int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct fault_file *fault = fault_of(file);
    fault->base.pMethods = NULL;
    fault->plan = &fault_plan;
    fault->real = (sqlite3_file *)(void *)(fault + 1);
    if (fault_fails(&fault_plan))
        return SQLITE_CANTOPEN;
    int rc = fault_real(vfs)->xOpen(fault_real(vfs), name, fault->real, flags, out);
    if (rc == SQLITE_OK || fault->real->pMethods)
        fault->base.pMethods = &fault_methods;
    return rc;
}

static inline int fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    if (fault_fails(&fault_plan))
        return SQLITE_IOERR_DELETE;
    return fault_real(vfs)->xDelete(fault_real(vfs), name, sync);
}

static inline int fault_errno(sqlite3_vfs *vfs, int count, char *text)
{
    return fault_plan.failed > 0 ? fault_plan.sys
                                 : fault_real(vfs)->xGetLastError(fault_real(vfs), count, text);
}

static sqlite3_vfs fault_vfs;

/* Put it before the real one, for the life of the process. */
static inline void fault_vfs_install(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (real == &fault_vfs)
        return;
    fault_vfs = *real;
    fault_vfs.pNext = NULL;
    fault_vfs.zName = "fault";
    fault_vfs.pAppData = real;
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
    fault_vfs.xOpen = fault_open;
    fault_vfs.xDelete = fault_delete;
    fault_vfs.xGetLastError = fault_errno;
    (void)sqlite3_vfs_register(&fault_vfs, 1);
}

#endif
