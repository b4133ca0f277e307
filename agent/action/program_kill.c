/* Ending a program with all that it started.
 *
 * The process group alone is not enough: a child may have made a group of its
 * own. Descendants are found through /proc/PID/task/TID/children (proc(5)) while
 * their parents still live, for the children of a dead process belong to init.
 * Each process is stopped before its children are read, so that it can neither
 * start another nor wait for one and thereby set its number free for a stranger. */
#include "program_private.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROGRAM_MAX_DESCENDANTS = 1024 };

struct program_family {
    size_t count;
    pid_t pid[PROGRAM_MAX_DESCENDANTS];
};

static void program_add_children(struct program_family *family, pid_t pid, const char *task)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/children", (int)pid, task);
    FILE *children = fopen(path, "re");
    if (!children)
        return;
    int child;
    while (family->count < PROGRAM_MAX_DESCENDANTS && fscanf(children, "%d", &child) == 1)
        family->pid[family->count++] = (pid_t)child;
    (void)fclose(children);
}

static void program_halt(struct program_family *family, pid_t pid)
{
    (void)kill(pid, SIGSTOP);
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        if (task->d_name[0] != '.')
            program_add_children(family, pid, task->d_name);
    (void)closedir(tasks);
}

/* Without memory for the family the process group is what can be killed. */
void program_kill_tree(pid_t pid)
{
    struct program_family *family = calloc(1, sizeof *family);
    if (family) {
        family->pid[family->count++] = pid;
        for (size_t i = 0; i < family->count; i++)
            program_halt(family, family->pid[i]);
        for (size_t i = family->count; i-- > 1;)
            (void)kill(family->pid[i], SIGKILL);
        free(family);
    }
    (void)kill(-pid, SIGKILL);
}
