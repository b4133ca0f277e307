#include "decode.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- The document ---------------------------------------------------------- */

/* The library's own message quotes what it stumbled over, which may be part of a secret. */
static const char *decode_fault(enum json_error_code code)
{
    static const struct {
        enum json_error_code code;
        const char *words;
    } faults[] = {
        {json_error_stack_overflow, "too many arrays and objects within each other"},
        {json_error_invalid_utf8, "bytes that are not UTF-8"},
        {json_error_premature_end_of_input, "the end comes too early"},
        {json_error_end_of_input_expected, "something follows the end"},
        {json_error_duplicate_key, "a field is there twice"},
        {json_error_numeric_overflow, "a number is too large"},
        {json_error_null_character, "a NUL character in a string"},
        {json_error_null_byte_in_key, "a NUL character in a name"},
        {json_error_out_of_memory, "out of memory"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (faults[i].code == code)
            return faults[i].words;
    return "a character that cannot stand there";
}

enum err_code decode_body(const struct request *request, json_t **ret_object, struct err *err)
{
    json_error_t fault;
    const struct secret *body = request->body;
    OWN_JSON json_t *object = NULL;
    if (body)
        object = json_loadb((const char *)secret_peek(body), secret_length(body), JSON_REJECT_DUPLICATES, &fault);
    else
        object = json_object();
    if (!object)
        return err_set(err, ERR_INVALID, "the body is not JSON: line %d, column %d (byte %d): %s", fault.line,
                       fault.column, fault.position, decode_fault(json_error_code(&fault)));
    if (!json_is_object(object))
        return err_set(err, ERR_INVALID, "the body is not a JSON object");
    *ret_object = GIVE(object);
    return ERR_OK;
}

/* --- Kinds ----------------------------------------------------------------- */

/* One value into its place. value NULL: a null that clears. False: of another kind. */
typedef bool decode_take(const json_t *value, void *place);

static bool decode_take_text(const json_t *value, void *place)
{
    *(const char **)place = value ? json_string_value(value) : "";
    return !value || json_is_string(value);
}

static bool decode_take_secret(const json_t *value, void *place)
{
    size_t length = json_string_length(value);
    if (!json_is_string(value) || length == 0 || length > LIMIT_SECRET_BYTES)
        return false;
    struct secret *secret = secret_new(length);
    if (!secret || secret_set(secret, json_string_value(value), length) != ERR_OK) {
        secret_free(secret);
        return false;
    }
    *(struct secret **)place = secret;
    return true;
}

static bool decode_take_boolean(const json_t *value, void *place)
{
    *(bool *)place = json_is_true(value);
    return json_is_boolean(value);
}

static bool decode_take_seconds(const json_t *value, void *place)
{
    const double most_s = 36525.0 * 24 * 60 * 60;
    double seconds = value ? json_number_value(value) : 0;
    if ((value && !json_is_number(value)) || !(seconds >= 0 && seconds <= most_s))
        return false;
    *(int64_t *)place = (int64_t)(seconds * 1000 + 0.5);
    return true;
}

static bool decode_take_time(const json_t *value, void *place)
{
    int64_t wall_ms = 0;
    if (value && (!json_is_string(value) || text_parse_time(json_string_value(value), &wall_ms, NULL) != ERR_OK))
        return false;
    *(int64_t *)place = wall_ms;
    return true;
}

static bool decode_take_number32(const json_t *value, void *place)
{
    json_int_t number = value ? json_integer_value(value) : 0;
    if ((value && !json_is_integer(value)) || number < 0 || number > UINT32_MAX)
        return false;
    *(uint32_t *)place = (uint32_t)number;
    return true;
}

static bool decode_take_number64(const json_t *value, void *place)
{
    json_int_t number = value ? json_integer_value(value) : 0;
    if ((value && !json_is_integer(value)) || number < 0)
        return false;
    *(uint64_t *)place = (uint64_t)number;
    return true;
}

static bool decode_take_object(const json_t *value, void *place)
{
    *(const json_t **)place = value;
    return json_is_object(value);
}

static bool decode_take_array(const json_t *value, void *place)
{
    *(const json_t **)place = value;
    return json_is_array(value);
}

static const struct {
    decode_take *take;
    const char *words;
} decode_kinds[] = {
    [DECODE_TEXT] = {decode_take_text, "a string"},
    [DECODE_SECRET] = {decode_take_secret, "a string of 1 to 65536 bytes"},
    [DECODE_BOOLEAN] = {decode_take_boolean, "true or false"},
    [DECODE_SECONDS] = {decode_take_seconds, "a number of seconds, from 0 to 100 years"},
    [DECODE_TIME] = {decode_take_time, "a time such as 2027-03-01T12:00:00Z"},
    [DECODE_NUMBER32] = {decode_take_number32, "a whole number from 0"},
    [DECODE_NUMBER64] = {decode_take_number64, "a whole number from 0"},
    [DECODE_OBJECT] = {decode_take_object, "an object"},
    [DECODE_ARRAY] = {decode_take_array, "an array"},
};
_Static_assert(LIMIT_SECRET_BYTES == 65536, "the words above name it");

/* --- Fields ---------------------------------------------------------------- */

static enum err_code decode_known(const json_t *object, const struct decode_table *table, struct err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *fields = NULL;
    memcpy(&fields, &object, sizeof fields); /* the iterator has no const form */
    json_object_foreach (fields, name, value) {
        bool known = false;
        for (size_t i = 0; i < table->count && !known; i++)
            known = strcmp(name, table->fields[i].name) == 0;
        if (!known)
            return err_set(err, ERR_INVALID, "there is no field \"%s%.64s\" here", table->where, name);
    }
    return ERR_OK;
}

static enum err_code decode_field(const struct decode_field *field, const json_t *value,
                                  const struct decode_table *table, void *into, unsigned *given,
                                  struct err *err)
{
    bool null = json_is_null(value);
    if (!value || (null && !field->clears)) {
        if (field->required)
            return err_set(err, ERR_INVALID, "%s%s is missing: %s", table->where, field->name,
                           decode_kinds[field->kind].words);
        return ERR_OK;
    }
    if (!decode_kinds[field->kind].take(null ? NULL : value, (char *)into + field->place))
        return err_set(err, ERR_INVALID, "%s%s is not %s", table->where, field->name,
                       decode_kinds[field->kind].words);
    *given |= field->bit;
    return ERR_OK;
}

enum err_code decode_fields(const json_t *object, const struct decode_table *table, void *into,
                            unsigned *ret_given, struct err *err)
{
    unsigned given = 0;
    TRY(decode_known(object, table, err));
    for (size_t i = 0; i < table->count; i++) {
        const struct decode_field *field = &table->fields[i];
        TRY(decode_field(field, json_object_get(object, field->name), table, into, &given, err));
    }
    *ret_given = given;
    return ERR_OK;
}

/* --- Labels and definitions --------------------------------------------------- */

static enum err_code decode_check_label(const char *name, const json_t *value, struct err *err)
{
    if (!json_is_string(value))
        return err_set(err, ERR_INVALID, "labels.%.64s is not a string", name);
    if (!name[0] || strchr(name, '='))
        return err_set(err, ERR_INVALID, "labels: a name is not empty and has no \"=\"");
    TRY(text_check_utf8(name, LIMIT_LABEL_NAME_BYTES, "a label's name", err));
    return text_check_utf8(json_string_value(value), LIMIT_LABEL_VALUE_BYTES, "a label's value", err);
}

static int decode_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err_code decode_labels(const json_t *object, struct buf *out, struct err *err)
{
    const char *names[LIMIT_LABELS];
    size_t count = 0;
    const char *name = NULL;
    json_t *value = NULL;
    json_t *fields = NULL;
    memcpy(&fields, &object, sizeof fields);
    if (json_object_size(object) > LIMIT_LABELS)
        return err_set(err, ERR_LIMIT, "a key has at most %d labels, not %zu", LIMIT_LABELS, json_object_size(object));
    json_object_foreach (fields, name, value) {
        TRY(decode_check_label(name, value, err));
        names[count++] = name;
    }
    if (count > 1)
        qsort(names, count, sizeof names[0], decode_compare);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%s=%s", i ? "\n" : "", names[i], json_string_value(json_object_get(object, names[i])));
    return buf_ok(out) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for labels");
}

static int decode_append(const char *bytes, size_t length, void *context)
{
    buf_add(context, bytes, length);
    return 0;
}

enum err_code decode_text_of(const json_t *object, const char *what, struct buf *out, struct err *err)
{
    if (!json_is_object(object))
        return err_set(err, ERR_INVALID, "%s is not an object", what);
    int result = json_dump_callback(object, decode_append, out, JSON_COMPACT);
    buf_add(out, "", 1);
    if (result != 0 || !buf_ok(out))
        return err_set(err, ERR_MEMORY, "out of memory for %s", what);
    return ERR_OK;
}
