/* Every shipped definition against the answers of answers.tsv: those that its
 * pages document, and those that only look like them. One row, one verdict. */
#include "provider/provider.h"

#include "../../../agent/action/judge.h"

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

enum { COLUMNS = 6 };

static const char *no_header(const void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

static struct provider_set *shipped(void)
{
    static const char *const folders[] = {KEYTURN_SOURCE_DIR "/packaging/providers"};
    struct provider_set *set = NULL;
    struct err err = {0};
    if (provider_set_load(folders, 1, &set, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return set;
}

static const struct action_spec *spec_named(const struct provider *provider, const char *name)
{
    for (int i = 0; i < PROVIDER_ACTION_COUNT; i++)
        if (strcmp(provider_action_name((enum provider_action)i), name) == 0)
            return provider_spec(provider, (enum provider_action)i);
    return NULL;
}

static void judge_row(const struct provider_set *set, char *const column[COLUMNS])
{
    const struct provider *provider = provider_set_find(set, column[0]);
    if (!provider)
        fail_msg("%s is not shipped", column[0]);
    const struct action_spec *spec = spec_named(provider, column[1]);
    const struct provider_subject subject = {
        .environment = provider_environment_at(provider, 0), .key = "live/key", .label = "kt-1", .id = "id-1"};
    struct action_values *values = NULL;
    struct action_result result = {.values = action_values_new()};
    struct err err = {0};
    struct secret *body = secret_new(strlen(column[4]) + 1);
    assert_non_null(spec);
    assert_int_equal(secret_set(body, column[4], strlen(column[4])), ERR_OK);
    assert_int_equal(provider_values(provider, &subject, &values, &err), ERR_OK);
    assert_int_equal(action_values_set(values, "page", "1", &err), ERR_OK);
    const struct judge_answer answer = {atoi(column[2]), column[3], body, no_header, NULL};
    assert_int_equal(judge_answer(&spec->requests[0], values, &answer, NULL, &result, &err), ERR_OK);
    if (strcmp(action_verdict_name(result.verdict), column[5]) != 0)
        fail_msg("%s %s %s %s: %s, expected %s (%s)", column[0], column[1], column[2], column[4],
                 action_verdict_name(result.verdict), column[5], result.detail);
    secret_free(body);
    action_values_free(values);
    action_values_free(result.values);
    action_list_free(result.list);
}

static void test_S2_each_answer_proves_what_is_documented(void **state)
{
    (void)state;
    struct provider_set *set = shipped();
    FILE *file = fopen(KEYTURN_SOURCE_DIR "/tests/unit/provider/answers.tsv", "re");
    char line[1024];
    size_t rows = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *column[COLUMNS] = {NULL};
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        for (size_t i = 0; i < COLUMNS; i++)
            column[i] = strsep(&rest, "\t");
        assert_non_null(column[COLUMNS - 1]);
        judge_row(set, column);
        rows++;
    }
    assert_true(rows > 0);
    (void)fclose(file);
    provider_set_free(set);
}

/* S2: a page that is not the API's proves nothing, whatever its status and whoever is asked. */
static void test_S2_a_page_of_somebody_else_proves_nothing(void **state)
{
    static char html[] = "text/html", page[] = "<html>log in</html>", unknown[] = "unknown";
    static char *const statuses[] = {"200", "301", "401", "403", "404", "429", "500", "503"};
    static char probe[] = "probe";
    (void)state;
    struct provider_set *set = shipped();
    for (size_t i = 0; i < provider_set_count(set); i++)
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            char name[128];
            (void)snprintf(name, sizeof name, "%s", provider_name(provider_set_at(set, i)));
            char *const column[COLUMNS] = {name, probe, statuses[j], html, page, unknown};
            judge_row(set, column);
        }
    provider_set_free(set);
}

/* What a NAME.settings file says is a value, and a mistake in one is named. */
static void test_settings_of_an_account_are_values(void **state)
{
    static const struct {
        const char *text, *problem;
    } files[] = {
        {"settings:\n  - {name: project, value: proj_1}\n", NULL},
        {"settings:\n  - {name: projekt, value: proj_1}\n", "has no setting"},
        {"settings:\n  - {name: project}\n", "expected name and value"},
        {"settings:\n  - {name: project, value: a}\n  - {name: project, value: b}\n", "twice"},
    };
    (void)state;
    char folder[] = "/tmp/keyturn-settings.XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/openai.settings", folder);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *const folders[] = {KEYTURN_SOURCE_DIR "/packaging/providers", folder};
        struct provider_set *set = NULL;
        struct err err = {0};
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(files[i].text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0600), 0);
        enum err_code code = provider_set_load(folders, 2, &set, &err);
        if (files[i].problem) {
            assert_int_equal(code, ERR_INVALID);
            assert_non_null(strstr(err.message, files[i].problem));
            assert_non_null(strstr(err.message, "openai.settings:"));
            continue;
        }
        struct action_values *values = NULL;
        const struct provider_subject subject = {.key = "live/key"};
        assert_int_equal(code, ERR_OK);
        assert_int_equal(provider_values(provider_set_find(set, "openai"), &subject, &values, &err), ERR_OK);
        assert_string_equal(action_values_text(values, "project"), "proj_1");
        action_values_free(values);
        provider_set_free(set);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    action_init();
    return secret_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S2_each_answer_proves_what_is_documented),
        cmocka_unit_test(test_S2_a_page_of_somebody_else_proves_nothing),
        cmocka_unit_test(test_settings_of_an_account_are_values),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
