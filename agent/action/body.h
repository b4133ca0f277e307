/* The body of an answer as JSON, read when somebody first asks for a place in it.
 * jansson.h is included in body.c alone: its json_string and others have the
 * names of base's JSON writer. */
#ifndef KEYTURN_ACTION_BODY_H
#define KEYTURN_ACTION_BODY_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t; /* a value of jansson's, always borrowed */

struct body {
    const struct secret *bytes;
    bool read;
    struct json_t *root; /* NULL: not JSON */
    bool listed;         /* there is the list to pick from */
    struct json_t *picked; /* an element of it, borrowed from root; or NULL */
};
/* Once per process: makes jansson wipe what it frees. */
void body_init(void);
/* jansson holds copies of all strings meanwhile; they are wiped here. */
void body_release(struct body *body);

/* The value at a JSON Pointer (RFC 6901), borrowed; NULL when there is none. One that begins with
 * /@picked leads into the picked element. */
struct json_t *body_find(struct body *body, const char *pointer);
/* Pick the first element of a list for which is_it holds; by leads into the element, NULL: itself. */
typedef bool body_is_it(const void *context, const struct json_t *value);
void body_pick(struct body *body, const char *list, const char *by, body_is_it *is_it, const void *context);
bool body_pointer_is_picked(const char *pointer);
/* Call visit for each element of a list; false when there is no such list. */
typedef enum err_code body_visit_element(void *context, struct json_t *element);
enum err_code body_each_element(struct body *body, const char *list, body_visit_element *visit, void *context,
                                bool *ret_list) ERR_MUST_CHECK;
/* The value at a pointer into an element. */
struct json_t *body_find_below(struct json_t *element, const char *pointer);
/* Is it a JSON Pointer by its form? */
bool body_pointer_is_good(const char *pointer);

/* Call visit for each member of the top object; false when it is none. */
typedef enum err_code body_visit(void *context, const char *name, const struct json_t *value);
enum err_code body_each(struct body *body, body_visit *visit, void *context, bool *ret_object) ERR_MUST_CHECK;
bool body_is_null(const struct json_t *value);
enum { BODY_NUMBER_BYTES = 32 };
/* A value as text, borrowed from it or written to number; NULL for a list or an object. */
const char *body_text(const struct json_t *value, char number[BODY_NUMBER_BYTES], size_t *ret_length);

#endif
