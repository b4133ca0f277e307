#include "field.h"

#include "base/text.h"

const char *field_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

int64_t field_number(const json_t *object, const char *name)
{
    return (int64_t)json_number_value(json_object_get(object, name));
}

double field_seconds(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

bool field_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

int64_t field_time(const json_t *object, const char *name)
{
    int64_t wall_ms = 0;
    const char *text = field_text(object, name);
    return text[0] && text_parse_time(text, &wall_ms, NULL) == ERR_OK ? wall_ms : 0;
}

bool field_given(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value && !json_is_null(value);
}
