/* The parts of running a program: program.c watches it, program_spawn.c starts
 * it, program_kill.c ends it, program_text.c makes its messages fit to be shown. */
#ifndef KEYTURN_ACTION_PROGRAM_PRIVATE_H
#define KEYTURN_ACTION_PROGRAM_PRIVATE_H

#include "action/program.h"

#include <sys/types.h>

/* A started program and our ends of its pipes, -1 when closed. */
struct program_process {
    pid_t pid; /* also its process group and session */
    int pidfd; /* readable when it has ended; -1 where there is none to be had */
    int input;
    int output;
    int errors;
};

/* Our ends do not block. Errors as action_program_run; nothing is left open. */
enum err_code program_spawn(const struct action_program_call *call,
                            struct program_process *ret_process, struct err *err) ERR_MUST_CHECK;

/* SIGKILL for the process, all its descendants and its process group. The
 * process must not have been waited for. */
void program_kill_tree(pid_t pid);

/* Does text hold 12 bytes in a row of the secret, or all of a shorter one? */
bool program_shows(const void *text, size_t length, const struct secret *secret);

/* The captured end of standard error, for people; cut says that its beginning is missing. */
void program_errors_text(const struct action_program_call *call, const struct secret *errors, bool cut,
                         const struct secret *output, char out[ACTION_PROGRAM_ERRORS_BYTES + 1]);

#endif
