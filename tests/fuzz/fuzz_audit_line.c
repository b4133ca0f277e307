/* The audit log: any line taken apart, and any text written into one. */
#include "fuzz.h"

#include "audit_line.h"

static struct seal_keys *keys;

static void start(void)
{
    fuzz_start();
    if (keys)
        return;
    OWN(secret_free) struct secret *root = seal_root_new(&fuzz_random);
    keys = root ? seal_keys_new(root) : NULL;
    FUZZ_CHECK(keys);
}

/* Whatever is in an entry, its line is one line, reads back, and holds after the hash before it alone. */
static void check_written(const char *text)
{
    const uint8_t before[32] = {0};
    uint8_t hash[32] = {0};
    struct audit_line line;
    OWN_BUF struct buf body = {0};
    OWN_BUF struct buf out = {0};
    const struct audit_entry entry = {.who = text, .what = "key.read", .environment = "live", .name = "x",
                                      .version = 3, .code = text, .request_id = text, .detail = text};
    audit_line_write(&body, &entry, 1700000000000, 40, true);
    audit_line_finish(keys, body.data, body.length, 12, hash, &out);
    FUZZ_CHECK(buf_ok(&out) && out.data[out.length - 1] == '\n');
    FUZZ_CHECK(memchr(out.data, '\n', out.length) == out.data + out.length - 1);
    FUZZ_CHECK(audit_line_parse(out.data, out.length - 1, &line));
    FUZZ_CHECK(line.sequence == 12 && line.generation == 40 && line.change);
    FUZZ_CHECK(audit_line_holds(keys, before, out.data, &line) && !audit_line_holds(keys, hash, out.data, &line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    const uint8_t before[32] = {0};
    struct audit_line line;
    if (audit_line_parse((const char *)data, size, &line)) {
        FUZZ_CHECK(line.body_length < size);
        FUZZ_CHECK(!audit_line_holds(keys, before, (const char *)data, &line));
    }
    char *text = fuzz_string(data, size);
    check_written(text);
    free(text);
    return 0;
}
