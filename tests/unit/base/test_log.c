#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "folder.h"

/* Standard error is a file for the time of a test. */
struct capture {
    int fd;
    int saved;
};

static struct capture capture_start(void **state)
{
    struct capture capture = {.fd = folder_file(state, "log", "", 0600), .saved = dup(STDERR_FILENO)};
    assert_int_equal(dup2(capture.fd, STDERR_FILENO), STDERR_FILENO);
    return capture;
}

static void capture_end(struct capture capture, char out[4096])
{
    dup2(capture.saved, STDERR_FILENO);
    close(capture.saved);
    ssize_t length = pread(capture.fd, out, 4095, 0);
    close(capture.fd);
    assert_true(length >= 0);
    out[length] = '\0';
}

static void test_a_line_has_time_priority_room_and_message(void **state)
{
    char out[4096];
    unsetenv("JOURNAL_STREAM");
    struct capture capture = capture_start(state);
    log_warning("engine", "waited %d s", 5);
    capture_end(capture, out);
    assert_int_equal(out[4], '-');
    assert_int_equal(out[23], 'Z');
    assert_string_equal(out + 24, " <4>engine: waited 5 s\n");
}

static void test_the_journal_gets_no_time(void **state)
{
    char out[4096];
    char stream[64];
    struct stat status;
    struct capture capture = capture_start(state);
    fstat(capture.fd, &status);
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_error("store", "no space");
    setenv("JOURNAL_STREAM", "1:1", 1); /* somebody else's: standard error was turned */
    log_info("store", "again");
    unsetenv("JOURNAL_STREAM");
    capture_end(capture, out);
    assert_memory_equal(out, "<3>store: no space\n", 19);
    assert_string_equal(out + 19 + 24, " <6>store: again\n");
}

static void test_less_important_messages_are_dropped(void **state)
{
    char out[4096];
    struct capture capture = capture_start(state);
    log_debug("x", "hidden by default");
    log_set_level(LOG_LEVEL_WARNING);
    log_info("x", "hidden");
    log_warning("x", "shown");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("x", "shown, too");
    log_set_level(LOG_LEVEL_INFO);
    capture_end(capture, out);
    assert_null(strstr(out, "hidden"));
    assert_non_null(strstr(out, "<4>x: shown\n"));
    assert_non_null(strstr(out, "<7>x: shown, too\n"));
}

static void test_a_line_feed_cannot_forge_an_event(void **state)
{
    char out[4096];
    struct capture capture = capture_start(state);
    log_info("api", "name %s", "x\n<3>vault: forged\x1b[2J\r\x7f");
    capture_end(capture, out);
    assert_non_null(strstr(out, "name x <3>vault: forged [2J  \n"));
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void test_a_long_line_is_cut_and_ends(void **state)
{
    char out[4096];
    struct capture capture = capture_start(state);
    log_info("x", "%01500d", 1);
    log_info("x", "next");
    capture_end(capture, out);
    char *end = strchr(out, '\n');
    assert_non_null(end);
    assert_in_range(end - out, 1000, 1024);
    assert_non_null(strstr(end, "<6>x: next\n"));
}

#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_folder(test_a_line_has_time_priority_room_and_message),
        in_a_folder(test_the_journal_gets_no_time),
        in_a_folder(test_less_important_messages_are_dropped),
        in_a_folder(test_a_line_feed_cannot_forge_an_event),
        in_a_folder(test_a_long_line_is_cut_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
