/* Definitions of sinks: what a file must be, which of two wins, and what a delivery may give it. */
#include "bench.h"

#define SINK_HEAD "name: box\ntitle: A box\ntarget: \"{{address}}/{{path}}\"\n"
#define SINK_SETTINGS                                      \
    "settings:\n  - {name: address, title: where, kind: url}\n" \
    "  - {name: path, title: which, kind: text, pattern: '^[a-z]+$', default: main}\n"
#define SINK_PUT                                                                                   \
    "actions:\n  put:\n    requests:\n      - method: PUT\n        url: \"{{address}}/{{path|urlencode}}\"\n" \
    "        body: '{\"value\":\"{{secret|json}}\"}'\n        rules: [{status: 204, verdict: done, because: put}]\n"

static enum err_code load(const struct bench *bench, const char *text, struct delivery_sinks **ret_sinks,
                          struct err *err)
{
    char path[320];
    const char *folders[] = {"/nonexistent", bench->folder};
    (void)snprintf(path, sizeof path, "%s/box.yaml", bench->folder);
    bench_write(path, text, 0600);
    return delivery_sinks_load(folders, 2, ret_sinks, err);
}

static void refused(const struct bench *bench, const char *text, const char *part)
{
    struct err err = {0};
    struct delivery_sinks *sinks = NULL;
    assert_int_not_equal(load(bench, text, &sinks, &err), ERR_OK);
    assert_null(sinks);
    if (!strstr(err.message, part) || !strstr(err.message, "box.yaml:"))
        fail_msg("“%s” is not in: %s", part, err.message);
}

static void test_a_definition_that_is_wrong_is_named_with_file_line_and_field(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    refused(&bench, SINK_HEAD SINK_SETTINGS, "actions");
    refused(&bench, SINK_HEAD "colour: red\n" SINK_SETTINGS SINK_PUT, "colour");
    refused(&bench, SINK_HEAD "settings:\n  - {name: secret, title: a, kind: url}\n" SINK_PUT, "settings[1].name");
    refused(&bench, SINK_HEAD "settings:\n  - {name: a, title: a, kind: any}\n" SINK_PUT, "settings[1].kind");
    refused(&bench, SINK_HEAD "settings:\n  - {name: a, title: a, kind: text}\n" SINK_PUT, "settings[1].pattern");
    refused(&bench, SINK_HEAD "settings:\n  - {name: a, title: a, kind: text, pattern: 'a.*'}\n" SINK_PUT,
            "settings[1].pattern");
    refused(&bench, SINK_HEAD SINK_SETTINGS "actions:\n  put: {manual: {text: walk}}\n", "put");
    bench_close(&bench);
}

static void test_a_later_folder_replaces_a_definition_of_the_same_name(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    char folder[300], path[340];
    OWN(delivery_sinks_free) struct delivery_sinks *sinks = NULL;
    bench_open(&bench);
    (void)snprintf(folder, sizeof folder, "%s/own", bench.folder);
    (void)snprintf(path, sizeof path, "%s/mine.yaml", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    bench_write(path, "name: box\ntitle: Mine\ntarget: \"mine {{address}}\"\n" SINK_SETTINGS SINK_PUT, 0600);
    (void)snprintf(path, sizeof path, "%s/box.yaml", bench.folder);
    bench_write(path, SINK_HEAD SINK_SETTINGS SINK_PUT, 0600);
    const char *folders[] = {bench.folder, folder};
    if (delivery_sinks_load(folders, 2, &sinks, &err) != ERR_OK)
        fail_msg("%s", err.message);
    assert_int_equal(delivery_sinks_count(sinks), 1);
    assert_string_equal(delivery_sinks_name_at(sinks, 0), "box");
    assert_null(delivery_sinks_name_at(sinks, 1));
    const char *json = "{\"kind\":\"sink\",\"class\":\"live\",\"sink\":\"box\",\"settings\":{\"address\":\"https://a\"}}";
    OWN(delivery_free) struct delivery *delivery = NULL;
    assert_int_equal(delivery_parse("delivery", json, strlen(json), sinks, &delivery, &err), ERR_OK);
    assert_string_equal(delivery_target(delivery), "mine https://a");
    delivery = delivery_free(delivery);
    bench_close(&bench);
}

/* One that others may write could send keys anywhere. */
static void test_S6_a_definition_that_others_may_write_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    char path[320];
    struct delivery_sinks *sinks = NULL;
    bench_open(&bench);
    (void)snprintf(path, sizeof path, "%s/box.yaml", bench.folder);
    bench_write(path, SINK_HEAD SINK_SETTINGS SINK_PUT, 0666);
    const char *folders[] = {bench.folder};
    assert_int_not_equal(delivery_sinks_load(folders, 1, &sinks, &err), ERR_OK);
    bench_close(&bench);
}

static enum err_code parse_settings_of(const struct delivery_sinks *sinks, const char *settings, char target[256],
                                       struct err *err)
{
    char json[512];
    OWN(delivery_free) struct delivery *delivery = NULL;
    (void)snprintf(json, sizeof json, "{\"kind\":\"sink\",\"class\":\"live\",\"sink\":\"box\",\"settings\":%s}", settings);
    TRY(delivery_parse("delivery", json, strlen(json), sinks, &delivery, err));
    (void)snprintf(target, 256, "%s", delivery_target(delivery));
    return ERR_OK;
}

static void test_settings_are_held_to_their_kind_and_a_secret_goes_over_tls_or_stays_here(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = {0};
    char target[256];
    OWN(delivery_sinks_free) struct delivery_sinks *sinks = NULL;
    bench_open(&bench);
    if (load(&bench, SINK_HEAD SINK_SETTINGS SINK_PUT, &sinks, &err) != ERR_OK)
        fail_msg("%s", err.message);
    assert_int_equal(parse_settings_of(sinks, "{\"address\":\"https://a\"}", target, &err), ERR_OK);
    assert_string_equal(target, "https://a/main");
    assert_int_equal(parse_settings_of(sinks, "{\"address\":\"http://localhost:1\",\"path\":\"b\"}", target, &err), ERR_OK);
    assert_string_equal(target, "http://localhost:1/b");
    static const struct {
        const char *settings, *part;
    } bad[] = {
        {"{}", "settings.address"},
        {"{\"address\":\"http://a\"}", "settings.address"},
        {"{\"address\":\"http://localhost.evil.example\"}", "settings.address"},
        {"{\"address\":\"http://127.0.0.1@evil.example\"}", "settings.address"},
        {"{\"address\":\"https://a/\"}", "settings.address"},
        {"{\"address\":\"https://a?b\"}", "settings.address"},
        {"{\"address\":\"https://\"}", "settings.address"},
        {"{\"address\":7}", "settings.address"},
        {"{\"address\":\"https://a\",\"path\":\"B\"}", "settings.path"},
        {"{\"address\":\"https://a\",\"pth\":\"b\"}", "settings.pth"},
        {"[]", "settings"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse_settings_of(sinks, bad[i].settings, target, &err), ERR_INVALID);
        if (!strstr(err.message, bad[i].part))
            fail_msg("“%s” is not in: %s", bad[i].part, err.message);
    }
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_definition_that_is_wrong_is_named_with_file_line_and_field),
        cmocka_unit_test(test_a_later_folder_replaces_a_definition_of_the_same_name),
        cmocka_unit_test(test_S6_a_definition_that_others_may_write_is_refused),
        cmocka_unit_test(test_settings_are_held_to_their_kind_and_a_secret_goes_over_tls_or_stays_here),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
