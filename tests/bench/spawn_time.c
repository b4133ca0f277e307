/* spawn_time RUNS PROGRAM [ARGUMENT]...
 *
 * Runs the program so often, its output into /dev/null, and prints the median of
 * its milliseconds from posix_spawn to its end. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double run_once(char **argv, const posix_spawn_file_actions_t *actions)
{
    pid_t child = 0;
    int status = 0;
    double start = load_now();
    errno = posix_spawn(&child, argv[0], actions, NULL, argv, environ);
    if (errno != 0 || waitpid(child, &status, 0) != child)
        load_fail(argv[0]);
    double end = load_now();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "%s ended with status %d\n", argv[0], status);
        exit(1);
    }
    return (end - start) * 1000;
}

int main(int argc, char **argv)
{
    size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    double *times = calloc(runs + 1, sizeof *times);
    posix_spawn_file_actions_t actions;
    if (runs == 0 || !times) {
        (void)fputs("usage: spawn_time RUNS PROGRAM [ARGUMENT]...\n", stderr);
        return 2;
    }
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
        load_fail("posix_spawn");
    (void)run_once(argv + 2, &actions); /* the first one fills caches */
    for (size_t i = 0; i < runs; i++)
        times[i] = run_once(argv + 2, &actions);
    qsort(times, runs, sizeof *times, by_size);
    printf("%.3f\n", times[runs / 2]);
    free(times);
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
