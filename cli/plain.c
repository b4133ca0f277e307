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

static bool plain_is_fit(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (plain_is_control(at) || plain_is_c1(at))
            return false;
    return true;
}

void plain_text(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
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
