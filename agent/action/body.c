#include "body.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void body_memory_free(void *memory)
{
    if (!memory)
        return;
    secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

/* An answer may hold a new key, and jansson copies every string into memory of
 * its own. With these functions each copy is wiped when it is freed; until then
 * it is in ordinary memory, for the time of one evaluation. */
void body_init(void)
{
    json_set_alloc_funcs(malloc, body_memory_free);
}

void body_release(struct body *body)
{
    json_decref(body->root);
    body->root = NULL;
    body->picked = NULL;
}

/* A name that is twice in an object makes it worthless as proof: two readers
 * may see two different values (S2). */
static json_t *body_root(struct body *body)
{
    if (!body->read && secret_length(body->bytes) > 0)
        body->root = json_loadb((const char *)secret_peek(body->bytes), secret_length(body->bytes),
                                JSON_REJECT_DUPLICATES, NULL);
    body->read = true;
    return body->root;
}

/* "~1" is '/', "~0" is '~'. The reference ends at '/' or NUL; false when it is too long. */
static bool body_token(const char **at, char *token, size_t size)
{
    size_t length = 0;
    for (; **at != '\0' && **at != '/'; (*at)++) {
        if (length + 1 >= size)
            return false;
        char byte = **at;
        if (byte == '~') {
            (*at)++;
            byte = **at == '1' ? '/' : '~';
        }
        token[length++] = byte;
    }
    token[length] = '\0';
    return true;
}

/* An index has no sign, no leading zero and at most nine digits. */
static json_t *body_element(const json_t *array, const char *token)
{
    size_t digits = strspn(token, "0123456789");
    if (digits == 0 || digits > 9 || token[digits] != '\0' || (token[0] == '0' && digits > 1))
        return NULL;
    return json_array_get(array, strtoul(token, NULL, 10));
}

static const char body_picked[] = "/@picked";

bool body_pointer_is_picked(const char *pointer)
{
    size_t length = sizeof body_picked - 1;
    return strncmp(pointer, body_picked, length) == 0 && (pointer[length] == '/' || pointer[length] == '\0');
}

static json_t *body_find_in(json_t *value, const char *pointer)
{
    const char *at = pointer;
    while (value && *at == '/') {
        char token[256];
        at++;
        if (!body_token(&at, token, sizeof token))
            return NULL;
        value = json_is_object(value) ? json_object_get(value, token) : body_element(value, token);
    }
    return value;
}

json_t *body_find(struct body *body, const char *pointer)
{
    json_t *root = body_root(body);
    if (body_pointer_is_picked(pointer))
        return body_find_in(body->picked, pointer + sizeof body_picked - 1);
    return body_find_in(root, pointer);
}

void body_pick(struct body *body, const char *list, const char *by, body_is_it *is_it, const void *context)
{
    const json_t *elements = body_find_in(body_root(body), list);
    body->listed = json_is_array(elements);
    for (size_t i = 0; i < json_array_size(elements) && !body->picked; i++) {
        json_t *element = json_array_get(elements, i);
        const json_t *value = body_find_in(element, by ? by : "");
        if (value && is_it(context, value))
            body->picked = element;
    }
}

enum err_code body_each_element(struct body *body, const char *list, body_visit_element *visit, void *context,
                                bool *ret_list)
{
    const json_t *elements = body_find_in(body_root(body), list);
    *ret_list = json_is_array(elements);
    for (size_t i = 0; i < json_array_size(elements); i++)
        TRY(visit(context, json_array_get(elements, i)));
    return ERR_OK;
}

json_t *body_find_below(json_t *element, const char *pointer)
{
    return body_find_in(element, pointer);
}

bool body_pointer_is_good(const char *pointer)
{
    if (*pointer != '\0' && *pointer != '/')
        return false;
    for (const char *tilde = strchr(pointer, '~'); tilde; tilde = strchr(tilde + 1, '~'))
        if (tilde[1] != '0' && tilde[1] != '1')
            return false;
    return true;
}

enum err_code body_each(struct body *body, body_visit *visit, void *context, bool *ret_object)
{
    json_t *root = body_root(body);
    const char *name;
    json_t *value;
    *ret_object = json_is_object(root);
    json_object_foreach(root, name, value)
        TRY(visit(context, name, value));
    return ERR_OK;
}

bool body_is_null(const json_t *value)
{
    return json_is_null(value);
}

const char *body_text(const json_t *value, char number[BODY_NUMBER_BYTES], size_t *ret_length)
{
    const char *text = number;
    switch (json_typeof(value)) {
    case JSON_STRING:
        *ret_length = json_string_length(value);
        return json_string_value(value);
    case JSON_INTEGER:
        (void)snprintf(number, BODY_NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        (void)snprintf(number, BODY_NUMBER_BYTES, "%.17g", json_real_value(value));
        break;
    case JSON_TRUE:
        text = "true";
        break;
    case JSON_FALSE:
        text = "false";
        break;
    case JSON_NULL:
        text = "null";
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return NULL;
    }
    *ret_length = strlen(text);
    return text;
}
