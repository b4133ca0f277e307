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
    const struct judge_answer answer = {atoi(column[2]), column[3], body, no_header, NULL};
    assert_int_equal(judge_answer(&spec->requests[0], values, &answer, NULL, &result, &err), ERR_OK);
    if (strcmp(action_verdict_name(result.verdict), column[5]) != 0)
        fail_msg("%s %s %s %s: %s, expected %s (%s)", column[0], column[1], column[2], column[4],
                 action_verdict_name(result.verdict), column[5], result.detail);
    secret_free(body);
    action_values_free(values);
    action_values_free(result.values);
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
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
