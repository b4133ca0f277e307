/* Files: who can read them at every moment, what is refused, and what stays when
 * writing fails. */
#include "delivery/bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct stat status_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status;
}

static mode_t mode_of(const char *path)
{
    return status_of(path).st_mode & 07777;
}

static void take_away(struct bench *bench)
{
    char json[2048];
    bench_operate(bench, bench_file(bench, "", json), DELIVERY_TAKE_AWAY, NULL);
}

/* Put to a path of the folder other than bench->file. */
static void put_at(struct bench *bench, const char *name)
{
    char file[300];
    memcpy(file, bench->file, sizeof file);
    (void)snprintf(bench->file, sizeof bench->file, "%.200s/%s", bench->folder, name);
    bench_put_file(bench, "", "new");
    memcpy(bench->file, file, sizeof file);
}

static void path_in(const struct bench *bench, const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/%s", bench->folder, name);
}

static void test_mode_is_0600_unless_named_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0277};
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < 4; i++) {
        mode_t before = umask(masks[i]);
        (void)unlink(bench.file);
        bench_put_file(&bench, "", "s3cret");
        umask(before);
        assert_done(&bench, "written");
        assert_int_equal(mode_of(bench.file), 0600);
    }
    bench_put_file(&bench, ",\"mode\":\"0440\"", "s3cret");
    assert_int_equal(mode_of(bench.file), 0440);
    assert_int_equal(bench_count(bench.folder), 1);
    bench_close(&bench);
}

static void test_mode_of_an_existing_file_is_kept_but_never_for_everybody(void **state)
{
    (void)state;
    static const struct {
        mode_t before;
        mode_t after;
    } cases[] = {{0640, 0640}, {0660, 0660}, {0644, 0640}, {0777, 0660}, {0000, 0400}};
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)unlink(bench.file);
        bench_write(bench.file, "old", cases[i].before);
        bench_put_file(&bench, "", "new");
        assert_done(&bench, "written");
        assert_int_equal(mode_of(bench.file), cases[i].after);
    }
    bench_close(&bench);
}

static void test_owner_and_group_are_set_or_kept(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, ",\"owner\":\"daemon\",\"group\":\"12\",\"mode\":\"0640\"", "s3cret");
    assert_done(&bench, "written");
    struct stat status = status_of(bench.file);
    assert_int_equal(status.st_uid, 1);
    assert_int_equal(status.st_gid, 12);
    bench_put_file(&bench, "", "s3cret");
    status = status_of(bench.file);
    assert_int_equal(status.st_uid, 1);
    assert_int_equal(status.st_gid, 12);
    assert_int_equal(status.st_mode & 07777, 0640);
    bench_close(&bench);
}

static void test_unknown_owner_or_group_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, ",\"owner\":\"keyturn-nobody-has-it\"", "s3cret");
    assert_failed(&bench, false, "owner: there is no keyturn-nobody-has-it");
    bench_put_file(&bench, ",\"group\":\"keyturn-nobody-has-it\"", "s3cret");
    assert_failed(&bench, false, "group: there is no keyturn-nobody-has-it");
    assert_int_equal(bench_count(bench.folder), 0);
    bench_close(&bench);
}

static void test_symlinks_are_refused_and_their_targets_left_alone(void **state)
{
    (void)state;
    char target[512];
    char folder[512];
    char link[512];
    struct bench bench;
    bench_open(&bench);
    path_in(&bench, "target", target);
    path_in(&bench, "folder", folder);
    path_in(&bench, "link", link);
    bench_write(target, "old", 0600);
    assert_int_equal(symlink(target, bench.file), 0);
    bench_put_file(&bench, "", "new");
    assert_failed(&bench, false, "is a symlink");
    take_away(&bench);
    assert_failed(&bench, false, "is a symlink");
    assert_content(target, "old");
    assert_int_equal(unlink(bench.file), 0);
    assert_int_equal(symlink("/nonexistent/keyturn", bench.file), 0);
    bench_put_file(&bench, "", "new");
    assert_failed(&bench, false, "is a symlink");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink(folder, link), 0);
    put_at(&bench, "link/file");
    assert_failed(&bench, false, "/link is a symlink");
    assert_int_equal(bench_count(folder), 0);
    bench_close(&bench);
}

static void test_what_is_not_a_regular_file_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    assert_int_equal(mkdir(bench.file, 0700), 0);
    bench_put_file(&bench, "", "new");
    assert_failed(&bench, false, "not a regular file");
    take_away(&bench);
    assert_failed(&bench, false, "not a regular file");
    assert_int_equal(rmdir(bench.file), 0);
    assert_int_equal(mkfifo(bench.file, 0600), 0);
    bench_put_file(&bench, "", "new");
    assert_failed(&bench, false, "not a regular file");
    put_at(&bench, "amps.env/file");
    assert_failed(&bench, false, "amps.env");
    bench_close(&bench);
}

static void test_folders_that_others_may_change_are_refused(void **state)
{
    (void)state;
    char folder[512];
    char inner[512];
    struct bench bench;
    bench_open(&bench);
    path_in(&bench, "open", folder);
    path_in(&bench, "open/inner", inner);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(inner, 0700), 0);
    static const struct {
        mode_t mode;
        bool holds_file;   /* put into open itself */
        bool holds_folder; /* put into open/inner */
    } cases[] = {{0755, true, true}, {0775, false, false}, {0757, false, false}, {01777, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(chmod(folder, cases[i].mode), 0);
        put_at(&bench, "open/file");
        assert_int_equal(bench.result.done, cases[i].holds_file);
        if (!cases[i].holds_file)
            assert_failed(&bench, false, "run chmod go-w");
        put_at(&bench, "open/inner/file");
        assert_int_equal(bench.result.done, cases[i].holds_folder);
    }
    bench_close(&bench);
}

static void test_a_folder_of_somebody_else_is_refused_unless_the_file_is_theirs(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct bench bench;
    bench_open(&bench);
    assert_int_equal(chown(bench.folder, 1, 1), 0);
    bench_put_file(&bench, "", "new");
    assert_failed(&bench, false, "belongs to user 1");
    bench_put_file(&bench, ",\"owner\":\"daemon\"", "new");
    assert_done(&bench, "written");
    assert_int_equal(status_of(bench.file).st_uid, 1);
    bench_close(&bench);
}

static void test_a_missing_folder_is_named(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put_at(&bench, "missing/file");
    assert_failed(&bench, false, "there is no folder ");
    assert_failed(&bench, false, "/missing");
    bench_close(&bench);
}

static void test_taking_away_removes_and_may_be_repeated(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, "", "s3cret");
    take_away(&bench);
    assert_done(&bench, "removed");
    assert_int_equal(bench_count(bench.folder), 0);
    take_away(&bench);
    assert_done(&bench, "removed");
    char json[2048];
    (void)snprintf(json, sizeof json, "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/missing/x\"}", bench.folder);
    bench_operate(&bench, json, DELIVERY_TAKE_AWAY, NULL);
    assert_done(&bench, "removed");
    bench_close(&bench);
}

static void test_temporary_files_of_a_crash_are_removed_and_no_others(void **state)
{
    (void)state;
    static const char *const names[] = {
        ".amps.env.keyturn-0123456789abcdef",  /* stale */
        ".amps.env.keyturn-fedcba9876543210",  /* stale, but locked */
        ".amps.env.keyturn-0123456789abcde",   /* a digit short */
        ".amps.env.keyturn-0123456789abcdeff", /* a digit long */
        ".other.env.keyturn-0123456789abcdef", /* of another file */
        "amps.env.keyturn-0123456789abcdef",
    };
    char path[512];
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < 6; i++) {
        path_in(&bench, names[i], path);
        bench_write(path, "half", 0600);
    }
    path_in(&bench, names[1], path);
    int busy = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(busy, LOCK_EX), 0);
    bench_put_file(&bench, "", "new");
    assert_done(&bench, "written");
    for (size_t i = 0; i < 6; i++) {
        path_in(&bench, names[i], path);
        assert_int_equal(access(path, F_OK), i == 0 ? -1 : 0);
    }
    (void)close(busy);
    take_away(&bench);
    path_in(&bench, names[1], path);
    assert_int_equal(access(path, F_OK), -1);
    bench_close(&bench);
}

struct watch {
    const char *folder;
    atomic_bool stop;
    atomic_bool seen; /* something that everybody or the group may touch, or a wrong content */
    atomic_ulong looks;
};

/* Looks at each name in the folder again and again, and reads what is at the path. */
static void *watch_folder(void *context)
{
    struct watch *watch = context;
    while (!atomic_load(&watch->stop)) {
        DIR *entries = opendir(watch->folder);
        for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
            struct stat status;
            char content[8] = "";
            bool hidden = entry->d_name[0] == '.';
            int fd = openat(dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
                if (fd >= 0)
                    (void)close(fd);
                continue;
            }
            bool open_to_all = (status.st_mode & 0077) != 0;
            bool whole = read(fd, content, sizeof content - 1) == 3 &&
                         (strcmp(content, "old") == 0 || strcmp(content, "new") == 0);
            if (open_to_all || (!hidden && !whole))
                atomic_store(&watch->seen, true);
            atomic_fetch_add(&watch->looks, 1);
            (void)close(fd);
        }
        (void)closedir(entries);
    }
    return NULL;
}

static void test_S10_never_open_to_others_nor_half_for_a_moment(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, "", "old");
    struct watch watch = {.folder = bench.folder};
    pthread_t thread;
    mode_t before = umask(0);
    assert_int_equal(pthread_create(&thread, NULL, watch_folder, &watch), 0);
    for (int i = 0; i < 300; i++)
        bench_put_file(&bench, "", i % 2 ? "old" : "new");
    while (atomic_load(&watch.looks) < 100) {
    }
    atomic_store(&watch.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    umask(before);
    assert_false(atomic_load(&watch.seen));
    bench_close(&bench);
}

static void test_S10_file_too_large_for_the_limit_leaves_the_old(void **state)
{
    (void)state;
    struct rlimit before;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, "", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bench_put_file(&bench, "", "new");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_failed(&bench, false, "cannot write");
    assert_content(bench.file, "old");
    assert_int_equal(bench_count(bench.folder), 1);
    bench_close(&bench);
}

/* A file system of its own: 16 KiB, or read-only. */
static bool mount_small(const struct bench *bench, unsigned long flags)
{
    return geteuid() == 0 && mount("none", bench->folder, "tmpfs", flags, "size=16k,mode=0700") == 0;
}

static void test_S10_full_disk_leaves_the_old_and_passes(void **state)
{
    (void)state;
    static char large[60 * 1024];
    memset(large, 'k', sizeof large - 1);
    struct bench bench;
    bench_open(&bench);
    if (!mount_small(&bench, 0)) {
        bench_close(&bench);
        skip();
    }
    bench_put_file(&bench, "", "old");
    assert_done(&bench, "written");
    bench_put_file(&bench, "", large);
    struct delivery_result result = bench.result;
    size_t left = bench_count(bench.folder);
    assert_content(bench.file, "old");
    bench_put_file(&bench, "", "new");
    bool done = bench.result.done;
    assert_int_equal(umount(bench.folder), 0);
    bench.result = result;
    assert_failed(&bench, true, "No space left");
    assert_int_equal(left, 1);
    assert_true(done);
    bench_close(&bench);
}

static void test_S10_read_only_disk_leaves_the_old_and_waits_for_a_person(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    if (!mount_small(&bench, 0)) {
        bench_close(&bench);
        skip();
    }
    bench_put_file(&bench, "", "old");
    assert_int_equal(mount("none", bench.folder, "tmpfs", MS_REMOUNT | MS_RDONLY, ""), 0);
    bench_put_file(&bench, "", "new");
    struct delivery_result result = bench.result;
    assert_content(bench.file, "old");
    assert_int_equal(umount(bench.folder), 0);
    bench.result = result;
    assert_failed(&bench, false, "Read-only");
    bench_close(&bench);
}

/* As a user without rights; in a process of its own where we are root. */
static void test_a_folder_we_may_not_write_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, "", "old");
    assert_int_equal(chmod(bench.folder, 0555), 0);
    char json[2048];
    (void)bench_file(&bench, ",\"owner\":\"root\"", json);
    pid_t child = fork();
    if (child == 0) {
        struct bench inner = bench;
        struct err err;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(9);
        (void)bench_file(&bench, geteuid() == 65534 ? ",\"owner\":\"root\"" : "", json);
        sem_init(&inner.ended, 0, 0);
        if (work_pool_new(1, bench_wake, &inner, &inner.pool, &err) != ERR_OK)
            _exit(8);
        inner.runner.work = inner.pool;
        bench_put(&inner, json, "new");
        bool refused = !inner.result.done && !inner.result.transient && strstr(inner.result.detail, "Permission denied");
        work_pool_free(inner.pool);
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(chmod(bench.folder, 0700), 0);
    assert_content(bench.file, "old");
    assert_int_equal(bench_count(bench.folder), 1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mode_is_0600_unless_named_whatever_the_umask),
        cmocka_unit_test(test_mode_of_an_existing_file_is_kept_but_never_for_everybody),
        cmocka_unit_test(test_owner_and_group_are_set_or_kept),
        cmocka_unit_test(test_unknown_owner_or_group_is_refused),
        cmocka_unit_test(test_symlinks_are_refused_and_their_targets_left_alone),
        cmocka_unit_test(test_what_is_not_a_regular_file_is_refused),
        cmocka_unit_test(test_folders_that_others_may_change_are_refused),
        cmocka_unit_test(test_a_folder_of_somebody_else_is_refused_unless_the_file_is_theirs),
        cmocka_unit_test(test_a_missing_folder_is_named),
        cmocka_unit_test(test_taking_away_removes_and_may_be_repeated),
        cmocka_unit_test(test_temporary_files_of_a_crash_are_removed_and_no_others),
        cmocka_unit_test(test_S10_never_open_to_others_nor_half_for_a_moment),
        cmocka_unit_test(test_S10_file_too_large_for_the_limit_leaves_the_old),
        cmocka_unit_test(test_S10_full_disk_leaves_the_old_and_passes),
        cmocka_unit_test(test_S10_read_only_disk_leaves_the_old_and_waits_for_a_person),
        cmocka_unit_test(test_a_folder_we_may_not_write_is_refused),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
