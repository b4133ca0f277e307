/* Durations, times, names, globs and masks. */
#include "fuzz.h"

#include "base/limits.h"
#include "base/text.h"

static const int64_t hundred_years_ms = INT64_C(100) * 366 * 24 * 3600 * 1000;

/* What is written for a person leaves out less than it says. */
static void check_duration(const char *text)
{
    int64_t ms = 0;
    int64_t again = 0;
    char out[TEXT_DURATION_BYTES];
    if (text_parse_duration(text, &ms, NULL) != ERR_OK)
        return;
    FUZZ_CHECK(ms >= 0 && ms <= hundred_years_ms);
    if (text_parse_duration(text_format_duration(ms, out), &again, NULL) == ERR_OK)
        FUZZ_CHECK(again <= ms && ms - again < again);
    else
        FUZZ_CHECK(ms < 1000 && strcmp(out, "now") == 0);
}

/* What was read is written as a time that reads as the same. */
static void check_time(const char *text)
{
    int64_t ms = 0;
    int64_t again = 0;
    char out[TEXT_TIME_BYTES];
    if (text_parse_time(text, &ms, NULL) != ERR_OK)
        return;
    FUZZ_CHECK(text_parse_time(text_format_time(ms, out), &again, NULL) == ERR_OK);
    /* An offset may lead out of the years that can be written. */
    bool edge = strncmp(out, "0000-01-01", 10) == 0 || strncmp(out, "9999-12-31", 10) == 0;
    FUZZ_CHECK(again == ms || edge);
}

static void check_names(const char *text)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    if (text_check_name(text, "name", NULL) == ERR_OK)
        FUZZ_CHECK(strlen(text) <= LIMIT_NAME_BYTES);
    if (text_split_key(text, environment, name, NULL) != ERR_OK)
        return;
    FUZZ_CHECK(text_check_name(environment, "environment", NULL) == ERR_OK);
    FUZZ_CHECK(text_check_name(name, "name", NULL) == ERR_OK);
    FUZZ_CHECK(strlen(environment) + 1 + strlen(name) == strlen(text));
}

/* A mask is short, printable but for its ellipsis, and hides sixteen bytes or all. */
static void check_mask(const uint8_t *data, size_t size)
{
    char out[TEXT_MASK_BYTES];
    const char *mask = text_mask(data, size, out);
    const char *ellipsis = strstr(mask, "…");
    FUZZ_CHECK(ellipsis && strlen(mask) < sizeof out);
    size_t before = (size_t)(ellipsis - mask);
    size_t after = strlen(ellipsis + strlen("…"));
    FUZZ_CHECK(before <= 16 && after <= 4 && before + after <= size);
    FUZZ_CHECK(after == 0 || size - before - after >= 16);
    FUZZ_CHECK(before == 0 || memcmp(mask, data, before) == 0);
    for (const char *at = mask; *at; at++)
        FUZZ_CHECK((*at >= ' ' && *at < 0x7f) || (at >= ellipsis && at < ellipsis + strlen("…")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char id[16];
    char hex[TEXT_HEX_ID_BYTES];
    struct err err = {0};
    char *text = fuzz_string(data, size);
    const char *newline = strchr(text, '\n');

    check_duration(text);
    check_time(text);
    check_names(text);
    check_mask(data, size);
    if (text_parse_hex_id(text, id))
        FUZZ_CHECK(strcasecmp(text_hex_id(id, hex), text) == 0);
    if (text_check_utf8(text, LIMIT_TITLE_BYTES, "title", &err) == ERR_OK)
        FUZZ_CHECK(strlen(text) <= LIMIT_TITLE_BYTES && !newline);
    if (newline) { /* pattern, line feed, text */
        char *pattern = fuzz_string(data, (size_t)(newline - text));
        (void)text_glob(pattern, newline + 1);
        FUZZ_CHECK(text_glob("*", text));
        free(pattern);
    }
    free(text);
    return 0;
}
