/* Programs: what they are given, what is taken from them, and that none outlives
 * its time. The programs are lines of sh; a secret never is among them. */
#include "action/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "sk_live_Zq81nV0tYxW3pLmR7c41f"

static struct secret *secret_of(const char *text, size_t length)
{
    struct secret *secret = secret_new(length > 0 ? length : 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, text, length), ERR_OK);
    return secret;
}

static struct action_program_call call_of(const char *const *argv)
{
    return (struct action_program_call){.argv = argv,
                                        .max_output_bytes = 4096,
                                        .timeout_ms = 20 * 1000,
                                        .clock = &clock_system};
}

static struct action_program_answer run_call(const struct action_program_call *call)
{
    struct err err = {0};
    struct action_program_answer answer = {0};
    if (action_program_run(call, &answer, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return answer;
}

static struct action_program_answer run_sh(const char *line)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct action_program_call call = call_of(argv);
    return run_call(&call);
}

static void assert_output(const struct action_program_answer *answer, const char *expected)
{
    assert_int_equal(secret_length(answer->output), strlen(expected));
    assert_memory_equal(secret_peek(answer->output), expected, strlen(expected));
}

static void answer_release(struct action_program_answer *answer)
{
    answer->output = secret_free(answer->output);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

/* A folder for what programs leave; its content is removed at the end. */
struct folder {
    char path[256];
    char file[300];
};

static void folder_open(struct folder *folder)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof folder->path, "%s/keyturn-program-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(folder->path));
    (void)snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
}

static void folder_close(struct folder *folder)
{
    (void)unlink(folder->file);
    assert_int_equal(rmdir(folder->path), 0);
}

static void test_exit_status_output_and_errors_are_reported(void **state)
{
    (void)state;
    struct action_program_answer answer = run_sh("echo to-output; echo to-errors >&2; exit 7");
    assert_int_equal(answer.end, ACTION_PROGRAM_EXITED);
    assert_int_equal(answer.status, 7);
    assert_output(&answer, "to-output\n");
    assert_string_equal(answer.errors, "to-errors");
    assert_false(answer.output_cut);
    answer_release(&answer);
}

static void test_success_is_status_0(void **state)
{
    (void)state;
    struct action_program_answer answer = run_sh("exit 0");
    assert_int_equal(answer.end, ACTION_PROGRAM_EXITED);
    assert_int_equal(answer.status, 0);
    assert_output(&answer, "");
    assert_string_equal(answer.errors, "");
    answer_release(&answer);
}

static void test_death_by_signal_is_told_apart(void **state)
{
    (void)state;
    struct action_program_answer answer = run_sh("kill -9 $$");
    assert_int_equal(answer.end, ACTION_PROGRAM_KILLED);
    assert_int_equal(answer.status, SIGKILL);
    answer_release(&answer);
}

static void test_S6_secret_reaches_standard_input_and_nothing_else(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_of(SECRET, strlen(SECRET));
    const char *const argv[] = {
        "sh", "-c", "IFS= read -r line; printf '%s|' \"$line\"; tr '\\0' '\\n' </proc/$$/environ; "
                    "echo '|'; tr '\\0' ' ' </proc/$$/cmdline", NULL};
    struct action_program_call call = call_of(argv);
    call.input = secret;
    call.hidden = secret;
    struct action_program_answer answer = run_call(&call);
    const char *output = (const char *)secret_peek(answer.output);
    size_t length = secret_length(answer.output);
    assert_true(length > strlen(SECRET) + 1);
    assert_memory_equal(output, SECRET "|", strlen(SECRET) + 1);
    assert_null(memmem(output + strlen(SECRET), length - strlen(SECRET), "Zq81nV0t", 8));
    answer_release(&answer);
}

static void test_environment_is_the_fixed_set_and_ours(void **state)
{
    (void)state;
    assert_int_equal(setenv("KEYTURN_TEST_LEAK", "1", 1), 0);
    assert_int_equal(setenv("LD_LIBRARY_PATH", "/nowhere", 1), 0);
    const char *const argv[] = {"env", NULL};
    const struct action_program_variable variables[] = {{"KEYTURN_KEY", "live/x"},
                                                        {"KEYTURN_VERSION", "8"}};
    struct action_program_call call = call_of(argv);
    call.variables = variables;
    call.variables_count = 2;
    struct action_program_answer answer = run_call(&call);
    assert_output(&answer, "PATH=" ACTION_PROGRAM_PATH "\nLANG=C.UTF-8\n"
                           "KEYTURN_KEY=live/x\nKEYTURN_VERSION=8\n");
    answer_release(&answer);
    unsetenv("KEYTURN_TEST_LEAK");
    unsetenv("LD_LIBRARY_PATH");
}

static void test_no_other_descriptor_and_the_root_folder(void **state)
{
    (void)state;
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    int high = fcntl(leak, F_DUPFD, 200);
    assert_true(leak >= 0 && high >= 200);
    struct action_program_answer answer = run_sh("cd -P . && pwd; exec ls /proc/self/fd");
    /* 3 is the folder that ls reads. */
    assert_output(&answer, "/\n0\n1\n2\n3\n");
    answer_release(&answer);
    (void)close(leak);
    (void)close(high);
}

/* Signals 32 and 33 are the C library's own, and posix_spawn ignores them in the child. */
static void test_signals_are_at_their_defaults_and_a_session_of_its_own(void **state)
{
    (void)state;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
    void (*handler)(int) = signal(SIGUSR1, SIG_IGN);
    struct action_program_answer answer =
        run_sh("while read -r name mask; do case $name in SigBlk:|SigIgn:) "
               "echo $((0x$mask & ~0x180000000));; esac; done </proc/self/status; "
               "set -- $(cut -d' ' -f5,6 /proc/$$/stat); [ $1 = $$ ] && [ $2 = $$ ] && echo own");
    (void)signal(SIGUSR1, handler);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    assert_output(&answer, "0\n0\nown\n");
    answer_release(&answer);
}

static void test_works_with_standard_descriptors_closed(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_of("hello", 5);
    const char *const argv[] = {"cat", NULL};
    struct action_program_call call = call_of(argv);
    call.input = secret;
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    (void)close(STDIN_FILENO);
    struct action_program_answer answer = run_call(&call);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
        (void)close(saved);
    }
    assert_output(&answer, "hello");
    answer_release(&answer);
}

static void test_large_input_and_output_pass_both_ways_at_once(void **state)
{
    (void)state;
    enum { BYTES = 500 * 1024 };
    OWN(secret_free) struct secret *input = secret_new(BYTES);
    assert_non_null(input);
    for (size_t i = 0; i < BYTES; i++)
        secret_fill(input)[i] = (unsigned char)(i * 7 + i / 251);
    secret_set_length(input, BYTES);
    const char *const argv[] = {"cat", NULL};
    struct action_program_call call = call_of(argv);
    call.input = input;
    call.max_output_bytes = BYTES;
    struct action_program_answer answer = run_call(&call);
    assert_true(secret_equal(answer.output, input));
    assert_false(answer.output_cut);
    answer_release(&answer);
}

static void test_program_that_never_reads_its_input_neither_hangs_nor_kills_us(void **state)
{
    (void)state;
    enum { BYTES = 400 * 1024 };
    OWN(secret_free) struct secret *input = secret_new(BYTES);
    assert_non_null(input);
    memset(secret_fill(input), 'x', BYTES);
    secret_set_length(input, BYTES);
    const char *const closes[] = {"sh", "-c", "exec <&-; sleep 0.1; exit 3", NULL};
    struct action_program_call call = call_of(closes);
    call.input = input;
    struct action_program_answer answer = run_call(&call);
    assert_int_equal(answer.status, 3);
    answer_release(&answer);
    const char *const ignores[] = {"sh", "-c", "exec sleep 60", NULL};
    call.argv = ignores;
    call.timeout_ms = 100;
    answer = run_call(&call);
    assert_int_equal(answer.end, ACTION_PROGRAM_TIMED_OUT);
    answer_release(&answer);
    sigset_t pending;
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

static void test_one_that_is_stopped_ends_before_its_limit_and_none_starts_after(void **state)
{
    (void)state;
    struct folder folder;
    folder_open(&folder);
    assert_int_equal(mkfifo(folder.file, 0600), 0);
    int pipe = open(folder.file, O_RDWR | O_CLOEXEC);
    assert_true(pipe >= 0);
    const char *const argv[] = {"sh", "-c", "trap '' TERM; echo started >\"$1\"; exec <&-; while :; do sleep 0.1; done",
                                "sh", folder.file, NULL};
    struct action_program_call call = call_of(argv);
    int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call.timeout_ms = 10 * 60 * 1000;
    call.stop_fd = pipe; /* readable once the program says so, as an event would be */
    struct action_program_answer answer = run_call(&call);
    assert_int_equal(answer.end, ACTION_PROGRAM_STOPPED);
    assert_int_equal(answer.status, 0);
    answer_release(&answer);

    struct err err = {0};
    assert_int_equal(eventfd_write(stop, 1), 0);
    call.stop_fd = stop;
    assert_int_equal(action_program_run(&call, &answer, &err), ERR_STATE);
    (void)close(pipe);
    (void)close(stop);
    folder_close(&folder);
}

static void test_flood_of_output_is_capped_and_does_not_block_the_program(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' 'o'; "
                                            "head -c 3000000 /dev/zero | tr '\\0' 'e' >&2; exit 5", NULL};
    struct action_program_call call = call_of(argv);
    call.max_output_bytes = 1000;
    struct action_program_answer answer = run_call(&call);
    assert_int_equal(answer.status, 5);
    assert_true(answer.output_cut);
    assert_int_equal(secret_length(answer.output), 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(secret_peek(answer.output)[i], 'o');
    assert_true(strlen(answer.errors) > ACTION_PROGRAM_ERRORS_BYTES - 64);
    answer_release(&answer);
}

static void test_output_limit_from_both_sides(void **state)
{
    (void)state;
    const char *const argv[] = {"printf", "12345", NULL};
    struct action_program_call call = call_of(argv);
    call.max_output_bytes = 5;
    struct action_program_answer answer = run_call(&call);
    assert_false(answer.output_cut);
    assert_output(&answer, "12345");
    answer_release(&answer);
    call.max_output_bytes = 4;
    answer = run_call(&call);
    assert_true(answer.output_cut);
    assert_output(&answer, "1234");
    answer_release(&answer);
    struct err err = {0};
    call.max_output_bytes = ACTION_PROGRAM_OUTPUT_BYTES + 1;
    assert_int_equal(action_program_run(&call, &answer, &err), ERR_LIMIT);
    call.max_output_bytes = 0;
    assert_int_equal(action_program_run(&call, &answer, &err), ERR_LIMIT);
}

static pid_t read_pid(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    int pid = 0;
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    (void)fclose(file);
    return (pid_t)pid;
}

/* Orphans are reaped by init (or whoever stands in for it), so a zombie is as good as gone. */
static bool is_gone(pid_t pid)
{
    char path[64];
    char line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (int i = 0; i < 6000; i++) {
        FILE *file = fopen(path, "re");
        if (!file)
            return true;
        (void)(fgets(line, sizeof line, file) != NULL);
        (void)fclose(file);
        const char *after_name = strrchr(line, ')');
        if (after_name && after_name[2] == 'Z')
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return false;
}

/* For a shell to come to its first words, on a machine that is busy, too. */
enum { LONG_ENOUGH_MS = 2000 };

static struct action_program_answer run_for(const char *line, const char *argument, int64_t timeout_ms)
{
    const char *const argv[] = {"sh", "-c", line, "sh", argument, NULL};
    struct action_program_call call = call_of(argv);
    call.timeout_ms = timeout_ms;
    return run_call(&call);
}

static void test_time_limit_asks_first_and_kills_who_ignores_it(void **state)
{
    (void)state;
    struct action_program_answer answer = run_for("trap 'echo asked; exit 0' TERM; while :; do sleep 0.05; done",
                                                  "", LONG_ENOUGH_MS);
    assert_int_equal(answer.end, ACTION_PROGRAM_TIMED_OUT);
    assert_output(&answer, "asked\n");
    assert_true(answer.elapsed_ms < LONG_ENOUGH_MS + ACTION_PROGRAM_GRACE_MS);
    answer_release(&answer);

    answer = run_for("trap '' TERM; while :; do sleep 0.05; done", "", LONG_ENOUGH_MS);
    assert_int_equal(answer.end, ACTION_PROGRAM_TIMED_OUT);
    assert_in_range(answer.elapsed_ms, LONG_ENOUGH_MS + ACTION_PROGRAM_GRACE_MS, 60 * 1000);
    answer_release(&answer);
}

static void test_time_limit_kills_grandchildren_that_left_the_group(void **state)
{
    (void)state;
    struct folder folder;
    folder_open(&folder);
    /* setsid makes a group of its own; sh waits for it, so it still is a descendant. */
    struct action_program_answer answer =
        run_for("trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ >\"$1\"; while :; do sleep 0.1; done' sh \"$1\"; :",
                folder.file, LONG_ENOUGH_MS);
    assert_int_equal(answer.end, ACTION_PROGRAM_TIMED_OUT);
    answer_release(&answer);
    assert_true(is_gone(read_pid(folder.file)));
    folder_close(&folder);
}

static void test_what_stays_behind_in_the_group_is_killed_and_holds_nothing_up(void **state)
{
    (void)state;
    struct folder folder;
    folder_open(&folder);
    struct action_program_answer answer =
        run_for("sleep 600 & echo $! >\"$1\"; echo done", folder.file, 600 * 1000);
    assert_int_equal(answer.end, ACTION_PROGRAM_EXITED);
    assert_int_equal(answer.status, 0);
    assert_output(&answer, "done\n");
    assert_true(answer.elapsed_ms < 300 * 1000);
    answer_release(&answer);
    assert_true(is_gone(read_pid(folder.file)));
    folder_close(&folder);
}

static void test_a_daemon_may_live_on_and_holds_nothing_up(void **state)
{
    (void)state;
    struct folder folder;
    folder_open(&folder);
    struct action_program_answer answer =
        run_for("setsid sh -c 'echo $$ >\"$1\"; exec sleep 600' sh \"$1\" & "
                "while ! [ -s \"$1\" ]; do sleep 0.02; done; exit 0", folder.file, 600 * 1000);
    assert_int_equal(answer.end, ACTION_PROGRAM_EXITED);
    assert_true(answer.elapsed_ms < 300 * 1000);
    answer_release(&answer);
    pid_t pid = read_pid(folder.file);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    folder_close(&folder);
}

static struct action_program_answer run_telling(const char *line, const char *secret_text)
{
    OWN(secret_free) struct secret *secret = secret_of(secret_text, strlen(secret_text));
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct action_program_call call = call_of(argv);
    call.input = secret;
    call.hidden = secret;
    return run_call(&call);
}

static void test_S6_messages_that_hold_the_secret_or_a_run_of_it_are_hidden(void **state)
{
    (void)state;
    static const char *const tells[] = {
        "cat >&2; exit 1",
        "echo before >&2; cat >&2; echo after >&2",
        "head -c 20 >&2",
        "tail -c 12 >&2",
        /* so much before it that only its end is among the last bytes */
        "cat >&2; head -c 4080 /dev/zero | tr '\\0' x >&2",
    };
    for (size_t i = 0; i < sizeof tells / sizeof tells[0]; i++) {
        struct action_program_answer answer = run_telling(tells[i], SECRET);
        assert_null(strstr(answer.errors, "c41f"));
        assert_null(strstr(answer.errors, "Zq81"));
        assert_non_null(strstr(answer.errors, "hidden"));
        answer_release(&answer);
    }
    /* A shorter run at the very beginning of the captured end is left out. */
    struct action_program_answer answer =
        run_telling("cat >&2; head -c 4088 /dev/zero | tr '\\0' x >&2", SECRET);
    assert_null(strstr(answer.errors, "c41f"));
    assert_true(strlen(answer.errors) > 4000);
    answer_release(&answer);
    answer = run_telling("cat >&2", "short");
    assert_null(strstr(answer.errors, "short"));
    answer_release(&answer);
    answer = run_telling("tail -c 4 >&2", SECRET);
    assert_string_equal(answer.errors, "c41f");
    answer_release(&answer);
    answer = run_telling("echo 'sk_live_ keys only' >&2", SECRET);
    assert_string_equal(answer.errors, "sk_live_ keys only");
    answer_release(&answer);
}

static void test_S6_messages_that_hold_a_secret_output_are_hidden(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "echo new_key_123456789; echo new_key_123456789 >&2", NULL};
    struct action_program_call call = call_of(argv);
    struct action_program_answer answer = run_call(&call);
    assert_string_equal(answer.errors, "new_key_123456789");
    answer_release(&answer);
    call.output_is_secret = true;
    answer = run_call(&call);
    assert_null(strstr(answer.errors, "123456789"));
    answer_release(&answer);
}

static void test_messages_cannot_forge_lines_or_move_the_cursor(void **state)
{
    (void)state;
    struct action_program_answer answer =
        run_sh("printf '\\n\\na\\tb\\033[2Jc\\r\\n\\nd\\000e\\303\\244\\n\\n' >&2");
    assert_string_equal(answer.errors, "a b?[2Jc\nd?e??");
    answer_release(&answer);
}

static void assert_refused(const struct action_program_call *call, enum err_code code, const char *says)
{
    struct err err = {0};
    struct action_program_answer answer = {0};
    int before = count_descriptors();
    assert_int_equal(action_program_run(call, &answer, &err), code);
    assert_null(answer.output);
    assert_int_equal(count_descriptors(), before);
    if (!strstr(err.message, says))
        fail_msg("'%s' is not in: %s", says, err.message);
}

static void assert_command_refused(const char *command, enum err_code code, const char *says)
{
    const char *const argv[] = {command, NULL};
    struct action_program_call call = call_of(argv);
    assert_refused(&call, code, says);
}

static void test_commands_of_a_wrong_form_are_refused(void **state)
{
    (void)state;
    assert_command_refused("bin/sh", ERR_INVALID, "absolute");
    assert_command_refused("./sh", ERR_INVALID, "absolute");
    assert_command_refused("", ERR_INVALID, "empty");
}

static void test_commands_that_cannot_run_are_named(void **state)
{
    (void)state;
    if (getenv("KEYTURN_VALGRIND")) /* its vfork is a fork: a failed exec goes unseen */
        skip();
    struct folder folder;
    folder_open(&folder);
    int fd = open(folder.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_command_refused("keyturn-no-such-program", ERR_NOT_FOUND, "keyturn-no-such-program");
    assert_command_refused("/nonexistent/program", ERR_NOT_FOUND, "/nonexistent/program");
    assert_command_refused(folder.file, ERR_DENIED, folder.file);
    assert_int_equal(fchmod(fd, 0700), 0);
    assert_command_refused(folder.file, ERR_BUSY, "being written");
    assert_int_equal(write(fd, "no magic", 8), 8);
    (void)close(fd);
    assert_command_refused(folder.file, ERR_INVALID, "#!");
    folder_close(&folder);
}

static void test_S6_secret_in_an_argument_or_a_variable_is_refused(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_of(SECRET, strlen(SECRET));
    const char *const telling[] = {"echo", "--key=" SECRET, NULL};
    struct action_program_call call = call_of(telling);
    call.hidden = secret;
    assert_refused(&call, ERR_INVALID, "argument 1");
    const char *const silent[] = {"true", NULL};
    call.argv = silent;
    const struct action_program_variable holds[] = {{"KEYTURN_KEY", SECRET}};
    call.variables = holds;
    call.variables_count = 1;
    assert_refused(&call, ERR_INVALID, "KEYTURN_KEY");
    const struct action_program_variable foreign[] = {{"LD_PRELOAD", "x"}};
    call.variables = foreign;
    assert_refused(&call, ERR_INVALID, "LD_PRELOAD");
    call.variables_count = ACTION_PROGRAM_VARIABLES + 1;
    assert_refused(&call, ERR_LIMIT, "8");
}

/* It needs six for its pipes while it starts. */
static void test_without_descriptors_it_does_not_start(void **state)
{
    (void)state;
    struct rlimit before;
    struct err err = {0};
    struct action_program_answer answer = {0};
    const char *const argv[] = {"true", NULL};
    struct action_program_call call = call_of(argv);
    int open_now = count_descriptors();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int more = 0; more < 6; more++) {
        const struct rlimit few = {.rlim_cur = (rlim_t)(open_now + more), .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        enum err_code code = action_program_run(&call, &answer, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(code, ERR_IO);
        assert_int_equal(count_descriptors(), open_now);
    }
}

static void *run_in_thread(void *context)
{
    (void)context;
    for (int i = 0; i < 20; i++) {
        struct action_program_answer answer = {0};
        struct err err = {0};
        char text[32];
        (void)snprintf(text, sizeof text, "round %d", i);
        const char *const argv[] = {"cat", NULL};
        struct action_program_call call = call_of(argv);
        struct secret *input = secret_new(32);
        bool same = input && secret_set(input, text, strlen(text)) == ERR_OK;
        call.input = input;
        same = same && action_program_run(&call, &answer, &err) == ERR_OK &&
               secret_equal(answer.output, input);
        answer_release(&answer);
        secret_free(input);
        if (!same)
            return context;
    }
    return NULL;
}

static void test_threads_at_once_do_not_mix_and_leave_nothing_behind(void **state)
{
    (void)state;
    int before = count_descriptors();
    pthread_t thread[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_in_thread, &thread), 0);
    for (size_t i = 0; i < 8; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int start(void **state)
{
    (void)state;
    struct err err;
    return secret_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_status_output_and_errors_are_reported),
        cmocka_unit_test(test_success_is_status_0),
        cmocka_unit_test(test_death_by_signal_is_told_apart),
        cmocka_unit_test(test_S6_secret_reaches_standard_input_and_nothing_else),
        cmocka_unit_test(test_environment_is_the_fixed_set_and_ours),
        cmocka_unit_test(test_no_other_descriptor_and_the_root_folder),
        cmocka_unit_test(test_signals_are_at_their_defaults_and_a_session_of_its_own),
        cmocka_unit_test(test_works_with_standard_descriptors_closed),
        cmocka_unit_test(test_large_input_and_output_pass_both_ways_at_once),
        cmocka_unit_test(test_program_that_never_reads_its_input_neither_hangs_nor_kills_us),
        cmocka_unit_test(test_one_that_is_stopped_ends_before_its_limit_and_none_starts_after),
        cmocka_unit_test(test_flood_of_output_is_capped_and_does_not_block_the_program),
        cmocka_unit_test(test_output_limit_from_both_sides),
        cmocka_unit_test(test_time_limit_asks_first_and_kills_who_ignores_it),
        cmocka_unit_test(test_time_limit_kills_grandchildren_that_left_the_group),
        cmocka_unit_test(test_what_stays_behind_in_the_group_is_killed_and_holds_nothing_up),
        cmocka_unit_test(test_a_daemon_may_live_on_and_holds_nothing_up),
        cmocka_unit_test(test_S6_messages_that_hold_the_secret_or_a_run_of_it_are_hidden),
        cmocka_unit_test(test_S6_messages_that_hold_a_secret_output_are_hidden),
        cmocka_unit_test(test_messages_cannot_forge_lines_or_move_the_cursor),
        cmocka_unit_test(test_commands_of_a_wrong_form_are_refused),
        cmocka_unit_test(test_commands_that_cannot_run_are_named),
        cmocka_unit_test(test_S6_secret_in_an_argument_or_a_variable_is_refused),
        cmocka_unit_test(test_without_descriptors_it_does_not_start),
        cmocka_unit_test(test_threads_at_once_do_not_mix_and_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
