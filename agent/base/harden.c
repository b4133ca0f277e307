/* What the process does once so that its memory stays its own (S6): no core
 * dumps, no ptrace by others, no swap. */
#include "base/secret.h"

#include <errno.h>
#include <linux/capability.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Enough for the largest secret. Only address space and the limit are asked:
 * with MLOCK_ONFAULT no page of it is touched. */
enum { HARDEN_TRIAL_BYTES = 1024 * 1024 };

/* The sanitizers map terabytes of shadow memory, and answer mlock themselves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HARDEN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HARDEN_SANITIZED 1
#endif
#endif
#ifndef HARDEN_SANITIZED
#define HARDEN_SANITIZED 0
#endif

static enum err_code harden_forbid_dumps(struct err *err)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return err_set_errno(err, errno, "cannot forbid core dumps");
    /* A pipe in core_pattern gets the dump whatever the limit says; not being
     * dumpable holds there, too, and keeps other processes of the user out. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set_errno(err, errno, "cannot make the process undumpable");
    return ERR_OK;
}

static enum err_code harden_refuse_unlocked(int sys, struct err *err)
{
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    (void)err_set_errno(err, sys,
                        "cannot lock memory, so secrets could reach the swap (the limit is %llu KiB); "
                        "raise it to 8 MiB or more: LimitMEMLOCK=8M in the systemd unit, or "
                        "ulimit -l 8192 in the shell",
                        (unsigned long long)(limit.rlim_cur / 1024));
    if (err)
        err->code = ERR_MEMORY; /* EPERM and EAGAIN, too, mean just this here */
    return ERR_MEMORY;
}

/* Valgrind has no mlock2, which glibc reports as an invalid flag; there the pages
 * are touched, once. */
static int harden_lock(void *pages, size_t bytes)
{
    if (mlock2(pages, bytes, MLOCK_ONFAULT) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    return mlock(pages, bytes) == 0 ? 0 : errno;
}

static enum err_code harden_check_lock(struct err *err)
{
    void *trial = mmap(NULL, HARDEN_TRIAL_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial == MAP_FAILED)
        return err_set_errno(err, errno, "cannot map memory");
    int sys = harden_lock(trial, HARDEN_TRIAL_BYTES);
    (void)munmap(trial, HARDEN_TRIAL_BYTES);
    return sys == 0 ? ERR_OK : harden_refuse_unlocked(sys, err);
}

static bool harden_may_lock_all(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
        return true;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & 1u << CAP_IPC_LOCK);
}

/* Libraries copy what passes through them: curl its headers, OpenSSL its records.
 * Where the system lets us, all memory is locked as it is touched. Under a limit
 * that would make later allocations fail, so there only secrets are locked. */
void secret_lock_all(void)
{
    if (!HARDEN_SANITIZED && harden_may_lock_all())
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

enum err_code secret_init(struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_INTERNAL, "libsodium does not start");
    TRY(harden_forbid_dumps(err));
    return harden_check_lock(err);
}
