/* The table of routes: what it finds, and that schema/openapi.yaml has the same. */
#include "../../../agent/api/routes.h"

#include "base/buf.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

struct found {
    enum err_code code;
    const struct route *route;
    struct request_path path;
    char allow[64];
    struct err err;
};

static struct found find(const char *method, const char *path)
{
    struct found found = {0};
    found.code = route_find(method, path, &found.route, &found.path, found.allow, &found.err);
    return found;
}

static void test_each_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; route_at(i); i++) {
        const struct route *route = route_at(i);
        assert_non_null(route->method);
        assert_int_equal(route->pattern[0], '/');
        assert_non_null(route->handle);
        assert_in_range(route->status, 200, 204);
        /* What changes something may wait for the engine, and must not do it on the listener's threads. */
        if (strcmp(route->method, "GET") != 0)
            assert_true(route->blocks);
        for (size_t j = 0; j < i; j++)
            assert_true(strcmp(route->method, route_at(j)->method) != 0 ||
                        strcmp(route->pattern, route_at(j)->pattern) != 0);
    }
}

static void test_only_health_is_for_everybody(void **state)
{
    (void)state;
    for (size_t i = 0; route_at(i); i++)
        if (route_at(i)->what == ACCESS_HEALTH)
            assert_string_equal(route_at(i)->pattern, "/v1/health");
}

static void test_placeholders_are_taken(void **state)
{
    (void)state;
    static const uint8_t id[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    struct found found = find("GET", "/v1/keys/live/reporting/secret");
    assert_int_equal(found.code, ERR_OK);
    assert_string_equal(found.path.environment, "live");
    assert_string_equal(found.path.name, "reporting");
    found = find("POST", "/v1/rotations/0123456789abcdef0123456789abcdef/go-on");
    assert_int_equal(found.code, ERR_OK);
    assert_int_equal(found.route->argument, ENGINE_GO_ON);
    assert_memory_equal(found.path.id, id, sizeof id);
    found = find("DELETE", "/v1/keys/live/x/deliveries/32");
    assert_int_equal(found.code, ERR_OK);
    assert_int_equal(found.path.number, 32);
}

static void test_a_name_has_64_bytes_and_not_65(void **state)
{
    (void)state;
    char path[128] = "/v1/keys/live/";
    size_t length = strlen(path);
    memset(path + length, 'n', 64);
    assert_int_equal(find("GET", path).code, ERR_OK);
    path[length + 64] = 'n';
    assert_int_equal(find("GET", path).code, ERR_NOT_FOUND);
}

static void test_what_a_placeholder_cannot_be_is_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/v1/keys/live/-x", "/v1/keys/live/a b",       "/v1/keys//x",         "/v1/incidents/0",
        "/v1/incidents/01", "/v1/incidents/1x",        "/v1/incidents/-1",    "/v1/incidents/1234567890",
        "/v1/rotations/12", "/v1/rotations/0123456789ABCDEF0123456789ABCDEg", "/v1/keys/live/x/",
        "/v1/health/",      "/v1/healthy",             "/v1/heal",            "v1/health",
        "",                 "/",                       "/v1/keys/live/x/y/z", "/v1/keys/{environment}/x",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct found found = find("GET", paths[i]);
        assert_int_equal(found.code, ERR_NOT_FOUND);
        assert_true(found.err.message[0]);
    }
}

static void test_another_method_gets_those_that_are_allowed(void **state)
{
    (void)state;
    struct found found = find("PUT", "/v1/keys/live/x");
    assert_int_equal(found.code, ERR_INVALID);
    assert_string_equal(found.allow, "GET, HEAD, PATCH, DELETE");
    found = find("get", "/v1/health");
    assert_int_equal(found.code, ERR_INVALID);
    assert_string_equal(found.allow, "GET, HEAD");
}

static void test_head_is_where_get_is(void **state)
{
    (void)state;
    assert_int_equal(find("HEAD", "/v1/keys").code, ERR_OK);
    assert_int_equal(find("HEAD", "/v1/vault/init").code, ERR_INVALID);
}

/* --- schema/openapi.yaml --------------------------------------------------- */

enum { DESCRIBED_MOST = 100 };
struct described {
    size_t count;
    struct {
        char method[16];
        char pattern[96];
    } rows[DESCRIBED_MOST];
};

/* "  /v1/keys:" and "    get:" are lines of their own; what else is a line "    word:" is no method. */
static bool read_word(const char *line, const char *indent, char *word, size_t size)
{
    size_t start = strlen(indent);
    size_t length = strlen(line);
    if (strncmp(line, indent, start) != 0 || length < start + 2 || line[start] == ' ' || line[length - 1] != ':' ||
        length - start > size)
        return false;
    memcpy(word, line + start, length - start - 1);
    word[length - start - 1] = '\0';
    return true;
}

static void read_described(struct described *described)
{
    OWN_BUF struct buf text = {0};
    struct err err = {0};
    char pattern[96] = "";
    char method[16];
    described->count = 0;
    assert_int_equal(file_read(KEYTURN_SOURCE_DIR "/schema/openapi.yaml", (size_t)1 << 20, &text, &err), ERR_OK);
    char *rest = strstr(text.data, "\npaths:\n");
    assert_non_null(rest);
    for (char *line; (line = strsep(&rest, "\n")) && strcmp(line, "components:") != 0;) {
        if (read_word(line, "  ", pattern, sizeof pattern) || !read_word(line, "    ", method, sizeof method) ||
            strcmp(method, "parameters") == 0)
            continue;
        assert_true(described->count < DESCRIBED_MOST);
        strcpy(described->rows[described->count].method, method);
        strcpy(described->rows[described->count].pattern, pattern);
        described->count++;
    }
}

static bool is_described(const struct described *described, const struct route *route)
{
    for (size_t i = 0; i < described->count; i++)
        if (strcasecmp(described->rows[i].method, route->method) == 0 &&
            strcmp(described->rows[i].pattern, route->pattern) == 0)
            return true;
    return false;
}

static bool is_routed(const char *method, const char *pattern)
{
    for (size_t i = 0; route_at(i); i++)
        if (strcasecmp(method, route_at(i)->method) == 0 && strcmp(pattern, route_at(i)->pattern) == 0)
            return true;
    return false;
}

static void test_the_description_has_every_route_and_no_other(void **state)
{
    (void)state;
    struct described described;
    read_described(&described);
    for (size_t i = 0; route_at(i); i++)
        if (!is_described(&described, route_at(i)))
            fail_msg("schema/openapi.yaml lacks %s %s", route_at(i)->method, route_at(i)->pattern);
    for (size_t i = 0; i < described.count; i++)
        if (!is_routed(described.rows[i].method, described.rows[i].pattern))
            fail_msg("no route is %s %s of schema/openapi.yaml", described.rows[i].method,
                     described.rows[i].pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_is_whole),
        cmocka_unit_test(test_only_health_is_for_everybody),
        cmocka_unit_test(test_placeholders_are_taken),
        cmocka_unit_test(test_a_name_has_64_bytes_and_not_65),
        cmocka_unit_test(test_what_a_placeholder_cannot_be_is_not_found),
        cmocka_unit_test(test_another_method_gets_those_that_are_allowed),
        cmocka_unit_test(test_head_is_where_get_is),
        cmocka_unit_test(test_the_description_has_every_route_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
