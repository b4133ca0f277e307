/* Starting a program. posix_spawn and not fork: it copies no page tables, runs
 * none of our code between clone and exec, and is safe beside threads that hold
 * locks. It does all that is asked for: signals, session, descriptors, folder. */
#include "program_private.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
    PROGRAM_FIRST_FREE_FD = STDERR_FILENO + 1,
    PROGRAM_FIXED_VARIABLES = 2,
    PROGRAM_VARIABLE_BYTES = LIMIT_PATH_BYTES + LIMIT_NAME_BYTES
};

static const char *const program_fixed_variables[PROGRAM_FIXED_VARIABLES] = {
    "PATH=" ACTION_PROGRAM_PATH,
    "LANG=C.UTF-8",
};

/* Room for the environment: each variable's text, and the list of them. */
struct program_environment {
    char text[ACTION_PROGRAM_VARIABLES][PROGRAM_VARIABLE_BYTES];
    const char *list[PROGRAM_FIXED_VARIABLES + ACTION_PROGRAM_VARIABLES + 1];
};

struct program_pipes {
    int ours[3]; /* by the program's descriptor: 0 we write to, 1 and 2 we read from */
    int its[3];
};

/* S6: a secret never gets where ps shows it. Short ones are left alone: "reload"
 * may well be an argument and somebody's secret. */
static bool program_tells(const struct action_program_call *call, const char *text)
{
    enum { SHORT_BYTES = 12 };
    return call->hidden && secret_length(call->hidden) >= SHORT_BYTES &&
           program_shows(text, strlen(text), call->hidden);
}

static enum err_code program_check_command(const struct action_program_call *call, struct err *err)
{
    const char *command = call->argv[0];
    if (!command || command[0] == '\0')
        return err_set(err, ERR_INVALID, "the command is empty: name a program");
    if (strchr(command, '/') && command[0] != '/')
        return err_set(err, ERR_INVALID, "the command %s is a relative path: give the absolute one",
                       command);
    for (size_t i = 0; call->argv[i]; i++)
        if (program_tells(call, call->argv[i]))
            return err_set(err, ERR_INVALID,
                           "argument %zu of the command holds the secret, which everybody could "
                           "see: let the program read it from standard input", i);
    return ERR_OK;
}

static enum err_code program_fill_environment(const struct action_program_call *call,
                                              struct program_environment *environment, struct err *err)
{
    size_t count = 0;
    for (; count < PROGRAM_FIXED_VARIABLES; count++)
        environment->list[count] = program_fixed_variables[count];
    if (call->variables_count > ACTION_PROGRAM_VARIABLES)
        return err_set(err, ERR_LIMIT, "a program gets at most %d variables", ACTION_PROGRAM_VARIABLES);
    for (size_t i = 0; i < call->variables_count; i++) {
        const struct action_program_variable *variable = &call->variables[i];
        if (strncmp(variable->name, "KEYTURN_", 8) != 0 || strchr(variable->name, '='))
            return err_set(err, ERR_INVALID, "the variable %s does not start with KEYTURN_",
                           variable->name);
        if (program_tells(call, variable->value))
            return err_set(err, ERR_INVALID, "the variable %s holds the secret", variable->name);
        int length = snprintf(environment->text[i], PROGRAM_VARIABLE_BYTES, "%s=%s", variable->name,
                              variable->value);
        if (length < 0 || length >= PROGRAM_VARIABLE_BYTES)
            return err_set(err, ERR_LIMIT, "the variable %s has more than %d bytes", variable->name,
                           PROGRAM_VARIABLE_BYTES - 1);
        environment->list[count++] = environment->text[i];
    }
    environment->list[count] = NULL;
    return ERR_OK;
}

/* posix_spawnp would search the agent's own PATH, which whoever started it chose. */
static enum err_code program_find(const char *command, char path[LIMIT_PATH_BYTES], struct err *err)
{
    const char *folders = command[0] == '/' ? "" : ACTION_PROGRAM_PATH;
    for (;;) {
        int length = (int)strcspn(folders, ":");
        int bytes = snprintf(path, LIMIT_PATH_BYTES, "%.*s%s%s", length, folders, length > 0 ? "/" : "",
                             command);
        if (bytes < 0 || bytes >= LIMIT_PATH_BYTES)
            return err_set(err, ERR_LIMIT, "the path of the command has more than %d bytes",
                           LIMIT_PATH_BYTES - 1);
        if (folders[length] == '\0' || access(path, X_OK) == 0)
            return ERR_OK; /* the last one speaks for itself when it is run */
        folders += length + 1;
    }
}

static void program_close_pair(int pair[2])
{
    for (size_t i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
}

/* A pipe whose ends are out of the way of 0, 1 and 2, which the agent may have
 * closed: the program's ends are duplicated onto these. */
static int program_pipe(int pair[2])
{
    int made[2];
    if (pipe2(made, O_CLOEXEC) != 0)
        return errno;
    int sys = 0;
    for (size_t i = 0; i < 2; i++) {
        pair[i] = fcntl(made[i], F_DUPFD_CLOEXEC, PROGRAM_FIRST_FREE_FD);
        if (pair[i] < 0)
            sys = errno;
    }
    program_close_pair(made);
    if (sys != 0)
        program_close_pair(pair);
    return sys;
}

static void program_close_all(int fds[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
        fds[i] = -1;
    }
}

static enum err_code program_open_pipes(struct program_pipes *pipes, struct err *err)
{
    for (size_t i = 0; i < 3; i++) {
        int pair[2];
        int sys = program_pipe(pair);
        if (sys != 0) {
            program_close_all(pipes->ours);
            program_close_all(pipes->its);
            return err_set_errno(err, sys, "cannot make a pipe for the program");
        }
        bool we_write = i == STDIN_FILENO;
        pipes->ours[i] = pair[we_write ? 1 : 0];
        pipes->its[i] = pair[we_write ? 0 : 1];
        (void)fcntl(pipes->ours[i], F_SETFL, O_NONBLOCK);
    }
    return ERR_OK;
}

static int program_set_actions(posix_spawn_file_actions_t *actions, const struct program_pipes *pipes)
{
    int sys = 0;
    for (int fd = 0; fd < 3 && sys == 0; fd++)
        sys = posix_spawn_file_actions_adddup2(actions, pipes->its[fd], fd);
    if (sys == 0)
        sys = posix_spawn_file_actions_addclosefrom_np(actions, PROGRAM_FIRST_FREE_FD);
    if (sys == 0)
        sys = posix_spawn_file_actions_addchdir_np(actions, "/");
    return sys;
}

static void program_set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
}

static int program_exec(const char *path, const struct action_program_call *call,
                        const struct program_environment *environment,
                        const struct program_pipes *pipes, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int sys = posix_spawn_file_actions_init(&actions);
    if (sys != 0)
        return sys;
    (void)posix_spawnattr_init(&attributes);
    program_set_attributes(&attributes);
    sys = program_set_actions(&actions, pipes);
    /* execve promises to leave both lists alone; its type predates const. */
    union {
        const char *const *borrowed;
        char *const *given;
    } argv = {.borrowed = call->argv}, envp = {.borrowed = environment->list};
    if (sys == 0)
        sys = posix_spawn(ret_pid, path, &actions, &attributes, argv.given, envp.given);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return sys;
}

static enum err_code program_exec_error(const char *path, const char *command, int sys, struct err *err)
{
    if (sys == ENOENT && command[0] != '/')
        return err_set(err, ERR_NOT_FOUND, "there is no program %s in %s: install it, or give its path",
                       command, ACTION_PROGRAM_PATH);
    if (sys == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "there is no program %s, or its interpreter is missing",
                       path);
    if (sys == ENOEXEC)
        return err_set(err, ERR_INVALID, "%s is not a program: a script begins with a line like #!/bin/sh",
                       path);
    if (sys == EAGAIN || sys == ETXTBSY)
        return err_set(err, ERR_BUSY, "cannot start %s for now: %s", path,
                       sys == EAGAIN ? "too many processes" : "it is being written");
    return err_set_errno(err, sys, "cannot start %s", path);
}

enum err_code program_spawn(const struct action_program_call *call, struct program_process *ret_process,
                            struct err *err)
{
    struct program_environment environment;
    char path[LIMIT_PATH_BYTES];
    struct program_pipes pipes = {.ours = {-1, -1, -1}, .its = {-1, -1, -1}};
    struct program_process process = {0};
    TRY(program_check_command(call, err));
    TRY(program_fill_environment(call, &environment, err));
    TRY(program_find(call->argv[0], path, err));
    TRY(program_open_pipes(&pipes, err));
    int sys = program_exec(path, call, &environment, &pipes, &process.pid);
    program_close_all(pipes.its);
    if (sys != 0) {
        program_close_all(pipes.ours);
        return program_exec_error(path, call->argv[0], sys, err);
    }
    process.pidfd = pidfd_open(process.pid, 0);
    process.input = pipes.ours[STDIN_FILENO];
    process.output = pipes.ours[STDOUT_FILENO];
    process.errors = pipes.ours[STDERR_FILENO];
    *ret_process = process;
    return ERR_OK;
}
