/* The pool of worker threads: every job gets exactly one done, urgent ones go
 * first, and freeing the pool leaves none behind. */
#include "base/work.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { JOBS = 1000 };

struct bench {
    sem_t ended;          /* posted by wake */
    sem_t gate;           /* a job that holds its worker waits here */
    sem_t held;           /* posted once it does */
    atomic_int running;
    atomic_int most_running;
    atomic_int order;     /* next place in the order of runs */
    pthread_t owner;
    struct work_pool *pool;
};

struct task {
    struct bench *bench;
    int runs;
    int dones;
    int cancels;
    int place;
    bool done_by_owner;
    bool signals_blocked;
};

static void wake_post(void *context)
{
    struct bench *bench = context;
    sem_post(&bench->ended);
}

static void bench_open(struct bench *bench, size_t threads)
{
    struct err err;
    memset(bench, 0, sizeof *bench);
    sem_init(&bench->ended, 0, 0);
    sem_init(&bench->gate, 0, 0);
    sem_init(&bench->held, 0, 0);
    bench->owner = pthread_self();
    assert_int_equal(work_pool_new(threads, wake_post, bench, &bench->pool, &err), ERR_OK);
}

static void bench_close(struct bench *bench)
{
    bench->pool = work_pool_free(bench->pool);
    assert_null(bench->pool);
    sem_destroy(&bench->ended);
    sem_destroy(&bench->gate);
    sem_destroy(&bench->held);
}

static void count_running(struct bench *bench)
{
    int running = atomic_fetch_add(&bench->running, 1) + 1;
    int most = atomic_load(&bench->most_running);
    while (running > most && !atomic_compare_exchange_weak(&bench->most_running, &most, running)) {
    }
}

static void run_count(void *context)
{
    struct task *task = context;
    task->runs++;
    task->place = atomic_fetch_add(&task->bench->order, 1);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    task->signals_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGPIPE) == 1;
}

static void run_hold(void *context)
{
    struct task *task = context;
    count_running(task->bench);
    sem_post(&task->bench->held);
    while (sem_wait(&task->bench->gate) != 0) {
    }
    run_count(context);
    atomic_fetch_sub(&task->bench->running, 1);
}

static void done_count(void *context, bool cancelled)
{
    struct task *task = context;
    task->dones++;
    task->cancels += cancelled ? 1 : 0;
    task->done_by_owner = pthread_equal(pthread_self(), task->bench->owner);
}

static void submit(struct bench *bench, struct task *task, void (*run)(void *), bool urgent)
{
    struct err err;
    task->bench = bench;
    const struct work_job job = {.run = run, .done = done_count, .context = task};
    assert_int_equal(work_submit(bench->pool, &job, urgent, &err), ERR_OK);
}

static void collect(struct bench *bench, size_t jobs)
{
    while (jobs > 0) {
        while (sem_wait(&bench->ended) != 0) {
        }
        size_t ended = work_collect(bench->pool);
        assert_true(ended <= jobs);
        jobs -= ended;
    }
}

static void test_thousand_jobs_each_get_one_done_on_the_owners_thread(void **state)
{
    (void)state;
    static struct task task[JOBS];
    memset(task, 0, sizeof task);
    struct bench bench;
    bench_open(&bench, 8);
    for (size_t i = 0; i < JOBS; i++)
        submit(&bench, &task[i], run_count, i % 7 == 0);
    collect(&bench, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(task[i].runs, 1);
        assert_int_equal(task[i].dones, 1);
        assert_int_equal(task[i].cancels, 0);
        assert_true(task[i].done_by_owner);
        assert_true(task[i].signals_blocked);
    }
    assert_int_equal(work_collect(bench.pool), 0);
    bench_close(&bench);
}

static void test_jobs_run_at_the_same_time_and_on_no_more_threads_than_asked(void **state)
{
    (void)state;
    struct task task[12] = {0};
    struct bench bench;
    bench_open(&bench, 4);
    for (size_t i = 0; i < 12; i++)
        submit(&bench, &task[i], run_hold, false);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sem_wait(&bench.held), 0);
    for (size_t i = 0; i < 12; i++)
        sem_post(&bench.gate);
    collect(&bench, 12);
    assert_int_equal(atomic_load(&bench.most_running), 4);
    bench_close(&bench);
}

static void test_urgent_jobs_go_first_and_each_kind_in_its_order(void **state)
{
    (void)state;
    struct task task[7] = {0};
    struct bench bench;
    bench_open(&bench, 1);
    submit(&bench, &task[0], run_hold, false);
    assert_int_equal(sem_wait(&bench.held), 0);
    submit(&bench, &task[1], run_count, false);
    submit(&bench, &task[2], run_count, false);
    submit(&bench, &task[3], run_count, true);
    submit(&bench, &task[4], run_count, false);
    submit(&bench, &task[5], run_count, true);
    submit(&bench, &task[6], run_count, true);
    sem_post(&bench.gate);
    collect(&bench, 7);
    static const int expected[7] = {0, 4, 5, 1, 6, 2, 3};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(task[i].place, expected[i]);
    bench_close(&bench);
}

static void run_nothing(void *context)
{
    (void)context;
}

static void done_nothing(void *context, bool cancelled)
{
    (void)context;
    (void)cancelled;
}

/* Some time after the pool stops, as whoever submits is told: from then on none that is queued may begin. */
static void *open_gate_later(void *context)
{
    struct bench *bench = context;
    struct work_pool *pool = bench->pool;
    const struct work_job job = {.run = run_nothing, .done = done_nothing};
    while (work_submit(pool, &job, false, NULL) == ERR_OK)
        nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    sem_post(&bench->gate);
    return NULL;
}

static void test_free_waits_for_the_running_job_and_cancels_the_queued(void **state)
{
    (void)state;
    struct task task[6] = {0};
    struct bench bench;
    bench_open(&bench, 1);
    submit(&bench, &task[0], run_hold, false);
    assert_int_equal(sem_wait(&bench.held), 0);
    for (size_t i = 1; i < 6; i++)
        submit(&bench, &task[i], run_count, i % 2 == 0);
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_gate_later, &bench), 0);
    bench.pool = work_pool_free(bench.pool);
    pthread_join(opener, NULL);
    assert_int_equal(task[0].runs, 1);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(task[i].dones, 1);
        assert_int_equal(task[i].runs, i == 0 ? 1 : 0);
        assert_int_equal(task[i].cancels, i == 0 ? 0 : 1);
        assert_true(task[i].done_by_owner);
    }
    bench_close(&bench);
}

static void done_submits(void *context, bool cancelled)
{
    struct task *task = context;
    done_count(context, cancelled);
    struct err err = {0};
    const struct work_job again = {.run = run_count, .done = done_count, .context = task};
    enum err_code code = work_submit(task->bench->pool, &again, false, &err);
    assert_int_equal(code, cancelled ? ERR_STATE : ERR_OK);
}

static void test_done_may_submit_but_not_to_a_pool_that_stops(void **state)
{
    (void)state;
    struct task first = {0};
    struct task last = {0};
    struct err err;
    struct bench bench;
    bench_open(&bench, 1);
    first.bench = &bench;
    last.bench = &bench;
    struct work_job job = {.run = run_count, .done = done_submits, .context = &first};
    assert_int_equal(work_submit(bench.pool, &job, false, &err), ERR_OK);
    collect(&bench, 2);
    assert_int_equal(first.dones, 2);

    struct task holder = {0};
    submit(&bench, &holder, run_hold, false);
    assert_int_equal(sem_wait(&bench.held), 0);
    job.context = &last;
    assert_int_equal(work_submit(bench.pool, &job, false, &err), ERR_OK);
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_gate_later, &bench), 0);
    struct work_pool *pool = bench.pool;
    work_pool_free(pool);
    bench.pool = NULL;
    pthread_join(opener, NULL);
    assert_int_equal(last.dones, 1);
    assert_int_equal(last.cancels, 1);
    bench_close(&bench);
}

static void test_a_pool_that_stops_waits_no_longer_than_it_is_told(void **state)
{
    (void)state;
    struct task holder = {0}, waiting = {0};
    struct bench bench;
    bench_open(&bench, 1);
    submit(&bench, &holder, run_hold, false);
    assert_int_equal(sem_wait(&bench.held), 0);
    submit(&bench, &waiting, run_count, false);
    assert_false(work_pool_stop(bench.pool, 0));
    assert_false(work_pool_stop(bench.pool, 20));
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_gate_later, &bench), 0);
    assert_true(work_pool_stop(bench.pool, 3600 * 1000));
    pthread_join(opener, NULL);
    assert_int_equal(waiting.runs, 0); /* none begins any more */
    bench_close(&bench);
}

static void test_limits_of_threads_from_both_sides(void **state)
{
    (void)state;
    struct bench bench;
    struct err err;
    struct work_pool *pool = NULL;
    assert_int_equal(work_pool_new(0, wake_post, &bench, &pool, &err), ERR_LIMIT);
    assert_int_equal(work_pool_new(65, wake_post, &bench, &pool, &err), ERR_LIMIT);
    assert_null(pool);
    bench_open(&bench, 64);
    bench_close(&bench);
    bench_open(&bench, 1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand_jobs_each_get_one_done_on_the_owners_thread),
        cmocka_unit_test(test_jobs_run_at_the_same_time_and_on_no_more_threads_than_asked),
        cmocka_unit_test(test_urgent_jobs_go_first_and_each_kind_in_its_order),
        cmocka_unit_test(test_free_waits_for_the_running_job_and_cancels_the_queued),
        cmocka_unit_test(test_done_may_submit_but_not_to_a_pool_that_stops),
        cmocka_unit_test(test_a_pool_that_stops_waits_no_longer_than_it_is_told),
        cmocka_unit_test(test_limits_of_threads_from_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
