#include "plain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* C1 controls are the two bytes C2 80 to C2 9F in UTF-8. */
static bool plain_is_c1(const unsigned char *at)
{
    return at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F;
}

static bool plain_is_control(const unsigned char *at)
{
    return (at[0] < 0x20 && at[0] != '\n') || at[0] == 0x7F;
}

/* What must be looked at: the end, and what one of the two above may begin with. */
static const bool plain_stops[256] = {
    [0 ... '\n' - 1] = true, ['\n' + 1 ... 0x1F] = true, [0x7F] = true, [0xC2] = true};

static size_t plain_run(const char *text)
{
    size_t length = 0;
    while (!plain_stops[(unsigned char)text[length]])
        length++;
    return length;
}

static bool plain_is_fit(const char *text)
{
    for (text += plain_run(text); *text; text += 1 + plain_run(text + 1)) {
        const unsigned char *at = (const unsigned char *)text;
        if (plain_is_control(at) || plain_is_c1(at))
            return false;
    }
    return true;
}

void plain_text(char *text)
{
    for (text += plain_run(text); *text; text += 1 + plain_run(text + 1)) {
        unsigned char *at = (unsigned char *)text;
        if (plain_is_control(at))
            *at = '?';
        if (plain_is_c1(at)) {
            at[0] = '?';
            at[1] = '?';
        }
    }
}

static void plain_json_string(json_t *json)
{
    if (plain_is_fit(json_string_value(json)))
        return;
    char *copy = strdup(json_string_value(json));
    if (copy) {
        plain_text(copy);
        (void)json_string_set(json, copy);
        free(copy);
    }
}

void plain_json(json_t *json)
{
    size_t index = 0;
    const char *name = NULL;
    json_t *value = NULL;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        json_object_foreach (json, name, value)
            plain_json(value);
        break;
    case JSON_ARRAY:
        json_array_foreach (json, index, value)
            plain_json(value);
        break;
    case JSON_STRING:
        plain_json_string(json);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
}
