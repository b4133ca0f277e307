/* codec.h has the format. Written with msgpack-c's packer straight into a buf, and
 * read by codec_read.c where it lies: a listing decodes a hundred thousand records,
 * for which msgpack-c would make a tree each. Strings are copied once, into the record. */
#include "codec.h"

#include "codec_read.h"
#include "vault/model.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

enum { CODEC_FIELDS = 128 };

static const void *codec_at(const struct codec_field *field, const void *record)
{
    return (const char *)record + field->offset;
}

static bool codec_is_zero(const uint8_t *bytes, size_t length)
{
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* --- Encoding ------------------------------------------------------------ */

static size_t codec_present(const struct codec_schema *schema, const void *record);

static bool codec_has(const struct codec_field *field, const void *record)
{
    const void *at = codec_at(field, record);
    switch (field->type) {
    case CODEC_NONE:
        return false;
    case CODEC_STRING:
        return *(const char *)at != '\0';
    case CODEC_TEXT:
        return ((const struct vault_text *)at)->length > 0;
    case CODEC_MAP:
        return codec_present(field->inner, at) > 0;
    case CODEC_U32:
    case CODEC_U64:
    case CODEC_I32:
    case CODEC_I64:
    case CODEC_BOOL:
    case CODEC_BYTES:
        return !codec_is_zero(at, field->size);
    }
    return false;
}

static size_t codec_present(const struct codec_schema *schema, const void *record)
{
    size_t present = 0;
    for (size_t number = 0; number < schema->count; number++)
        present += codec_has(&schema->fields[number], record);
    return present;
}

static enum err_code codec_text_length(const struct codec_field *field, const void *at, const char *what,
                                       size_t *ret_length, struct err *err)
{
    const struct vault_text *text = at;
    size_t length = field->type == CODEC_TEXT ? text->length : strnlen(at, field->size);
    size_t most = field->type == CODEC_TEXT ? field->size : field->size - 1;
    if (length > most)
        return err_set(err, ERR_LIMIT, "a text of %zu bytes in the %s; at most %zu are allowed", length,
                       what, most);
    *ret_length = length;
    return ERR_OK;
}

static enum err_code codec_pack_text(msgpack_packer *packer, const struct codec_field *field,
                                     const void *at, const char *what, struct err *err)
{
    size_t length = 0;
    TRY(codec_text_length(field, at, what, &length, err));
    (void)msgpack_pack_str(packer, length);
    (void)msgpack_pack_str_body(packer, field->type == CODEC_TEXT ? ((const struct vault_text *)at)->data : at,
                                length);
    return ERR_OK;
}

enum err_code codec_fits(const struct codec_schema *schema, const void *record, struct err *err)
{
    for (size_t number = 0; number < schema->count; number++) {
        const struct codec_field *field = &schema->fields[number];
        size_t length = 0;
        if (field->type == CODEC_TEXT || field->type == CODEC_STRING)
            TRY(codec_text_length(field, codec_at(field, record), schema->name, &length, err));
        if (field->type == CODEC_MAP)
            TRY(codec_fits(field->inner, codec_at(field, record), err));
    }
    return ERR_OK;
}

static enum err_code codec_pack(msgpack_packer *packer, const struct codec_schema *schema,
                                const void *record, struct err *err);

/* What the packer answers is our write callback's answer, always 0: a buf that
 * could not grow says so at the end. */
static enum err_code codec_pack_field(msgpack_packer *packer, const struct codec_schema *schema,
                                      const struct codec_field *field, const void *at, struct err *err)
{
    switch (field->type) {
    case CODEC_NONE:
        break;
    case CODEC_U32:
        (void)msgpack_pack_uint32(packer, *(const uint32_t *)at);
        break;
    case CODEC_U64:
        (void)msgpack_pack_uint64(packer, *(const uint64_t *)at);
        break;
    case CODEC_I32:
        (void)msgpack_pack_int32(packer, *(const int32_t *)at);
        break;
    case CODEC_I64:
        (void)msgpack_pack_int64(packer, *(const int64_t *)at);
        break;
    case CODEC_BOOL:
        (void)msgpack_pack_true(packer);
        break;
    case CODEC_STRING:
    case CODEC_TEXT:
        return codec_pack_text(packer, field, at, schema->name, err);
    case CODEC_BYTES:
        (void)msgpack_pack_bin(packer, field->size);
        (void)msgpack_pack_bin_body(packer, at, field->size);
        break;
    case CODEC_MAP:
        return codec_pack(packer, field->inner, at, err);
    }
    return ERR_OK;
}

static enum err_code codec_pack(msgpack_packer *packer, const struct codec_schema *schema,
                                const void *record, struct err *err)
{
    bool has[CODEC_FIELDS];
    size_t present = 0;
    for (size_t number = 0; number < schema->count; number++) {
        has[number] = codec_has(&schema->fields[number], record);
        present += has[number];
    }
    (void)msgpack_pack_map(packer, present);
    for (size_t number = 0; number < schema->count; number++) {
        const struct codec_field *field = &schema->fields[number];
        if (!has[number])
            continue;
        (void)msgpack_pack_uint8(packer, (uint8_t)number);
        TRY(codec_pack_field(packer, schema, field, codec_at(field, record), err));
    }
    return ERR_OK;
}

static int codec_write(void *data, const char *bytes, size_t length)
{
    buf_add(data, bytes, length);
    return 0;
}

enum err_code codec_encode(const struct codec_schema *schema, const void *record, struct buf *out,
                           struct err *err)
{
    size_t start = out->length;
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, codec_write);
    enum err_code code = codec_pack(&packer, schema, record, err);
    if (code == ERR_OK && !buf_ok(out))
        code = err_set(err, ERR_MEMORY, "out of memory while encoding the %s", schema->name);
    if (code != ERR_OK)
        buf_truncate(out, start);
    return code;
}

/* --- Decoding ------------------------------------------------------------ */

static inline bool codec_take_unsigned(const struct codec_element *value, uint64_t most, uint64_t *ret)
{
    *ret = value->number;
    return value->sort == CODEC_IS_POSITIVE && value->number <= most;
}

static inline bool codec_take_signed(const struct codec_element *value, int64_t least, int64_t most, int64_t *ret)
{
    *ret = (int64_t)value->number;
    if (value->sort == CODEC_IS_NEGATIVE)
        return *ret >= least;
    return value->sort == CODEC_IS_POSITIVE && value->number <= (uint64_t)most;
}

static inline bool codec_take_integer(const struct codec_field *field, const struct codec_element *value, void *at)
{
    uint64_t positive = 0;
    int64_t number = 0;
    if (field->type == CODEC_U32 && codec_take_unsigned(value, UINT32_MAX, &positive))
        *(uint32_t *)at = (uint32_t)positive;
    else if (field->type == CODEC_U64 && codec_take_unsigned(value, UINT64_MAX, &positive))
        *(uint64_t *)at = positive;
    else if (field->type == CODEC_I32 && codec_take_signed(value, INT32_MIN, INT32_MAX, &number))
        *(int32_t *)at = (int32_t)number;
    else if (field->type == CODEC_I64 && codec_take_signed(value, INT64_MIN, INT64_MAX, &number))
        *(int64_t *)at = number;
    else
        return false;
    return true;
}

static inline bool codec_take_boolean(const struct codec_element *value, bool *at)
{
    *at = value->number == 1;
    return value->sort == CODEC_IS_BOOLEAN;
}

static inline bool codec_take_string(const struct codec_field *field, const struct codec_element *value, char *at)
{
    if (value->sort != CODEC_IS_STRING || value->length >= field->size ||
        memchr(value->data, '\0', value->length))
        return false;
    memcpy(at, value->data, value->length);
    at[value->length] = '\0';
    return true;
}

static inline bool codec_take_text(const struct codec_field *field, const struct codec_element *value,
                            struct vault_text *text)
{
    if (value->sort != CODEC_IS_STRING || value->length > field->size || text->data)
        return false;
    text->data = malloc(value->length + 1);
    if (!text->data)
        return false;
    text->length = value->length;
    memcpy(text->data, value->data, text->length);
    text->data[text->length] = '\0';
    return true;
}

static inline bool codec_take_bytes(const struct codec_field *field, const struct codec_element *value, void *at)
{
    if (value->sort != CODEC_IS_BYTES || value->length != field->size)
        return false;
    memcpy(at, value->data, field->size);
    return true;
}

static bool codec_take_map(struct codec_reader *reader, const struct codec_schema *schema, void *record,
                           uint64_t *ret_number);

static inline bool codec_take(struct codec_reader *reader, const struct codec_field *field, void *at)
{
    uint64_t inner_number = 0;
    if (field->type == CODEC_NONE)
        return codec_skip(reader);
    if (field->type == CODEC_MAP)
        return codec_take_map(reader, field->inner, at, &inner_number);
    const struct codec_element value = codec_next_quick(reader); /* a broken one is of no type */
    switch (field->type) {
    case CODEC_NONE:
    case CODEC_MAP:
        break;
    case CODEC_U32:
    case CODEC_U64:
    case CODEC_I32:
    case CODEC_I64:
        return codec_take_integer(field, &value, at);
    case CODEC_BOOL:
        return codec_take_boolean(&value, at);
    case CODEC_STRING:
        return codec_take_string(field, &value, at);
    case CODEC_BYTES:
        return codec_take_bytes(field, &value, at);
    case CODEC_TEXT:
        return codec_take_text(field, &value, at);
    }
    return false;
}

/* False: the value of *ret_number is not what its field holds, or not whole. */
static bool codec_take_map(struct codec_reader *reader, const struct codec_schema *schema, void *record,
                           uint64_t *ret_number)
{
    const struct codec_element map = codec_next_quick(reader);
    *ret_number = 0;
    if (map.sort != CODEC_IS_MAP)
        return false;
    for (size_t i = 0; i < map.length; i++) {
        const struct codec_element key = codec_next_quick(reader);
        if (key.sort != CODEC_IS_POSITIVE)
            return false;
        *ret_number = key.number;
        if (key.number >= schema->count) { /* a newer program's */
            if (!codec_skip(reader))
                return false;
            continue;
        }
        const struct codec_field *field = &schema->fields[key.number];
        if (!codec_take(reader, field, (char *)record + field->offset))
            return false;
    }
    return true;
}

/* What is malformed is told from a field that is wrong afterwards, so that the good pay for one pass. */
static bool codec_is_whole(const void *bytes, size_t length)
{
    struct codec_reader reader = {bytes, (const uint8_t *)bytes + length};
    return length > 0 && codec_skip(&reader) && reader.at == reader.end;
}

enum err_code codec_decode(const struct codec_schema *schema, const void *bytes, size_t length, void *record,
                           struct err *err)
{
    uint64_t number = 0;
    struct codec_reader reader = {bytes, (const uint8_t *)bytes + length};
    bool taken = codec_take_map(&reader, schema, record, &number);
    if (taken && reader.at == reader.end)
        return ERR_OK;
    if (!codec_is_whole(bytes, length))
        return err_set(err, ERR_FORMAT, "the %s is not one MessagePack map", schema->name);
    return err_set(err, ERR_FORMAT, "field %llu of the %s is not of its type or size", (unsigned long long)number,
                   schema->name);
}

void codec_release(const struct codec_schema *schema, void *record)
{
    for (uint64_t texts = schema->texts; texts != 0; texts &= texts - 1) {
        const struct codec_field *field = &schema->fields[__builtin_ctzll(texts)];
        struct vault_text *text = (void *)((char *)record + field->offset);
        free(text->data);
        *text = (struct vault_text){0};
    }
}
