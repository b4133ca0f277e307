/* The codec: what it leaves out, skips and refuses, on both sides of each limit. */
#include "vault_fixture.h"

#include "../../../agent/vault/codec.h"
#include "../../../agent/vault/codec_read.h"
#include "../../../agent/vault/schemas.h"

struct inner {
    int32_t number;
};

struct sample {
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    int64_t i64;
    bool flag;
    char name[8];
    uint8_t bytes[4];
    struct vault_text text;
    struct inner inner;
};

static const struct codec_field inner_fields[] = {[1] = CODEC_FIELD(struct inner, number, CODEC_I32)};
static const struct codec_schema inner_schema = CODEC_SCHEMA("inner", struct inner, inner_fields);
static const struct codec_field sample_fields[] = {
    [1] = CODEC_FIELD(struct sample, u32, CODEC_U32),
    [2] = CODEC_FIELD(struct sample, u64, CODEC_U64),
    [3] = CODEC_FIELD(struct sample, i32, CODEC_I32),
    [4] = CODEC_FIELD(struct sample, i64, CODEC_I64),
    [5] = CODEC_FIELD(struct sample, flag, CODEC_BOOL),
    [7] = CODEC_FIELD(struct sample, name, CODEC_STRING),
    [8] = CODEC_FIELD(struct sample, bytes, CODEC_BYTES),
    [9] = CODEC_FIELD_TEXT(struct sample, text, 10),
    [10] = CODEC_FIELD_MAP(struct sample, inner, &inner_schema),
};
static const struct codec_schema sample_schema =
    CODEC_SCHEMA_TEXTS("sample", struct sample, sample_fields, CODEC_BIT(9));

/* What a program that knows only some of the fields has. */
static const struct codec_field older_fields[] = {[1] = CODEC_FIELD(struct sample, u32, CODEC_U32)};
static const struct codec_schema older_schema = CODEC_SCHEMA("sample", struct sample, older_fields);

static enum err_code decode(const struct codec_schema *schema, const void *bytes, size_t length,
                            struct sample *ret_sample, struct err *err)
{
    memset(ret_sample, 0, sizeof *ret_sample);
    return codec_decode(schema, bytes, length, ret_sample, err);
}

static void test_every_type_comes_back_at_its_ends(void **state)
{
    static const struct sample samples[] = {
        {.u32 = 1, .u64 = 1, .i32 = 1, .i64 = 1, .flag = true, .name = "a", .bytes = {1}, .inner = {1}},
        {.u32 = UINT32_MAX, .u64 = UINT64_MAX, .i32 = INT32_MAX, .i64 = INT64_MAX, .name = "1234567"},
        {.i32 = INT32_MIN, .i64 = INT64_MIN, .inner = {INT32_MIN}, .bytes = {0, 0, 0, 255}},
        {.i32 = -1, .i64 = -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct buf bytes = {0};
        struct sample back;
        GOOD(codec_encode(&sample_schema, &samples[i], &bytes, &err));
        GOOD(decode(&sample_schema, bytes.data, bytes.length, &back, &err));
        assert_memory_equal(&back, &samples[i], sizeof back);
        buf_release(&bytes);
    }
}

static void test_what_is_zero_takes_no_room(void **state)
{
    static const struct sample zero = {0};
    struct buf bytes = {0};
    (void)state;
    GOOD(codec_encode(&sample_schema, &zero, &bytes, &err));
    assert_int_equal(bytes.length, 1);
    assert_int_equal((unsigned char)bytes.data[0], 0x80);
    buf_release(&bytes);
}

static void test_fields_of_a_newer_program_are_skipped(void **state)
{
    static const struct sample full = {.u32 = 7, .i64 = -3, .name = "new", .inner = {4}};
    struct buf bytes = {0};
    struct sample back;
    (void)state;
    GOOD(codec_encode(&sample_schema, &full, &bytes, &err));
    GOOD(decode(&older_schema, bytes.data, bytes.length, &back, &err));
    assert_int_equal(back.u32, 7);
    assert_int_equal(back.i64, 0);
    assert_string_equal(back.name, "");
    GOOD(decode(&sample_schema, "\x82\x01\x05\x06\xa1x", 6, &back, &err)); /* 6 is a gap */
    assert_int_equal(back.u32, 5);
    buf_release(&bytes);
}

static void test_texts_hold_to_their_limit_when_written(void **state)
{
    struct buf bytes = {0};
    struct sample back;
    struct sample sample = {.text = {.data = strdup("0123456789a"), .length = 10}};
    (void)state;
    GOOD(codec_encode(&sample_schema, &sample, &bytes, &err));
    GOOD(decode(&sample_schema, bytes.data, bytes.length, &back, &err));
    assert_string_equal(back.text.data, "0123456789");
    codec_release(&sample_schema, &back);
    size_t length = bytes.length;
    sample.text.length = 11;
    REFUSED(ERR_LIMIT, "11 bytes in the sample; at most 10", codec_encode(&sample_schema, &sample, &bytes, &err));
    assert_int_equal(bytes.length, length);
    memset(sample.name, 'x', sizeof sample.name); /* no NUL */
    REFUSED(ERR_LIMIT, "8 bytes", codec_encode(&sample_schema, &sample, &bytes, &err));
    codec_release(&sample_schema, &sample);
    buf_release(&bytes);
}

static void test_what_does_not_fit_its_field_is_refused_by_number(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *says;
    } cases[] = {
        {"\x81\x01\xcf\0\0\0\1\0\0\0\0", 11, "field 1"}, /* 2^32 as u32 */
        {"\x81\x01\xff", 3, "field 1"},                  /* -1 */
        {"\x81\x02\xa1x", 4, "field 2"},
        {"\x81\x03\xce\x80\0\0\0", 7, "field 3"}, /* 2^31 as i32 */
        {"\x81\x03\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", 11, "field 3"},
        {"\x81\x04\xcf\x80\0\0\0\0\0\0\0", 11, "field 4"},
        {"\x81\x05\x01", 3, "field 5"},
        {"\x81\x07\xa8" "12345678", 11, "field 7"},
        {"\x81\x07\xa3" "1\0" "2", 6, "field 7"}, /* a NUL inside */
        {"\x81\x08\xc4\x03" "123", 7, "field 8"},
        {"\x81\x08\xc4\x05" "12345", 9, "field 8"},
        {"\x81\x09\xab" "0123456789a", 14, "field 9"},
        {"\x81\x0a\x01", 3, "field 10"},
        {"\x81\x0a\x81\x01\xc0", 5, "field 10"},
        {"\x81\xa1x\x01", 4, "field 0"}, /* a key that is no number */
        {"\x01", 1, "field 0"},          /* no map */
        {"", 0, "not one MessagePack map"},
        {"\x81\x01", 2, "not one MessagePack map"},     /* cut short */
        {"\x80\x80", 2, "not one MessagePack map"},     /* and more */
        {"\x81\x01\xc1", 3, "not one MessagePack map"}, /* a byte that is never used */
        /* Counts that ask for gigabytes: of a map, and of an array and a map within one. */
        {"\xdf\x7f\xff\xff\xff\x01\x01", 7, "not one MessagePack map"},
        {"\x81\x01\xdd\x0f\xff\xff\xff\x01", 8, "not one MessagePack map"},
        {"\x81\x01\xdf\x0f\xff\xff\xff\x01", 8, "not one MessagePack map"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample back;
        REFUSED(ERR_FORMAT, cases[i].says, decode(&sample_schema, cases[i].bytes, cases[i].length, &back, &err));
        codec_release(&sample_schema, &back);
    }
}

/* Each head of the format with all its bytes, and with the last one missing. */
static void test_every_element_is_passed_over_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } whole[] = {
        {"\x7f", 1},
        {"\xff", 1},
        {"\xc0", 1},
        {"\xc3", 1},
        {"\x82\x01\x02\x03\x04", 5},
        {"\x92\x01\x91\x02", 4},
        {"\xa2xy", 3},
        {"\xc4\x01x", 3},
        {"\xc5\x00\x01x", 4},
        {"\xc6\x00\x00\x00\x01x", 6},
        {"\xc7\x01\x05x", 4},
        {"\xc8\x00\x01\x05x", 5},
        {"\xc9\x00\x00\x00\x01\x05x", 7},
        {"\xca\x00\x00\x00\x00", 5},
        {"\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 9},
        {"\xcc\x80", 2},
        {"\xcd\x01\x00", 3},
        {"\xce\x00\x01\x00\x00", 5},
        {"\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
        {"\xd0\x80", 2},
        {"\xd1\x80\x00", 3},
        {"\xd2\x80\x00\x00\x00", 5},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9},
        {"\xd4\x05x", 3},
        {"\xd5\x05xy", 4},
        {"\xd6\x05wxyz", 6},
        {"\xd7\x05stuvwxyz", 10},
        {"\xd8\x05klmnopqrstuvwxyz", 18},
        {"\xd9\x01x", 3},
        {"\xda\x00\x01x", 4},
        {"\xdb\x00\x00\x00\x01x", 6},
        {"\xdc\x00\x02\x01\x02", 5},
        {"\xdd\x00\x00\x00\x02\x01\x02", 7},
        {"\xde\x00\x01\x01\x02", 5},
        {"\xdf\x00\x00\x00\x01\x01\x02", 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        const uint8_t *bytes = (const uint8_t *)whole[i].bytes;
        struct codec_reader reader = {bytes, bytes + whole[i].length};
        assert_true(codec_skip(&reader));
        assert_ptr_equal(reader.at, reader.end);
        reader = (struct codec_reader){bytes, bytes + whole[i].length - 1};
        assert_false(codec_skip(&reader));
    }
}

/* Other programs may write a number in any of its widths. */
static void test_numbers_are_read_in_every_width(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum codec_sort sort;
        int64_t number;
    } numbers[] = {
        {"\x00", 1, CODEC_IS_POSITIVE, 0},
        {"\x7f", 1, CODEC_IS_POSITIVE, 127},
        {"\xe0", 1, CODEC_IS_NEGATIVE, -32},
        {"\xff", 1, CODEC_IS_NEGATIVE, -1},
        {"\xcc\xff", 2, CODEC_IS_POSITIVE, 255},
        {"\xcd\xff\xfe", 3, CODEC_IS_POSITIVE, 65534},
        {"\xce\xff\xff\xff\xfe", 5, CODEC_IS_POSITIVE, 4294967294},
        {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, CODEC_IS_POSITIVE, INT64_MAX},
        {"\xd0\x80", 2, CODEC_IS_NEGATIVE, -128},
        {"\xd0\x7f", 2, CODEC_IS_POSITIVE, 127},
        {"\xd1\x80\x00", 3, CODEC_IS_NEGATIVE, -32768},
        {"\xd2\xff\xff\xff\xff", 5, CODEC_IS_NEGATIVE, -1},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, CODEC_IS_NEGATIVE, INT64_MIN},
        {"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9, CODEC_IS_POSITIVE, 5},
        {"\xc3", 1, CODEC_IS_BOOLEAN, 1},
        {"\xc2", 1, CODEC_IS_BOOLEAN, 0},
        {"\xc0", 1, CODEC_IS_OTHER, 0},
        {"\xca\x00\x00\x00\x00", 5, CODEC_IS_OTHER, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const uint8_t *bytes = (const uint8_t *)numbers[i].bytes;
        struct codec_reader reader = {bytes, bytes + numbers[i].length};
        struct codec_element element;
        assert_true(codec_next(&reader, &element));
        assert_ptr_equal(reader.at, reader.end);
        assert_int_equal(element.sort, numbers[i].sort);
        assert_int_equal((int64_t)element.number, numbers[i].number);
        reader = (struct codec_reader){bytes, bytes + numbers[i].length - 1};
        assert_false(codec_next(&reader, &element));
    }
}

/* What most records consist of has a way of its own, which must lead to the same place. */
static void test_the_quick_way_reads_what_the_other_reads(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } elements[] = {{"\x00", 1}, {"\x7f", 1}, {"\xa0", 1}, {"\xa3" "abc", 4}, {"\xc3", 1}, {"\xc2", 1}, {"\xc0", 1},
                    {"\xc1", 1}, {"\xc4\x00", 2}, {"\xc4\x02" "ab", 4}, {"\xcc\xfe", 2}, {"\xcd\xff\xfe", 3}, {"\xff", 1},
                    {"\x8f", 1}, {"\xde\x00\x10", 3}, {"\x90", 1}, {"\xcc\xfe" "abcdefgh", 10}, {"\xcd\xff\xfe" "abcdefgh", 11},
                    {"\xce\xff\xfe\x01\x02" "abcdefgh", 13}, {"\xcf\xff\xfe\x01\x02\x03\x04\x05\x06" "abc", 12}, {"\x81\x01\x02", 1},
                    {"\xcf\x01\x02\x03\x04\x05\x06\x07\x08", 9}, {"\xd9\x03" "abc", 5}};
    (void)state;
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        for (size_t length = 0; length <= elements[i].length; length++) {
            uint8_t *bytes = memcpy(test_malloc(length + 1), elements[i].bytes, length); /* cut short, too */
            struct codec_reader reader = {bytes, bytes + length};
            struct codec_reader quick = reader;
            struct codec_element element = {0};
            bool whole = codec_next(&reader, &element);
            struct codec_element same = codec_next_quick(&quick);
            assert_int_equal(whole, same.sort != CODEC_IS_BROKEN);
            if (whole) {
                assert_ptr_equal(reader.at, quick.at);
                assert_int_equal(element.sort, same.sort);
                assert_int_equal(element.number, same.number);
                assert_ptr_equal(element.data, same.data);
                assert_int_equal(element.length, same.length);
            }
            test_free(bytes);
        }
}

/* A field that shares bytes with another, or lies outside, would be read back wrong. */
static void test_the_fields_of_every_record_lie_apart(void **state)
{
    (void)state;
    for (enum vault_kind kind = VAULT_KEY; kind <= VAULT_INCIDENT; kind++) {
        const struct codec_schema *schema = vault_shape(kind)->schema;
        assert_true(schema->count <= 128);
        for (size_t a = 1; a < schema->count; a++)
            for (size_t b = 1; b < a; b++)
                assert_true(schema->fields[a].type == CODEC_NONE ||
                            schema->fields[a].offset != schema->fields[b].offset);
    }
}

/* What is not marked is not freed. */
static void test_every_text_of_a_record_is_marked_as_one(void **state)
{
    (void)state;
    for (enum vault_kind kind = VAULT_KEY; kind <= VAULT_LABEL; kind++) {
        const struct codec_schema *schema = vault_shape(kind)->schema;
        uint64_t texts = 0;
        for (size_t number = 0; number < schema->count; number++)
            if (schema->fields[number].type == CODEC_TEXT)
                texts |= CODEC_BIT(number);
        assert_int_equal(schema->texts, texts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_comes_back_at_its_ends),
        cmocka_unit_test(test_what_is_zero_takes_no_room),
        cmocka_unit_test(test_fields_of_a_newer_program_are_skipped),
        cmocka_unit_test(test_texts_hold_to_their_limit_when_written),
        cmocka_unit_test(test_what_does_not_fit_its_field_is_refused_by_number),
        cmocka_unit_test(test_every_element_is_passed_over_whole_or_not_at_all),
        cmocka_unit_test(test_numbers_are_read_in_every_width),
        cmocka_unit_test(test_the_quick_way_reads_what_the_other_reads),
        cmocka_unit_test(test_the_fields_of_every_record_lie_apart),
        cmocka_unit_test(test_every_text_of_a_record_is_marked_as_one),
    };
    return cmocka_run_group_tests_name("vault codec", tests, NULL, NULL);
}
