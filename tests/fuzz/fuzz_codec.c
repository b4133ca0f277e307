/* Sealed metadata once it is opened: MessagePack of this program, an older or a
 * newer one. The first byte says of which kind. */
#include "fuzz.h"

#include "schemas.h"

enum { HEAD, SLOT = VAULT_LABEL + 1, KINDS };

static const struct codec_schema *schema_of(uint8_t byte)
{
    unsigned kind = byte % KINDS;
    if (kind == HEAD)
        return &vault_head_schema;
    if (kind == SLOT)
        return &vault_slot_schema;
    return vault_shape((enum vault_kind)kind)->schema;
}

/* What was decoded is encoded to bytes that decode to the same. */
static void check_round(const struct codec_schema *schema, const void *record)
{
    OWN_BUF struct buf first = {0};
    OWN_BUF struct buf second = {0};
    void *again = calloc(1, schema->size);
    FUZZ_CHECK(again && codec_encode(schema, record, &first, NULL) == ERR_OK);
    FUZZ_CHECK(codec_decode(schema, first.data, first.length, again, NULL) == ERR_OK);
    FUZZ_CHECK(codec_encode(schema, again, &second, NULL) == ERR_OK);
    FUZZ_CHECK(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
    codec_release(schema, again);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (size < 1)
        return 0;
    const struct codec_schema *schema = schema_of(data[0]);
    void *record = calloc(1, schema->size);
    FUZZ_CHECK(record);
    if (codec_decode(schema, data + 1, size - 1, record, &err) == ERR_OK)
        check_round(schema, record);
    codec_release(schema, record);
    free(record);
    return 0;
}
