/* Answers of a provider: any status, headers and body, judged by rules of every
 * kind (S2), and what is taken out of them (S6). The input is parts that end in
 * a zero byte: status, content type, the value of every header, a pointer; the
 * rest is the body. */
#include "fuzz.h"

#include "action/action.h"
#include "body.h"
#include "judge.h"

static const char known_secret[] = "sk_live_0123456789abcdefghij";

static struct action_values *known;
static struct secret_arena *arena;

static void start(void)
{
    fuzz_start();
    if (known)
        return;
    action_init();
    known = action_values_new();
    arena = secret_arena_new((size_t)4 << 20);
    struct secret *secret = fuzz_secret((const uint8_t *)known_secret, strlen(known_secret));
    FUZZ_CHECK(known && arena && secret);
    FUZZ_CHECK(action_values_set(known, "environment", "live", NULL) == ERR_OK);
    FUZZ_CHECK(action_values_set_secret(known, "secret", secret, NULL) == ERR_OK);
}

static const char *header(const void *context, const char *name)
{
    return strcmp(name, "x-request-id") == 0 ? context : NULL;
}

static bool is_shown_well(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return length < size;
}

#define POINTER(text) (char[]){text}

static void judge(const struct judge_answer *answer, char *pointer)
{
    struct action_condition also[] = {{.pointer = POINTER("/meta/environment"), .equals = POINTER("{{environment}}")}};
    struct action_rule rules[] = {
        {.status = 200, .content_type = POINTER("application/json"), .pointer = POINTER("/success"),
         .equals = POINTER("true"), .also = also, .also_count = 1, .verdict = POINTER("alive")},
        {.status_class = POINTER("4xx"), .pointer = POINTER("/error/code"), .equals = POINTER("INVALID_API_KEY"),
         .verdict = POINTER("dead"), .because = POINTER("unrecognised")},
        {.pointer = pointer, .not_equals = POINTER("1"), .verdict = POINTER("unfit")},
        {.pointer = pointer, .present = POINTER("true"), .verdict = POINTER("done")},
        {.header = POINTER("x-request-id"), .header_equals = POINTER("{{environment}}"), .verdict = POINTER("found")},
    };
    struct action_extract extract[] = {
        {.name = POINTER("secret"), .pointer = pointer, .optional = POINTER("true")},
        {.name = POINTER("id"), .pointer = pointer},
        {.name = POINTER("code"), .pointer = POINTER("/error/code"), .optional = POINTER("true")},
        {.name = POINTER("request_id"), .header = POINTER("x-request-id"), .optional = POINTER("true")},
    };
    const struct action_request request = {.rules = rules, .rules_count = sizeof rules / sizeof rules[0],
                                           .extract = extract, .extract_count = sizeof extract / sizeof extract[0]};
    OWN(action_values_free) struct action_values *values = action_values_new();
    FUZZ_CHECK(values);
    struct action_result result = {.rule = -1, .values = values};
    FUZZ_CHECK(judge_answer(&request, known, answer, arena, &result, NULL) == ERR_OK);
    FUZZ_CHECK(result.verdict == ACTION_UNKNOWN || result.rule >= 0);
    FUZZ_CHECK(result.verdict != ACTION_ALIVE || (answer->status == 200 && action_values_text(values, "id")));
    FUZZ_CHECK(result.verdict != ACTION_DEAD || answer->status / 100 == 4);
    FUZZ_CHECK(is_shown_well(result.code, sizeof result.code));
    FUZZ_CHECK(is_shown_well(result.request_id, sizeof result.request_id));
    FUZZ_CHECK(strnlen(result.detail, sizeof result.detail) < sizeof result.detail);
    FUZZ_CHECK(!strstr(result.code, known_secret) && !strstr(result.request_id, known_secret) &&
               !strstr(result.detail, known_secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    struct fuzz_parts parts = {.at = data, .left = size};
    char *status = fuzz_part(&parts, '\0');
    char *type = fuzz_part(&parts, '\0');
    char *value = fuzz_part(&parts, '\0');
    char *pointer = fuzz_part(&parts, '\0');
    OWN(secret_free) struct secret *body = parts.left ? fuzz_secret(parts.at, parts.left) : secret_new(1);
    const struct judge_answer answer = {
        .status = (int)(strtol(status, NULL, 10) % 1000), .content_type = type, .body = body, .header = header, .context = value};
    /* A pointer that is none does not pass the check of its definition. */
    if (body && body_pointer_is_good(pointer))
        judge(&answer, pointer);
    free(status);
    free(type);
    free(value);
    free(pointer);
    return 0;
}
