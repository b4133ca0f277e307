/* Commands and checks of deliveries: what they are told, and what their end means. */
#include "delivery/bench.h"

#include <signal.h>

/* A program delivery whose command is a line of sh; more follows it. */
static const char *program_of(const char *line, const char *more, char json[2048])
{
    (void)snprintf(json, 2048,
                   "{\"kind\":\"program\",\"class\":\"live\",\"command\":[\"sh\",\"-c\",\"%s\"]%s}", line, more);
    return json;
}

static void put_program(struct bench *bench, const char *line, const char *more)
{
    char json[2048];
    bench_put(bench, program_of(line, more, json), BENCH_SECRET);
}

static void test_command_reads_exactly_the_secret(void **state)
{
    (void)state;
    char line[512];
    struct bench bench;
    bench_open(&bench);
    (void)snprintf(line, sizeof line, "cat >%s", bench.file);
    put_program(&bench, line, "");
    assert_done(&bench, "exit 0");
    assert_int_equal(bench.result.status, 0);
    assert_content(bench.file, BENCH_SECRET);
    bench_close(&bench);
}

static void test_command_is_told_the_key_and_the_operation(void **state)
{
    (void)state;
    char line[512];
    char more[1024];
    char json[2048];
    struct bench bench;
    bench_open(&bench);
    (void)snprintf(line, sizeof line, "env | grep KEYTURN_ | sort >%s", bench.file);
    (void)snprintf(more, sizeof more,
                   ",\"remove\":[\"sh\",\"-c\",\"echo $KEYTURN_OPERATION >%s; cat >>%s\"]", bench.file, bench.file);
    put_program(&bench, line, more);
    assert_done(&bench, "exit 0");
    assert_content(bench.file, "KEYTURN_ENVIRONMENT=live\nKEYTURN_KEY=live/reporting\nKEYTURN_NAME=reporting\n"
                               "KEYTURN_OPERATION=put\nKEYTURN_PATH=\nKEYTURN_VERSION=8\n");
    bench_operate(&bench, program_of(line, more, json), DELIVERY_TAKE_AWAY, NULL);
    assert_done(&bench, "exit 0");
    assert_content(bench.file, "take_away\n");
    bench_close(&bench);
}

static void test_take_away_without_a_remove_command_asks_for_a_person(void **state)
{
    (void)state;
    char json[2048];
    struct bench bench;
    bench_open(&bench);
    bench_operate(&bench, program_of("exit 0", "", json), DELIVERY_TAKE_AWAY, NULL);
    assert_failed(&bench, false, "no remove command");
    bench_close(&bench);
}

static void test_failures_are_for_good_or_pass(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *more;
        const char *says;
        bool transient;
        int status;
    } cases[] = {
        {"exit 3", "", "exit 3", false, 3},
        {"echo first >&2; echo no such unit >&2; exit 5", "", "exit 5: no such unit", false, 5},
        {"exit 75", "", "exit 75", true, 75},
        {"kill -9 $$", "", "killed by signal 9 KILL", true, SIGKILL},
        {"sleep 60", ",\"timeout\":\"1s\"", "longer than 1s", true, 0},
        {"exit 0", ",\"check\":[\"sh\",\"-c\",\"echo not listening >&2; exit 4\"]",
         "check exit 4: not listening", false, 4},
        {"exit 0", ",\"check\":[\"sleep\",\"60\"],\"check_timeout\":\"1s\"", "check stopped", true, 0},
        {"exit 3", ",\"check\":[\"true\"]", "exit 3", false, 3},
    };
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_program(&bench, cases[i].line, cases[i].more);
        assert_failed(&bench, cases[i].transient, cases[i].says);
        assert_int_equal(bench.result.status, cases[i].status);
    }
    bench_close(&bench);
}

static void test_a_program_that_is_missing_waits_for_a_person(void **state)
{
    (void)state;
    if (getenv("KEYTURN_VALGRIND")) /* its vfork is a fork: a failed exec goes unseen */
        skip();
    struct bench bench;
    bench_open(&bench);
    put_program(&bench, "exit 0", ",\"check\":[\"keyturn-no-such-check\"]");
    assert_failed(&bench, false, "there is no program keyturn-no-such-check");
    bench_close(&bench);
}

static void test_S6_no_detail_shows_the_secret(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    put_program(&bench, "cat >&2; exit 1", "");
    assert_failed(&bench, false, "hidden");
    assert_null(strstr(bench.result.detail, "c41f"));
    put_program(&bench, "read key; echo bad key $key >&2; exit 1", "");
    assert_failed(&bench, false, "hidden");
    assert_null(strstr(bench.result.detail, "c41f"));
    put_program(&bench, "exit 0 # " BENCH_SECRET, "");
    assert_failed(&bench, false, "argument 2");
    assert_null(strstr(bench.result.detail, "c41f"));
    bench_close(&bench);
}

static void test_check_holds_and_gets_the_path_and_no_secret(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, ",\"check\":[\"sh\",\"-c\",\"test -z \\\"$(cat)\\\" && grep -q s3cret $KEYTURN_PATH\"]",
                   "s3cret");
    assert_done(&bench, "checked");
    put_program(&bench, "exit 0", ",\"check\":[\"true\"]");
    assert_done(&bench, "exit 0, checked");
    bench_put_file(&bench, ",\"check\":[\"false\"]", "s3cret");
    assert_failed(&bench, false, "check exit 1");
    bench_close(&bench);
}

static void test_check_does_not_run_after_taking_away(void **state)
{
    (void)state;
    char json[2048];
    struct bench bench;
    bench_open(&bench);
    bench_operate(&bench, bench_file(&bench, ",\"check\":[\"false\"]", json), DELIVERY_TAKE_AWAY, NULL);
    assert_done(&bench, "removed");
    bench_close(&bench);
}

static void test_put_without_a_secret_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    char json[2048];
    struct bench bench;
    bench_open(&bench);
    OWN(delivery_free) struct delivery *delivery = bench_parse(program_of("exit 0", "", json));
    const struct delivery_subject subject = {
        .key = "live/x", .environment = "live", .name = "x", .version = 1, .secret = NULL};
    assert_int_equal(delivery_start(&bench.runner, delivery, DELIVERY_PUT, &subject, false, bench_done, &bench, &err),
                     ERR_INTERNAL);
    bench_close(&bench);
}

/* One that is still queued when the pool stops is told to be worth repeating. */
static void test_stopping_cancels_what_is_queued(void **state)
{
    (void)state;
    struct err err = {0};
    char json[2048];
    char line[512];
    struct bench bench;
    bench_open(&bench);
    (void)snprintf(line, sizeof line, "sleep 0.3; cat >>%s", bench.file);
    OWN(delivery_free) struct delivery *delivery = bench_parse(program_of(line, "", json));
    OWN(secret_free) struct secret *secret = bench_secret("x", 1);
    const struct delivery_subject subject = {
        .key = "live/x", .environment = "live", .name = "x", .version = 1, .secret = secret};
    for (int i = 0; i < 400; i++) /* a minute's work for two workers */
        assert_int_equal(
            delivery_start(&bench.runner, delivery, DELIVERY_PUT, &subject, false, bench_done, &bench, &err), ERR_OK);
    bench.pool = work_pool_free(bench.pool);
    assert_failed(&bench, true, "stopped before it began");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_reads_exactly_the_secret),
        cmocka_unit_test(test_command_is_told_the_key_and_the_operation),
        cmocka_unit_test(test_take_away_without_a_remove_command_asks_for_a_person),
        cmocka_unit_test(test_failures_are_for_good_or_pass),
        cmocka_unit_test(test_a_program_that_is_missing_waits_for_a_person),
        cmocka_unit_test(test_S6_no_detail_shows_the_secret),
        cmocka_unit_test(test_check_holds_and_gets_the_path_and_no_secret),
        cmocka_unit_test(test_check_does_not_run_after_taking_away),
        cmocka_unit_test(test_put_without_a_secret_is_refused),
        cmocka_unit_test(test_stopping_cancels_what_is_queued),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
