/* JSON bodies into fields, by a table.
 *
 * A field that the table does not name is refused by name, so is one of the
 * wrong kind. Texts are borrowed from the document; secrets are copied into
 * locked memory, and the JSON library wipes its own copies as it frees them. */
#ifndef KEYTURN_API_DECODE_H
#define KEYTURN_API_DECODE_H

#include "base/err.h"
#include "base/own.h"
#include "base/secret.h"
#include "request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field is in JSON, and what its place in the struct holds. */
enum decode_kind {
    DECODE_TEXT,     /* string; const char *, borrowed */
    DECODE_SECRET,   /* string of 1 to LIMIT_SECRET_BYTES; struct secret *, owned */
    DECODE_BOOLEAN,  /* bool */
    DECODE_SECONDS,  /* number, fractions allowed, up to 100 years; int64_t of milliseconds */
    DECODE_TIME,     /* RFC 3339; int64_t of wall milliseconds */
    DECODE_NUMBER32, /* whole number from 0; uint32_t */
    DECODE_NUMBER64, /* uint64_t */
    DECODE_OBJECT,   /* const json_t *, borrowed */
    DECODE_ARRAY,    /* const json_t *, borrowed */
};

struct decode_field {
    const char *name;
    enum decode_kind kind;
    bool required;
    bool clears;  /* null is a value: "" or 0; else null is as if the field were absent */
    size_t place; /* offsetof */
    unsigned bit; /* set in *ret_given when the field has a value; or 0 */
};

static inline void own_json(json_t **json)
{
    json_decref(*json);
}
#define OWN_JSON __attribute__((cleanup(own_json)))

/* The body as one object; without a body an empty one. ERR_INVALID names line and column, and never
 * shows what stands there: it may be a secret. */
enum err_code decode_body(const struct request *request, json_t **ret_object, struct err *err) ERR_MUST_CHECK;

/* object's fields into into. where is put before names in messages ("slot."), or "". On failure
 * secrets already decoded stay in into, which owns them. */
struct decode_table {
    const struct decode_field *fields;
    size_t count;
    const char *where;
};
enum err_code decode_fields(const json_t *object, const struct decode_table *table, void *into,
                            unsigned *ret_given, struct err *err) ERR_MUST_CHECK;
#define DECODE_TABLE(rows, prefix)                                                                 \
    {                                                                                              \
        .fields = (rows), .count = sizeof(rows) / sizeof((rows)[0]), .where = (prefix)             \
    }

/* {"name":"value"} as sorted "name=value" lines. */
enum err_code decode_labels(const json_t *object, struct buf *out, struct err *err) ERR_MUST_CHECK;
/* An object as compact JSON, NUL-terminated, appended. */
enum err_code decode_text_of(const json_t *object, const char *what, struct buf *out, struct err *err) ERR_MUST_CHECK;

#endif
