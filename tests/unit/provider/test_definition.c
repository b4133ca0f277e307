/* Definitions from files: each mistake is refused with its place, and what is
 * left out has its default. */
#include "provider/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define HERE KEYTURN_SOURCE_DIR "/tests/unit/provider/"

static struct buf read_text(const char *path)
{
    struct buf text = {0};
    struct err err = {0};
    if (file_read(path, 1 << 20, &text, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return text;
}

/* The first occurrence of old becomes new. */
static struct buf replaced(const struct buf *text, const char *old, const char *new)
{
    struct buf out = {0};
    const char *at = strstr(buf_text(text), old);
    if (!at)
        fail_msg("good.yaml has no \"%s\"", old);
    buf_add(&out, buf_text(text), (size_t)(at - buf_text(text)));
    buf_text_add(&out, new);
    buf_text_add(&out, at + strlen(old));
    return out;
}

static void check_mistake(const struct buf *good, char *line)
{
    char *fields[5] = {0};
    for (size_t i = 0; i < 5; i++)
        fields[i] = strsep(&line, "\t");
    assert_non_null(fields[4]);
    struct buf bad = replaced(good, fields[1], fields[2]);
    struct provider *provider = NULL;
    struct err err = {0};
    enum err_code code = provider_load_text("bad.yaml", buf_text(&bad), bad.length, &provider, &err);
    char place[64];
    snprintf(place, sizeof place, "bad.yaml:%s: ", fields[3]);
    if (code != ERR_INVALID || provider || strncmp(err.message, place, strlen(place)) != 0 ||
        !strstr(err.message, fields[4]))
        fail_msg("%s: %d %s", fields[2], (int)code, err.message);
    buf_release(&bad);
}

static void test_each_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    struct buf good = read_text(HERE "good.yaml");
    struct buf list = read_text(HERE "bad.tsv");
    char *rest = list.data;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (line[0] != '\0' && line[0] != '#')
            check_mistake(&good, line);
    buf_release(&good);
    buf_release(&list);
}

static struct provider *load_text(const char *text)
{
    struct provider *provider = NULL;
    struct err err = {0};
    if (provider_load_text("text.yaml", text, strlen(text), &provider, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return provider;
}

static void test_limits_are_read(void **state)
{
    (void)state;
    struct provider *provider = NULL;
    struct err err = {0};
    assert_int_equal(provider_load(HERE "good.yaml", &provider, &err), ERR_OK);
    const struct provider_limits *limits = provider_limits(provider);
    assert_int_equal(limits->parallel, 3);
    assert_int_equal(limits->per_second, 5);
    assert_int_equal(limits->keys, 2);
    assert_int_equal(limits->settle, 4);
    assert_int_equal(limits->settle_interval_ms, 250);
    assert_int_equal(limits->propagation_ms, 120000);
    assert_int_equal(limits->proving_deadline_ms, 7200000);
    assert_int_equal(limits->watch_ms, 86400000);
    assert_string_equal(provider_title(provider), "Good");
    assert_string_equal(provider_file(provider), HERE "good.yaml");
    assert_true(provider_can(provider, PROVIDER_ISSUE));
    assert_null(provider_spec(provider, PROVIDER_FIND));
    provider_free(provider);
}

static void test_limits_have_defaults(void **state)
{
    (void)state;
    struct buf good = read_text(HERE "good.yaml");
    char *start = strstr(good.data, "limits:");
    memset(start, ' ', strcspn(start, "\n"));
    char *title = strstr(good.data, "title:");
    memset(title, ' ', strcspn(title, "\n"));
    struct provider *provider = load_text(good.data);
    const struct provider_limits *limits = provider_limits(provider);
    assert_int_equal(limits->parallel, 8);
    assert_int_equal(limits->per_second, 0);
    assert_int_equal(limits->keys, 0);
    assert_int_equal(limits->settle, 2);
    assert_int_equal(limits->settle_interval_ms, 1000);
    assert_int_equal(limits->propagation_ms, 60000);
    assert_int_equal(limits->proving_deadline_ms, 3600000);
    assert_int_equal(limits->watch_ms, 600000);
    assert_string_equal(provider_title(provider), "good");
    provider_free(provider);
    buf_release(&good);
}

static void test_documents_that_are_none_are_refused(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n", "[]", "text", "name: [", "\xff\xfe", "a: *b", "{}",
                                        "name: x\n---\nname: y\n", "\t", "name: good\nname: good\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct provider *provider = NULL;
        struct err err = {0};
        if (provider_load_text("text.yaml", texts[i], strlen(texts[i]), &provider, &err) != ERR_INVALID ||
            strncmp(err.message, "text.yaml:", 10) != 0)
            fail_msg("%zu: %s", i, err.message);
    }
}

static void test_file_is_at_most_256_KiB(void **state)
{
    enum { LIMIT = 256 * 1024 };
    (void)state;
    struct buf text = read_text(HERE "good.yaml");
    struct provider *provider = NULL;
    struct err err = {0};
    while (text.length < LIMIT)
        buf_add(&text, "\n", 1);
    assert_int_equal(provider_load_text("t", buf_text(&text), text.length, &provider, &err), ERR_OK);
    provider = provider_free(provider);
    buf_add(&text, "\n", 1);
    assert_int_equal(provider_load_text("t", buf_text(&text), text.length, &provider, &err), ERR_LIMIT);
    buf_release(&text);
}

struct folders {
    char root[256], shipped[300], user[300], missing[300];
    const char *list[3];
};

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    struct folders *folders = calloc(1, sizeof *folders);
    const char *base = getenv("TMPDIR");
    snprintf(folders->root, sizeof folders->root, "%s/keyturn-provider-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folders->root))
        return -1;
    snprintf(folders->shipped, sizeof folders->shipped, "%s/shipped", folders->root);
    snprintf(folders->user, sizeof folders->user, "%s/user", folders->root);
    snprintf(folders->missing, sizeof folders->missing, "%s/missing", folders->root);
    folders->list[0] = folders->shipped;
    folders->list[1] = folders->missing;
    folders->list[2] = folders->user;
    *state = folders;
    return mkdir(folders->shipped, 0755) || mkdir(folders->user, 0755);
}

static int teardown(void **state)
{
    struct folders *folders = *state;
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", folders->root);
    int failed = system(command);
    free(folders);
    return failed;
}

static void test_a_later_folder_replaces_and_adds(void **state)
{
    struct folders *folders = *state;
    struct buf good = read_text(HERE "good.yaml");
    struct buf mine = replaced(&good, "title: Good", "title: Mine");
    struct buf other = replaced(&good, "name: good", "name: other");
    write_file(folders->shipped, "good.yaml", good.data, 0644);
    write_file(folders->shipped, "notes.txt", "not yaml: [", 0644);
    write_file(folders->user, "mine.yaml", mine.data, 0644);
    write_file(folders->user, "other.yaml", other.data, 0600);
    write_file(folders->user, ".hidden.yaml", "not yaml: [", 0644);
    struct provider_set *set = NULL;
    struct err err = {0};
    if (provider_set_load(folders->list, 3, &set, &err) != ERR_OK)
        fail_msg("%s", err.message);
    assert_int_equal(provider_set_count(set), 2);
    assert_string_equal(provider_title(provider_set_find(set, "good")), "Mine");
    assert_non_null(provider_set_find(set, "other"));
    assert_null(provider_set_find(set, "none"));
    assert_null(provider_set_at(set, 2));
    provider_set_free(set);
    buf_release(&good);
    buf_release(&mine);
    buf_release(&other);
}

static void refuse_set(struct folders *folders, enum err_code code, const char *part)
{
    struct provider_set *set = NULL;
    struct err err = {0};
    enum err_code got = provider_set_load(folders->list, 3, &set, &err);
    if (got != code || !strstr(err.message, part))
        fail_msg("%d %s", (int)got, err.message);
    assert_null(set);
}

static void test_two_of_one_name_in_a_folder_are_refused(void **state)
{
    struct buf good = read_text(HERE "good.yaml");
    struct folders *folders = *state;
    write_file(folders->shipped, "a.yaml", good.data, 0644);
    write_file(folders->user, "a.yaml", good.data, 0644);
    write_file(folders->user, "b.yaml", good.data, 0644);
    refuse_set(folders, ERR_INVALID, "user/b.yaml: name");
    buf_release(&good);
}

static void test_one_bad_file_is_named(void **state)
{
    struct folders *folders = *state;
    write_file(folders->user, "bad.yaml", "name: x\ncolour: red\n", 0644);
    refuse_set(folders, ERR_INVALID, "user/bad.yaml:2: ");
}

static void test_a_file_that_others_can_write_is_refused(void **state)
{
    struct buf good = read_text(HERE "good.yaml");
    struct folders *folders = *state;
    write_file(folders->user, "open.yaml", good.data, 0666);
    refuse_set(folders, ERR_DENIED, "user/open.yaml");
    buf_release(&good);
}

static void test_what_is_no_file_is_refused(void **state)
{
    struct folders *folders = *state;
    char path[400];
    snprintf(path, sizeof path, "%s/pipe.yaml", folders->user);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuse_set(folders, ERR_INVALID, "user/pipe.yaml");
}

static void test_values_of_a_subject(void **state)
{
    (void)state;
    struct provider *provider = NULL;
    struct action_values *values = NULL;
    struct err err = {0};
    assert_int_equal(provider_load(HERE "good.yaml", &provider, &err), ERR_OK);
    struct provider_subject subject = {.environment = provider_environment_at(provider, 1), .label = "ci-2"};
    assert_int_equal(provider_values(provider, &subject, &values, &err), ERR_OK);
    assert_string_equal(action_values_text(values, "provider"), "good");
    assert_string_equal(action_values_text(values, "environment"), "sandbox");
    assert_string_equal(action_values_text(values, "class"), "test");
    assert_string_equal(action_values_text(values, "base_url"), "http://127.0.0.1:8080");
    assert_string_equal(action_values_text(values, "label"), "ci-2");
    assert_null(action_values_text(values, "id"));
    assert_null(action_values_secret(values, "secret"));
    action_values_free(values);
    provider_free(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mistake_is_refused_with_its_place),
        cmocka_unit_test(test_limits_are_read),
        cmocka_unit_test(test_limits_have_defaults),
        cmocka_unit_test(test_documents_that_are_none_are_refused),
        cmocka_unit_test(test_file_is_at_most_256_KiB),
        cmocka_unit_test_setup_teardown(test_a_later_folder_replaces_and_adds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_of_one_name_in_a_folder_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_bad_file_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_others_can_write_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_file_is_refused, setup, teardown),
        cmocka_unit_test(test_values_of_a_subject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
