/* Formats: what stands in the file, byte for byte, and what its readers make of it. */
#include "delivery/bench.h"

static void test_each_format_is_written_byte_for_byte(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        const char *secret;
        const char *content;
    } cases[] = {
        {"", "s3cret", "s3cret"},
        {",\"format\":\"raw\"", "line\nline\n", "line\nline\n"},
        {",\"format\":\"env\",\"variable\":\"AMPS_KEY\"", BENCH_SECRET, "AMPS_KEY=" BENCH_SECRET "\n"},
        {",\"format\":\"json\"", "a\"b\\c\n\xc3\xa4",
         "{\"key\":\"live/reporting\",\"version\":8,\"secret\":\"a\\\"b\\\\c\\u000A\xc3\xa4\"}\n"},
        {",\"format\":\"template\",\"template\":\"[{{environment}} {{name}} {{version}}]\\nkey = {{secret}}\\n\"",
         "s3cret", "[live reporting 8]\nkey = s3cret\n"},
        {",\"format\":\"template\",\"template\":\"{{secret|base64}}\"", "s3cret", "czNjcmV0"},
    };
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_put_file(&bench, cases[i].more, cases[i].secret);
        assert_done(&bench, "written");
        assert_content(bench.file, cases[i].content);
    }
    bench_close(&bench);
}

static void test_raw_keeps_every_byte(void **state)
{
    (void)state;
    char json[2048];
    char content[300];
    unsigned char bytes[256];
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    struct bench bench;
    bench_open(&bench);
    OWN(secret_free) struct secret *secret = bench_secret(bytes, sizeof bytes);
    bench_operate(&bench, bench_file(&bench, ",\"format\":\"raw\"", json), DELIVERY_PUT, secret);
    assert_done(&bench, "written");
    assert_int_equal(bench_read(bench.file, content, sizeof content), 256);
    assert_memory_equal(content, bytes, 256);
    bench_close(&bench);
}

/* Every printable character is either refused, or read back by sh as it is. */
static void test_env_is_read_by_sh_as_it_was_or_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    size_t taken = 0;
    for (int byte = ' '; byte <= '~'; byte++) {
        char json[2048];
        const char text[] = {'a', (char)byte, 'b', ':', (char)byte, '\0'};
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s\",\"format\":\"env\","
                       "\"variable\":\"KEY\",\"check\":[\"sh\",\"-c\",\". $KEYTURN_PATH; "
                       "printf 'KEY=%%s\\\\n' \\\"$KEY\\\" | cmp - $KEYTURN_PATH\"]}",
                       bench.file);
        bench_put(&bench, json, text);
        taken += bench.result.done ? 1 : 0;
        if (!bench.result.done)
            assert_failed(&bench, false, "use format json, raw or template");
    }
    assert_int_equal(taken, 62 + strlen("_./:@%+=,-"));
    bench_close(&bench);
}

static void test_env_takes_a_tilde_only_where_nobody_expands_it(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        bool fits;
    } cases[] = {{"abc8Q~x", true}, {"~abc", false}, {"a:~b", false}, {"a=~b", false}, {"a~~", false}};
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_put_file(&bench, ",\"format\":\"env\",\"variable\":\"KEY\"", cases[i].secret);
        assert_int_equal(bench.result.done, cases[i].fits);
    }
    bench_close(&bench);
}

static void test_env_refuses_control_characters_and_nul(void **state)
{
    (void)state;
    static const char *const secrets[] = {"a\nb", "a\tb", "a\rb", "a\x7f", "a\xc3\xa4"};
    char json[2048];
    struct bench bench;
    bench_open(&bench);
    (void)bench_file(&bench, ",\"format\":\"env\",\"variable\":\"KEY\"", json);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        bench_put(&bench, json, secrets[i]);
        assert_failed(&bench, false, "sh, systemd and docker");
    }
    OWN(secret_free) struct secret *secret = bench_secret("a\0b", 3);
    bench_operate(&bench, json, DELIVERY_PUT, secret);
    assert_failed(&bench, false, "sh, systemd and docker");
    assert_int_equal(bench_count(bench.folder), 0);
    bench_close(&bench);
}

static void test_json_refuses_what_is_not_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        bool fits;
    } cases[] = {
        {"\xc3\xa4", true},          {"\xe2\x82\xac", true},     {"\xf0\x9f\x94\x91", true},
        {"\xf4\x8f\xbf\xbf", true},  {"\xc3", false},            {"\xa4", false},
        {"\xc0\xaf", false},         {"\xe0\x80\x80", false},    {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false}, {"\xf0\x8f\xbf\xbf", false}, {"\xff", false},
        {"\xe2\x82", false},         {"a\xe2\x82z", false},
    };
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_put_file(&bench, ",\"format\":\"json\"", cases[i].secret);
        if (bench.result.done != cases[i].fits)
            fail_msg("case %zu: %s", i, bench.result.detail);
        if (!cases[i].fits)
            assert_failed(&bench, false, "UTF-8");
    }
    bench_close(&bench);
}

static void test_a_secret_of_64_KiB_is_delivered_whole(void **state)
{
    (void)state;
    enum { BYTES = 64 * 1024 };
    static char text[BYTES + 1];
    static char content[BYTES + 16];
    memset(text, 'k', BYTES);
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, ",\"format\":\"env\",\"variable\":\"K\"", text);
    assert_done(&bench, "written");
    assert_int_equal(bench_read(bench.file, content, sizeof content), BYTES + 3);
    assert_memory_equal(content + 2, text, BYTES);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_format_is_written_byte_for_byte),
        cmocka_unit_test(test_raw_keeps_every_byte),
        cmocka_unit_test(test_env_is_read_by_sh_as_it_was_or_refused),
        cmocka_unit_test(test_env_takes_a_tilde_only_where_nobody_expands_it),
        cmocka_unit_test(test_env_refuses_control_characters_and_nul),
        cmocka_unit_test(test_json_refuses_what_is_not_utf8),
        cmocka_unit_test(test_a_secret_of_64_KiB_is_delivered_whole),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
