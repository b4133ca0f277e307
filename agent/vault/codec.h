/* The codec of sealed metadata: a MessagePack map from small integers to values,
 * described by a table. A table's rows are indexed by the field's number.
 *
 * Encoding leaves out what is zero or empty. Decoding skips numbers that the
 * table does not know (a newer program's) and leaves zero what is absent (an
 * older program's), so a field can be added without a migration. */
#ifndef KEYTURN_VAULT_CODEC_H
#define KEYTURN_VAULT_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_type {
    CODEC_NONE = 0, /* the number is not in use */
    CODEC_U32,
    CODEC_U64,
    CODEC_I32,
    CODEC_I64,
    CODEC_BOOL,
    CODEC_STRING, /* char[size], NUL-terminated */
    CODEC_BYTES,  /* uint8_t[size], zeros are "none" */
    CODEC_TEXT,   /* struct vault_text of at most size bytes, owned */
    CODEC_MAP     /* a struct described by inner */
};

struct codec_schema;

struct codec_field {
    enum codec_type type;
    size_t offset;
    size_t size;
    const struct codec_schema *inner;
};

struct codec_schema {
    const char *name; /* in messages */
    const struct codec_field *fields;
    size_t count; /* one past the highest number; at most 128 */
    size_t size;  /* of the struct */
    uint64_t texts; /* a bit for each number that is a CODEC_TEXT: all that is to be freed */
};

/* One row of a table, for a member of a struct. */
#define CODEC_FIELD(struct_type, member, field_type)                                               \
    {.type = (field_type),                                                                         \
     .offset = offsetof(struct_type, member),                                                      \
     .size = sizeof(((struct_type *)0)->member)}
#define CODEC_FIELD_TEXT(struct_type, member, most_bytes)                                          \
    {.type = CODEC_TEXT, .offset = offsetof(struct_type, member), .size = (most_bytes)}
#define CODEC_FIELD_MAP(struct_type, member, inner_schema)                                         \
    {.type = CODEC_MAP, .offset = offsetof(struct_type, member), .inner = (inner_schema)}
#define CODEC_SCHEMA(text, struct_type, rows) CODEC_SCHEMA_TEXTS(text, struct_type, rows, 0)
/* Of a struct that owns texts; text_bits as in struct codec_schema. */
#define CODEC_SCHEMA_TEXTS(text, struct_type, rows, text_bits)                                     \
    {.name = (text),                                                                               \
     .fields = (rows),                                                                             \
     .count = sizeof(rows) / sizeof((rows)[0]),                                                    \
     .size = sizeof(struct_type),                                                                  \
     .texts = (text_bits)}
#define CODEC_BIT(number) (UINT64_C(1) << (number))

/* Append record to out. ERR_LIMIT a text is longer than its field; ERR_MEMORY. */
enum err_code codec_encode(const struct codec_schema *schema, const void *record, struct buf *out,
                           struct err *err) ERR_MUST_CHECK;
/* Would it be encoded? ERR_LIMIT as above. */
enum err_code codec_fits(const struct codec_schema *schema, const void *record, struct err *err) ERR_MUST_CHECK;
/* Fill the schema's fields of record, which the caller zeroed. After a failure
 * the caller releases what was filled. ERR_FORMAT names the field; ERR_MEMORY. */
enum err_code codec_decode(const struct codec_schema *schema, const void *bytes, size_t length, void *record,
                           struct err *err) ERR_MUST_CHECK;
/* Free the texts that a record owns. */
void codec_release(const struct codec_schema *schema, void *record);

#endif
