/* Definitions: what is taken, and that each mistake is refused by the field's name. */
#include "delivery/bench.h"

static void assert_refused(const char *json, enum err_code code, const char *says)
{
    struct err err = {0};
    struct delivery *delivery = NULL;
    if (delivery_parse("delivery 7", json, strlen(json), NULL, &delivery, &err) != code)
        fail_msg("code %d (%s) for %s", (int)err.code, err.message, json);
    assert_null(delivery);
    assert_non_null(strstr(err.message, "delivery 7: "));
    if (!strstr(err.message, says))
        fail_msg("'%s' is not in: %s", says, err.message);
}

#define FILE_START "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/x.env\""
#define PROGRAM_START "{\"kind\":\"program\",\"class\":\"test\",\"command\":[\"systemctl\",\"reload\",\"x\"]"

static void test_file_and_program_are_read(void **state)
{
    (void)state;
    struct delivery *delivery =
        bench_parse(FILE_START ",\"format\":\"env\",\"variable\":\"AMPS_KEY\",\"owner\":\"x\",\"group\":\"x\","
                               "\"mode\":\"0640\",\"check\":[\"true\"],\"check_timeout\":\"30s\"}");
    assert_string_equal(delivery_kind(delivery), "file");
    assert_string_equal(delivery_target(delivery), "/etc/x.env");
    assert_int_equal(delivery_place_class(delivery), DELIVERY_CLASS_LIVE);
    delivery_free(delivery);
    delivery = bench_parse(PROGRAM_START ",\"timeout\":\"1h\",\"remove\":[\"/bin/true\"]}");
    assert_string_equal(delivery_kind(delivery), "program");
    assert_string_equal(delivery_target(delivery), "systemctl reload x");
    assert_int_equal(delivery_place_class(delivery), DELIVERY_CLASS_TEST);
    delivery_free(delivery);
    assert_null(delivery_free(NULL));
}

static void test_each_mistake_is_refused_by_its_fields_name(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *says;
    } mistakes[] = {
        {"", "line 1"},
        {"[]", "object"},
        {"{\"kind\":\"file\"", "line 1"},
        {"{}", "kind: is missing"},
        {"{\"kind\":7}", "kind: expected a text"},
        {"{\"kind\":\"pipe\"}", "kind: \"pipe\""},
        {"{\"kind\":\"file\",\"path\":\"/x\"}", "class: is missing"},
        {"{\"kind\":\"file\",\"class\":\"prod\",\"path\":\"/x\"}", "class: \"prod\""},
        {"{\"kind\":\"file\",\"class\":\"live\"}", "path: is missing"},
        {"{\"kind\":\"file\",\"kind\":\"file\",\"class\":\"live\",\"path\":\"/x\"}", "duplicate"},
        {FILE_START ",\"grp\":\"x\"}", "grp: there is no such field"},
        {FILE_START ",\"command\":[\"true\"]}", "command: a delivery of kind file"},
        {PROGRAM_START ",\"path\":\"/x\"}", "path: a delivery of kind program"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"etc/x\"}", "path: expected an absolute path"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/../x\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/./x\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc//x\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/..\"}", "path:"},
        {"{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/etc/a\\nb\"}", "path"},
        {FILE_START ",\"format\":\"toml\"}", "format: \"toml\""},
        {FILE_START ",\"format\":\"env\"}", "variable:"},
        {FILE_START ",\"variable\":\"X\"}", "variable:"},
        {FILE_START ",\"format\":\"env\",\"variable\":\"1X\"}", "variable: \"1X\""},
        {FILE_START ",\"format\":\"env\",\"variable\":\"X=Y\"}", "variable: \"X=Y\""},
        {FILE_START ",\"format\":\"template\"}", "template:"},
        {FILE_START ",\"template\":\"{{secret}}\"}", "template:"},
        {FILE_START ",\"format\":\"template\",\"template\":\"no secret\"}", "template: {{secret}}"},
        {FILE_START ",\"format\":\"template\",\"template\":\"{{secret}} {{who}}\"}", "{{who}}"},
        {FILE_START ",\"format\":\"template\",\"template\":\"{{secret|rot13}}\"}", "filter"},
        {FILE_START ",\"mode\":\"0644\"}", "mode: 0644 lets everybody"},
        {FILE_START ",\"mode\":\"0602\"}", "mode: 0602 lets everybody"},
        {FILE_START ",\"mode\":\"0700\"}", "mode: 0700"},
        {FILE_START ",\"mode\":\"4600\"}", "mode: 4600"},
        {FILE_START ",\"mode\":\"0040\"}", "mode: 0040"},
        {FILE_START ",\"mode\":\"rw\"}", "mode: expected octal"},
        {FILE_START ",\"mode\":\"0690\"}", "mode: expected octal"},
        {FILE_START ",\"mode\":416}", "mode: expected a text"},
        {FILE_START ",\"owner\":\"\"}", "owner: expected a text"},
        {FILE_START ",\"check\":\"true\"}", "check: expected a list"},
        {FILE_START ",\"check\":[]}", "check: expected a list"},
        {FILE_START ",\"check\":[\"true\",7]}", "check: item 2"},
        {FILE_START ",\"check\":[\"bin/true\"]}", "check: the program is"},
        {FILE_START ",\"check\":[\"\"]}", "check: the program is"},
        {FILE_START ",\"check_timeout\":\"30s\"}", "check_timeout: there is no check"},
        {PROGRAM_START ",\"timeout\":\"soon\"}", "timeout: \"soon\""},
        {PROGRAM_START ",\"timeout\":30}", "timeout: expected a text"},
        {"{\"kind\":\"program\",\"class\":\"live\"}", "command: is missing"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
        assert_refused(mistakes[i].json, ERR_INVALID, mistakes[i].says);
}

static void test_modes_that_keep_the_secret_are_taken(void **state)
{
    (void)state;
    static const char *const modes[] = {"0400", "0440", "600", "0600", "0640", "0660"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char json[128];
        (void)snprintf(json, sizeof json, FILE_START ",\"mode\":\"%s\"}", modes[i]);
        delivery_free(bench_parse(json));
    }
}

static void test_time_limits_from_both_sides(void **state)
{
    (void)state;
    delivery_free(bench_parse(PROGRAM_START ",\"timeout\":\"1s\"}"));
    delivery_free(bench_parse(PROGRAM_START ",\"timeout\":\"1h\"}"));
    assert_refused(PROGRAM_START ",\"timeout\":\"999ms\"}", ERR_LIMIT, "timeout:");
    assert_refused(PROGRAM_START ",\"timeout\":\"1h1s\"}", ERR_LIMIT, "timeout:");
}

static void test_length_of_a_files_name_from_both_sides(void **state)
{
    (void)state;
    for (int length = 229; length <= 230; length++) {
        char json[512];
        char name[256] = "";
        memset(name, 'n', (size_t)length);
        (void)snprintf(json, sizeof json, "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"/x/%s\"}", name);
        if (length == 229)
            delivery_free(bench_parse(json));
        else
            assert_refused(json, ERR_LIMIT, "229");
    }
}

static void test_number_of_arguments_from_both_sides(void **state)
{
    (void)state;
    for (int count = 32; count <= 33; count++) {
        char json[1024] = "{\"kind\":\"program\",\"class\":\"live\",\"command\":[\"true\"";
        for (int i = 1; i < count; i++)
            strcat(json, ",\"a\"");
        strcat(json, "]}");
        if (count == 32)
            delivery_free(bench_parse(json));
        else
            assert_refused(json, ERR_INVALID, "1 to 32");
    }
}

static void test_size_of_a_definition_from_both_sides(void **state)
{
    (void)state;
    enum { MOST = 64 * 1024 };
    static char json[MOST + 2];
    memset(json, ' ', sizeof json - 1);
    memcpy(json, FILE_START "}", strlen(FILE_START "}"));
    json[MOST] = '\0';
    delivery_free(bench_parse(json));
    json[MOST] = ' ';
    assert_refused(json, ERR_LIMIT, "65536");
}

static struct delivery_outline outline_of(const char *json, const char *target)
{
    struct delivery_outline outline;
    delivery_outline_read(json, strlen(json), target, &outline);
    return outline;
}

static void test_S5_what_was_stored_says_kind_and_class_without_its_sink(void **state)
{
    (void)state;
    struct delivery_outline outline =
        outline_of("{\"kind\":\"sink\",\"class\":\"live\",\"sink\":\"gone\",\"settings\":{}}", "https://a/b");
    assert_string_equal(outline.kind, "sink");
    assert_int_equal(outline.place_class, DELIVERY_CLASS_LIVE);
    assert_string_equal(outline.target, "https://a/b");
    outline = outline_of("{\"kind\":\"pigeon\",\"class\":\"test\"}", "");
    assert_string_equal(outline.kind, "delivery");
    assert_int_equal(outline.place_class, DELIVERY_CLASS_TEST);
    assert_string_equal(outline_of("no json", "").kind, "delivery");
}

static void test_S5_a_place_is_found_by_what_was_stored(void **state)
{
    (void)state;
    OWN(delivery_free) struct delivery *file = bench_parse(FILE_START "}");
    OWN(delivery_free) struct delivery *program =
        bench_parse("{\"kind\":\"program\",\"class\":\"live\",\"command\":[\"true\"]}");
    struct delivery_outline other = {.kind = "file", .place_class = DELIVERY_CLASS_TEST};
    (void)snprintf(other.target, sizeof other.target, "%s", delivery_target(file));
    assert_true(delivery_may_be_place(file, &other));
    assert_false(delivery_may_be_place(program, &other));
    other.target[1] = '_';
    assert_false(delivery_may_be_place(file, &other));
    other.target[0] = '\0';
    assert_true(delivery_may_be_place(file, &other));
    other.kind = "sink";
    assert_false(delivery_may_be_place(file, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_and_program_are_read),
        cmocka_unit_test(test_each_mistake_is_refused_by_its_fields_name),
        cmocka_unit_test(test_modes_that_keep_the_secret_are_taken),
        cmocka_unit_test(test_time_limits_from_both_sides),
        cmocka_unit_test(test_length_of_a_files_name_from_both_sides),
        cmocka_unit_test(test_number_of_arguments_from_both_sides),
        cmocka_unit_test(test_size_of_a_definition_from_both_sides),
        cmocka_unit_test(test_S5_what_was_stored_says_kind_and_class_without_its_sink),
        cmocka_unit_test(test_S5_a_place_is_found_by_what_was_stored),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
