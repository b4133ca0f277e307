/* Requests to the agent once libmicrohttpd has taken them apart: a method and a
 * path in the first line, then a JSON body. */
#include "fuzz.h"

#include "decode.h"
#include "routes.h"

struct fields {
    const char *text;
    struct secret *secret;
    bool boolean;
    int64_t seconds;
    uint32_t number32;
    uint64_t number64;
    const json_t *object;
    const json_t *array;
};

static const struct decode_field rows[] = {
    {.name = "name", .kind = DECODE_TEXT, .required = true, .place = offsetof(struct fields, text)},
    {.name = "secret", .kind = DECODE_SECRET, .place = offsetof(struct fields, secret)},
    {.name = "unchecked", .kind = DECODE_BOOLEAN, .place = offsetof(struct fields, boolean)},
    {.name = "grace_s", .kind = DECODE_SECONDS, .clears = true, .place = offsetof(struct fields, seconds), .bit = 1},
    {.name = "version", .kind = DECODE_NUMBER32, .place = offsetof(struct fields, number32)},
    {.name = "generation", .kind = DECODE_NUMBER64, .place = offsetof(struct fields, number64)},
    {.name = "labels", .kind = DECODE_OBJECT, .place = offsetof(struct fields, object)},
    {.name = "deliveries", .kind = DECODE_ARRAY, .place = offsetof(struct fields, array)},
};

static void check_route(char *line)
{
    const struct route *route = NULL;
    struct request_path path = {0};
    char allow[64] = "";
    char *space = strchr(line, ' ');
    if (!space)
        return;
    *space = '\0';
    if (route_find(line, space + 1, &route, &path, allow, NULL) == ERR_OK) {
        FUZZ_CHECK(route && strlen(path.environment) <= LIMIT_NAME_BYTES && strlen(path.name) <= LIMIT_NAME_BYTES);
        FUZZ_CHECK(strcmp(route->method, line) == 0 || strcmp(line, "HEAD") == 0);
    }
    FUZZ_CHECK(strnlen(allow, sizeof allow) < sizeof allow);
}

static void check_fields(const json_t *object)
{
    static const struct decode_table table = DECODE_TABLE(rows, "");
    static const int64_t hundred_years_ms = INT64_C(100) * 366 * 24 * 3600 * 1000;
    struct fields fields = {0};
    unsigned given = 0;
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    if (decode_fields(object, &table, &fields, &given, &err) == ERR_OK) {
        FUZZ_CHECK(fields.text && fields.seconds >= 0 && fields.seconds <= hundred_years_ms);
        FUZZ_CHECK(!fields.secret || (secret_length(fields.secret) > 0 && secret_length(fields.secret) <= LIMIT_SECRET_BYTES));
        FUZZ_CHECK(!fields.object || json_is_object(fields.object));
        FUZZ_CHECK(!fields.array || json_is_array(fields.array));
        if (fields.object && decode_labels(fields.object, &out, &err) == ERR_OK)
            FUZZ_CHECK(buf_ok(&out));
        if (fields.object && decode_text_of(fields.object, "labels", &out, &err) == ERR_OK)
            FUZZ_CHECK(buf_ok(&out));
    }
    secret_free(fields.secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    struct fuzz_parts parts = {.at = data, .left = size};
    char *line = fuzz_part(&parts, '\n');
    OWN(secret_free) struct secret *body = fuzz_secret(parts.at, parts.left);
    const struct request request = {.body = body};
    OWN_JSON json_t *object = NULL;
    struct err err = {0};
    check_route(line);
    if (decode_body(&request, &object, &err) == ERR_OK) {
        FUZZ_CHECK(json_is_object(object));
        check_fields(object);
    }
    free(line);
    return 0;
}
