#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "seal_fixture.h"

#include <stdbool.h>

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

static const uint8_t id_a[SEAL_ID_BYTES] = {0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1,
                                            0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0xA1};
static const uint8_t id_b[SEAL_ID_BYTES] = {0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2,
                                            0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2};
static const uint8_t zeros[64];

static const char api_key[] = "sk_live_0123456789abcdef";

struct room {
    struct seal_keys *keys;
    struct secret *secret;
    struct buf sealed;
    struct buf opened;
    uint8_t index[64];
};

static int room_setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    if (!room)
        return -1;
    room->keys = keys_of(0);
    room->secret = secret_of(api_key, strlen(api_key));
    memset(room->index, 0xC3, sizeof room->index);
    *state = room;
    return 0;
}

static int room_teardown(void **state)
{
    struct room *room = *state;
    seal_keys_free(room->keys);
    secret_free(room->secret);
    buf_release(&room->sealed);
    buf_release(&room->opened);
    free(room);
    return 0;
}

static struct seal_place place_of(const struct room *room, enum seal_part part)
{
    return (struct seal_place){.table = 3,
                               .part = part,
                               .id = id_a,
                               .parent = id_b,
                               .index = room->index,
                               .index_length = SEAL_INDEX_BYTES,
                               .revision = 7,
                               .due_at_ms = 1795442527123};
}

/* Seal what the part is for. */
static void seal_one(struct room *room, const struct seal_place *place)
{
    if (place->part == SEAL_PART_META)
        assert_int_equal(seal_bytes(room->keys, &random_system, place, "metadata", 8, &room->sealed, NULL),
                         ERR_OK);
    else
        assert_int_equal(
            seal_secret(room->keys, &random_system, place, room->secret, &room->sealed, NULL), ERR_OK);
}

/* Open it, say how it went, and prove that a failure leaves nothing behind. */
static enum err_code open_one(struct room *room, const struct seal_keys *keys,
                              const struct seal_place *place, size_t length)
{
    struct err err = {0};
    if (place->part == SEAL_PART_META) {
        buf_clear(&room->opened);
        buf_text_add(&room->opened, "before ");
        enum err_code code =
            seal_open_bytes(keys, place, room->sealed.data, length, &room->opened, &err);
        assert_string_equal(buf_text(&room->opened), code == ERR_OK ? "before metadata" : "before ");
        return code;
    }
    OWN(secret_free) struct secret *secret = NULL;
    enum err_code code = seal_open_secret(keys, place, room->sealed.data, length, NULL, &secret, &err);
    if (code == ERR_OK)
        assert_true(secret_equal(secret, room->secret));
    else
        assert_null(secret);
    assert_null(strstr(err.message, "sk_live"));
    return code;
}

static const enum seal_part parts[] = {SEAL_PART_META, SEAL_PART_SECRET};

static void test_sealed_records_are_as_the_format_says(void **state)
{
    struct room *room = *state;
    uint8_t next = 0;
    const struct random counting = {.bytes = counting_bytes, .context = &next};
    struct seal_place place = place_of(room, SEAL_PART_META);
    uint8_t hash[32];
    char hex[65];
    assert_int_equal(seal_bytes(room->keys, &counting, &place, "metadata", 8, &room->sealed, NULL), ERR_OK);
    assert_int_equal(room->sealed.length, 169);
    OWN(secret_free) struct secret *meta = secret_of(room->sealed.data, room->sealed.length);
    seal_fingerprint(meta, hash);
    assert_string_equal(hex_of(hash, 32, hex),
                        "80b175344062bfaccbcda0b45a01d8f6342cbf6f2a32caddb591c1abc91ce4e3");

    next = 0;
    buf_clear(&room->sealed);
    place = (struct seal_place){
        .table = 3, .part = SEAL_PART_SECRET, .id = id_a, .revision = 7, .due_at_ms = -1};
    assert_int_equal(seal_secret(room->keys, &counting, &place, room->secret, &room->sealed, NULL), ERR_OK);
    assert_int_equal(room->sealed.length, 297);
    OWN(secret_free) struct secret *secret = secret_of(room->sealed.data, room->sealed.length);
    seal_fingerprint(secret, hash);
    assert_string_equal(hex_of(hash, 32, hex),
                        "80f07bb83ba68c7fd4c36033564fe235eb6ad7844743b2dca74879681cb35e72");
}

static void test_what_was_sealed_opens(void **state)
{
    struct room *room = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct seal_place place = place_of(room, parts[i]);
        buf_clear(&room->sealed);
        seal_one(room, &place);
        assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_OK);
    }
}

static void test_S7_sizes_come_in_steps(void **state)
{
    struct room *room = *state;
    static const struct {
        enum seal_part part;
        size_t length;
        size_t padded;
    } rows[] = {
        {SEAL_PART_META, 0, 128},     {SEAL_PART_META, 127, 128},       {SEAL_PART_META, 128, 256},
        {SEAL_PART_META, 129, 256},   {SEAL_PART_SECRET, 1, 256},       {SEAL_PART_SECRET, 255, 256},
        {SEAL_PART_SECRET, 256, 512}, {SEAL_PART_SECRET, 65536, 65792},
    };
    static uint8_t plain[65536];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct seal_place place = place_of(room, rows[i].part);
        OWN(secret_free) struct secret *secret = secret_of(plain, rows[i].length);
        OWN_BUF struct buf sealed = {0};
        if (rows[i].part == SEAL_PART_META)
            assert_int_equal(seal_bytes(room->keys, &random_system, &place, plain, rows[i].length, &sealed, NULL),
                             ERR_OK);
        else
            assert_int_equal(seal_secret(room->keys, &random_system, &place, secret, &sealed, NULL), ERR_OK);
        assert_int_equal(sealed.length, rows[i].padded + SEAL_OVERHEAD_BYTES);
    }
}

static void test_every_length_opens_as_it_was(void **state)
{
    struct room *room = *state;
    const struct seal_place meta = place_of(room, SEAL_PART_META);
    const struct seal_place hidden = place_of(room, SEAL_PART_SECRET);
    char plain[600];
    memset(plain, '\x80', sizeof plain); /* looks like padding */
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(8192);
    for (size_t length = 1; length < sizeof plain; length++) {
        buf_clear(&room->sealed);
        buf_clear(&room->opened);
        plain[length - 1] = length % 2 ? '\0' : '\x80';
        assert_int_equal(seal_bytes(room->keys, &random_system, &meta, plain, length, &room->sealed, NULL), ERR_OK);
        assert_int_equal(seal_open_bytes(room->keys, &meta, room->sealed.data, room->sealed.length,
                                         &room->opened, NULL),
                         ERR_OK);
        assert_int_equal(room->opened.length, length);
        assert_memory_equal(room->opened.data, plain, length);

        buf_clear(&room->sealed);
        OWN(secret_free) struct secret *secret = secret_new_in(arena, length);
        OWN(secret_free) struct secret *back = NULL;
        assert_int_equal(secret_set(secret, plain, length), ERR_OK);
        assert_int_equal(seal_secret_in(room->keys, &random_system, &hidden, secret, arena, &room->sealed, NULL),
                         ERR_OK);
        assert_int_equal(seal_open_secret(room->keys, &hidden, room->sealed.data, room->sealed.length,
                                          arena, &back, NULL),
                         ERR_OK);
        assert_true(secret_equal(secret, back));
    }
}

static void test_sealing_appends_and_never_repeats(void **state)
{
    struct room *room = *state;
    const struct seal_place place = place_of(room, SEAL_PART_META);
    seal_one(room, &place);
    seal_one(room, &place);
    const size_t half = room->sealed.length / 2;
    assert_memory_not_equal(room->sealed.data, room->sealed.data + half, half);
    assert_memory_not_equal(room->sealed.data + 1, room->sealed.data + half + 1, SEAL_NONCE_BYTES);
    OWN_BUF struct buf opened = {0};
    assert_int_equal(seal_open_bytes(room->keys, &place, room->sealed.data + half, half, &opened, NULL), ERR_OK);
}

static void test_S8_every_flipped_bit_of_a_sealed_record_is_found(void **state)
{
    struct room *room = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct seal_place place = place_of(room, parts[i]);
        buf_clear(&room->sealed);
        seal_one(room, &place);
        for (size_t at = 0; at < room->sealed.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                room->sealed.data[at] = (char)(room->sealed.data[at] ^ 1 << bit);
                assert_int_equal(open_one(room, room->keys, &place, room->sealed.length),
                                 at == 0 ? ERR_FORMAT : ERR_TAMPERED);
                room->sealed.data[at] = (char)(room->sealed.data[at] ^ 1 << bit);
            }
        }
        assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_OK);
    }
}

static void test_S8_a_record_cut_short_is_found_at_every_length(void **state)
{
    struct room *room = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct seal_place place = place_of(room, parts[i]);
        buf_clear(&room->sealed);
        seal_one(room, &place);
        for (size_t length = 0; length < room->sealed.length; length++)
            assert_int_equal(open_one(room, room->keys, &place, length), ERR_FORMAT);
        buf_add(&room->sealed, "x", 1);
        assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_FORMAT);
    }
}

enum { PLACE_CHANGES = 13 };

/* The place with one field other than it was sealed at. */
static struct seal_place place_changed(struct room *room, enum seal_part part, int change)
{
    struct seal_place place = place_of(room, part);
    const struct seal_place changed[PLACE_CHANGES] = {
        {.table = 4}, {.id = id_b}, {.parent = NULL}, {.parent = id_a},
        {.revision = 6}, {.revision = 8}, {.revision = 7 + (1ull << 63)},
        {.due_at_ms = 0}, {.due_at_ms = 1795442527124}, {.due_at_ms = -1795442527123},
        {.index_length = 0}, {.index_length = 31}, {.index = zeros},
    };
    const struct seal_place *other = &changed[change];
    if (change == 0)
        place.table = other->table;
    else if (change == 1)
        place.id = other->id;
    else if (change <= 3)
        place.parent = other->parent;
    else if (change <= 6)
        place.revision = other->revision;
    else if (change <= 9)
        place.due_at_ms = other->due_at_ms;
    else if (change <= 11)
        place.index_length = other->index_length;
    else
        place.index = other->index;
    return place;
}

static void test_S8_a_record_opens_at_its_own_place_only(void **state)
{
    struct room *room = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct seal_place place = place_of(room, parts[i]);
        buf_clear(&room->sealed);
        seal_one(room, &place);
        for (int change = 0; change < PLACE_CHANGES; change++) {
            const struct seal_place other = place_changed(room, parts[i], change);
            assert_int_equal(open_one(room, room->keys, &other, room->sealed.length), ERR_TAMPERED);
        }
    }
}

static void test_a_missing_parent_is_zeros(void **state)
{
    struct room *room = *state;
    struct seal_place place = place_of(room, SEAL_PART_META);
    place.parent = NULL;
    seal_one(room, &place);
    place.parent = zeros;
    assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_OK);
}

static void test_S8_metadata_never_opens_as_a_secret_nor_a_secret_as_metadata(void **state)
{
    struct room *room = *state;
    const struct seal_place meta = place_of(room, SEAL_PART_META);
    const struct seal_place hidden = place_of(room, SEAL_PART_SECRET);
    seal_one(room, &hidden); /* 256 padded bytes are two steps of metadata */
    assert_int_equal(open_one(room, room->keys, &meta, room->sealed.length), ERR_TAMPERED);
    buf_clear(&room->sealed);
    assert_int_equal(seal_bytes(room->keys, &random_system, &meta, room->index, 64, &room->sealed, NULL), ERR_OK);
    assert_int_equal(open_one(room, room->keys, &hidden, room->sealed.length), ERR_FORMAT);
}

static void test_another_root_key_opens_nothing(void **state)
{
    struct room *room = *state;
    OWN(seal_keys_free) struct seal_keys *others = keys_of(1);
    for (size_t i = 0; i < 2; i++) {
        const struct seal_place place = place_of(room, parts[i]);
        buf_clear(&room->sealed);
        seal_one(room, &place);
        assert_int_equal(open_one(room, others, &place, room->sealed.length), ERR_TAMPERED);
    }
}

static void test_a_newer_format_is_named(void **state)
{
    struct room *room = *state;
    const struct seal_place place = place_of(room, SEAL_PART_META);
    struct err err = {0};
    seal_one(room, &place);
    room->sealed.data[0] = 2;
    assert_int_equal(seal_open_bytes(room->keys, &place, room->sealed.data, room->sealed.length,
                                     &room->opened, &err),
                     ERR_FORMAT);
    assert_non_null(strstr(err.message, "format 2"));
    room->sealed.data[0] = 0;
    assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_FORMAT);
}

/* Hex digits to bytes, appended to out. */
static void add_hex(struct buf *out, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        const char digits[3] = {hex[0], hex[1], '\0'};
        const char byte = (char)strtoul(digits, NULL, 16);
        buf_add(out, &byte, 1);
    }
}

/* Sealed with the right key at the right place by another program, yet not
 * padded as the format has it. */
static const char *const badly_padded[] = {
    /* no mark at all */
    "01000102030405060708090a0b0c0d0e0f10111213141516174ec7d8398ccd78f83db2f6e8b5f9e30e25d097e6"
    "e89478e7f17f28edcf201b3158c8d067d90a33c5a44f742edad21ba59d963fbd5af2769bb044348280097c8da0"
    "f5d1e1a1ad6fd9467360d6c082c5c509fd6d86ed57367ac89d1656beeb2a1a2baa6c2d5520e4c70e2a0fe72ecc"
    "abadd05fbf9c4dae0af393041fa6f4c212a949e277724e724d648d4e9247e198c76e",
    /* the mark a whole step away */
    "01000102030405060708090a0b0c0d0e0f10111213141516172fa6b958edac19995cd39789d498826f44b1f687"
    "89f51986901e498cae417a5039a9b106b86b52a4c52e154fbbb37ac4fcf75edc3b9317fad12555e3e1681decc1"
    "94b080c0cc0eb8271201b7a1e3a4a4689c0ce78c36571ba9fc7737df8a4b7b4acb0d4c344185a66f4b6e864fad"
    "caccb13edefd2ccf6b92f2657ec795a37329a56086f9f69aeff3aa9a8019d95a0abc4eb11c77f76916d2fcfbe3"
    "63c5e7265faad60d8b5d8d3cdd9fc586a09a56fbd590af4f8ead16707431c9425427178148c8a88171f95901b7"
    "a90b854e404dc04c4971c9218e0e6ab58ee691ff1b4fc0d462634d4c98c586d76c16c6fc01bda51a9fe9eda9e2"
    "251e38669ccdc275e963964c945937cbebd080ef034170f9cf6dc5",
    /* no padding */
    "01000102030405060708090a0b0c0d0e0f10111213141516172fa6b958edac19995cd39789d498826f44b1f687"
    "89f51986901e498cae417a5039a9b106b86b52a4c52e154fbbb37ac4fcf75edc3b9317fad12555e3e1681decc1"
    "94b080c0cc0eb8271201b7a1e3a4a4689c0ce78c36571ba9fc7737df8a4b7b4acb0d4c344185a66f4b6e864fad"
    "caccb13edefd2ccf6b92f2657ec795a373c8547168dee917b024718bb748cde5c70e",
};

static void test_a_wrong_padding_is_malformed(void **state)
{
    struct room *room = *state;
    const struct seal_place place = place_of(room, SEAL_PART_META);
    for (size_t i = 0; i < sizeof badly_padded / sizeof badly_padded[0]; i++) {
        buf_clear(&room->sealed);
        add_hex(&room->sealed, badly_padded[i]);
        assert_int_equal(open_one(room, room->keys, &place, room->sealed.length), ERR_FORMAT);
    }
}

static void test_a_place_that_does_not_fit_the_call_is_a_bug(void **state)
{
    struct room *room = *state;
    struct seal_place meta = place_of(room, SEAL_PART_META);
    const struct seal_place hidden = place_of(room, SEAL_PART_SECRET);
    assert_int_equal(seal_bytes(room->keys, &random_system, &hidden, "x", 1, &room->sealed, NULL), ERR_INTERNAL);
    assert_int_equal(seal_secret(room->keys, &random_system, &meta, room->secret, &room->sealed, NULL),
                     ERR_INTERNAL);
    meta.index_length = 64;
    assert_int_equal(seal_bytes(room->keys, &random_system, &meta, "x", 1, &room->sealed, NULL), ERR_OK);
    meta.index_length = 65;
    buf_clear(&room->sealed);
    assert_int_equal(seal_bytes(room->keys, &random_system, &meta, "x", 1, &room->sealed, NULL), ERR_INTERNAL);
    meta.index_length = 1;
    meta.index = NULL;
    assert_int_equal(seal_bytes(room->keys, &random_system, &meta, "x", 1, &room->sealed, NULL), ERR_INTERNAL);
    assert_int_equal(room->sealed.length, 0);
}

static void test_a_failed_buf_gives_no_memory(void **state)
{
    struct room *room = *state;
    const struct seal_place place = place_of(room, SEAL_PART_META);
    const struct seal_place hidden = place_of(room, SEAL_PART_SECRET);
    struct buf failed = {.failed = true};
    seal_one(room, &place);
    assert_int_equal(seal_bytes(room->keys, &random_system, &place, "x", 1, &failed, NULL), ERR_MEMORY);
    assert_int_equal(seal_secret(room->keys, &random_system, &hidden, room->secret, &failed, NULL), ERR_MEMORY);
    assert_int_equal(
        seal_open_bytes(room->keys, &place, room->sealed.data, room->sealed.length, &failed, NULL), ERR_MEMORY);
}

static bool holds(const char *bytes, size_t length, const char *text)
{
    return memmem(bytes, length, text, strlen(text));
}

static void test_S6_sealing_a_secret_leaves_no_plain_text_in_the_buf(void **state)
{
    struct room *room = *state;
    const struct seal_place place = place_of(room, SEAL_PART_SECRET);
    enum { ROOM = 4000 }; /* what is beyond the sealed form is looked at, too */
    memset(buf_extend(&room->sealed, ROOM), 'x', ROOM);
    buf_clear(&room->sealed);
    seal_one(room, &place);
    assert_false(holds(room->sealed.data, ROOM, "sk_live_"));
    assert_false(holds(room->sealed.data, ROOM, "89abcdef"));
}

#define in_a_room(test) cmocka_unit_test_setup_teardown(test, room_setup, room_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_room(test_sealed_records_are_as_the_format_says),
        in_a_room(test_what_was_sealed_opens),
        in_a_room(test_S7_sizes_come_in_steps),
        in_a_room(test_every_length_opens_as_it_was),
        in_a_room(test_sealing_appends_and_never_repeats),
        in_a_room(test_S8_every_flipped_bit_of_a_sealed_record_is_found),
        in_a_room(test_S8_a_record_cut_short_is_found_at_every_length),
        in_a_room(test_S8_a_record_opens_at_its_own_place_only),
        in_a_room(test_a_missing_parent_is_zeros),
        in_a_room(test_S8_metadata_never_opens_as_a_secret_nor_a_secret_as_metadata),
        in_a_room(test_another_root_key_opens_nothing),
        in_a_room(test_a_newer_format_is_named),
        in_a_room(test_a_wrong_padding_is_malformed),
        in_a_room(test_a_place_that_does_not_fit_the_call_is_a_bug),
        in_a_room(test_a_failed_buf_gives_no_memory),
        in_a_room(test_S6_sealing_a_secret_leaves_no_plain_text_in_the_buf),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
