#include "base/fault.h"

#ifdef KEYTURN_FAULT

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAULT_RULES = 16, FAULT_NAME_BYTES = 64 };

struct fault_rule {
    char name[FAULT_NAME_BYTES]; /* "*" is any */
    bool kills;
    unsigned long at; /* which passage */
    unsigned long passed;
};

/* A build for tests may keep state: the points have no place to pass it through. */
static struct {
    pthread_mutex_t mutex;
    bool loaded;
    size_t rules;
    struct fault_rule rule[FAULT_RULES];
} faults = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* A harness that misspells a rule must not believe that it passed. */
static _Noreturn void fault_misused(const char *text)
{
    (void)fprintf(stderr, "KEYTURN_FAULT_POINTS: not name:kill@N or name:fail@N: %s\n", text);
    abort();
}

static void fault_load_rule(const char *text)
{
    char action[8];
    if (faults.rules == FAULT_RULES)
        fault_misused(text);
    struct fault_rule *rule = &faults.rule[faults.rules];
    if (sscanf(text, "%63[^:]:%7[a-z]@%lu", rule->name, action, &rule->at) != 3 || rule->at == 0)
        fault_misused(text);
    rule->kills = strcmp(action, "kill") == 0;
    if (!rule->kills && strcmp(action, "fail") != 0)
        fault_misused(text);
    faults.rules++;
}

static void fault_load(void)
{
    faults.loaded = true;
    const char *points = getenv("KEYTURN_FAULT_POINTS");
    char *copy = strdup(points ? points : "");
    char *rest = NULL;
    for (char *text = copy ? strtok_r(copy, ",", &rest) : NULL; text; text = strtok_r(NULL, ",", &rest))
        fault_load_rule(text);
    free(copy);
}

static void fault_count(const char *name)
{
    const char *path = getenv("KEYTURN_FAULT_COUNT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    (void)dprintf(fd, "%s\n", name);
    (void)close(fd);
}

/* Count this passage against every rule it matches; true when one says fail. */
static bool fault_apply(const char *name)
{
    bool fails = false;
    for (size_t i = 0; i < faults.rules; i++) {
        struct fault_rule *rule = &faults.rule[i];
        if (strcmp(rule->name, "*") != 0 && strcmp(rule->name, name) != 0)
            continue;
        if (++rule->passed != rule->at)
            continue;
        if (rule->kills)
            (void)raise(SIGKILL);
        fails = true;
    }
    return fails;
}

bool fault_passes(const char *name)
{
    pthread_mutex_lock(&faults.mutex);
    if (!faults.loaded)
        fault_load();
    fault_count(name);
    bool fails = fault_apply(name);
    pthread_mutex_unlock(&faults.mutex);
    return fails;
}

#endif
