#include "audit_line.h"

#include "base/text.h"

#include <string.h>

enum { LINE_HASH_BYTES = 32, LINE_HEX_BYTES = 2 * LINE_HASH_BYTES };

static const char line_start[] = "{\"seq\":";
static const char line_generation[] = ",\"generation\":";
static const char line_change[] = ",\"change\":true";
static const char line_hash[] = ",\"hash\":\"";
static const char line_end[] = "\"}";

#define LITERAL_LENGTH(literal) (sizeof(literal) - 1)

enum { LINE_TAIL_BYTES = LITERAL_LENGTH(line_hash) + LINE_HEX_BYTES + LITERAL_LENGTH(line_end) };

static void line_text(struct buf *out, const char *name, const char *value)
{
    if (value && *value)
        json_put_string(out, name, value);
}

static void line_number(struct buf *out, const char *name, int64_t value)
{
    if (value != 0)
        json_put_integer(out, name, value);
}

static void line_key(struct buf *out, const char *environment, const char *name)
{
    char key[TEXT_KEY_BYTES];
    if (environment && name)
        json_put_string(out, "key", text_join_key(environment, name, key));
}

void audit_line_write(struct buf *out, const struct audit_entry *entry, int64_t wall_ms,
                      uint64_t generation, bool change)
{
    json_put_object_open(out, NULL);
    json_put_time(out, "time", wall_ms);
    json_put_integer(out, "generation", (int64_t)generation);
    line_text(out, "who", entry->who);
    line_text(out, "what", entry->what);
    line_key(out, entry->environment, entry->name);
    line_number(out, "version", entry->version);
    line_text(out, "state", entry->state);
    line_text(out, "row", entry->row);
    line_text(out, "verdict", entry->verdict);
    line_number(out, "status", entry->status);
    line_text(out, "code", entry->code);
    line_text(out, "request_id", entry->request_id);
    line_number(out, "incident", entry->incident);
    line_text(out, "detail", entry->detail);
    if (change)
        json_put_boolean(out, "change", true);
    json_put_object_close(out);
}

static void line_hex(struct buf *out, const uint8_t hash[LINE_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *hex = buf_extend(out, LINE_HEX_BYTES);
    for (size_t i = 0; hex && i < LINE_HASH_BYTES; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
}

void audit_line_finish(const struct seal_keys *keys, const char *entry, size_t length,
                       uint64_t sequence, uint8_t previous[32], struct buf *out)
{
    size_t start = out->length;
    char digits[TEXT_DIGITS_BYTES];
    const char *first = text_digits(sequence, digits);
    buf_add(out, line_start, LITERAL_LENGTH(line_start));
    buf_add(out, first, (size_t)(digits + sizeof digits - first));
    buf_add(out, ",", 1);
    buf_add(out, entry + 1, length - 2); /* without its braces */
    if (!buf_ok(out))
        return;
    seal_chain(keys, previous, out->data + start, out->length - start, previous);
    buf_add(out, line_hash, LITERAL_LENGTH(line_hash));
    line_hex(out, previous);
    buf_text_add(out, "\"}\n");
}

/* --- Taking apart -------------------------------------------------------- */

static bool line_digits(const char *text, const char *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = text;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = 10 * value + (uint64_t)(*at - '0');
    }
    *ret_value = value;
    return at > text && at < end && *at == ',';
}

static int line_nibble(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool line_unhex(const char *hex, uint8_t hash[LINE_HASH_BYTES])
{
    for (size_t i = 0; i < LINE_HASH_BYTES; i++) {
        int high = line_nibble(hex[2 * i]);
        int low = line_nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Quotes inside of values are escaped, so the first ,"generation": is the entry's own. */
bool audit_line_parse(const char *text, size_t length, struct audit_line *ret_line)
{
    struct audit_line line = {0};
    if (length < LITERAL_LENGTH(line_start) + LINE_TAIL_BYTES ||
        memcmp(text, line_start, LITERAL_LENGTH(line_start)) != 0)
        return false;
    line.body_length = length - LINE_TAIL_BYTES;
    const char *tail = text + line.body_length;
    const char *hex = tail + LITERAL_LENGTH(line_hash);
    const char *generation = memmem(text, line.body_length, line_generation, LITERAL_LENGTH(line_generation));
    if (memcmp(tail, line_hash, LITERAL_LENGTH(line_hash)) != 0 || !line_unhex(hex, line.hash) ||
        memcmp(hex + LINE_HEX_BYTES, line_end, LITERAL_LENGTH(line_end)) != 0 || !generation)
        return false;
    if (!line_digits(text + LITERAL_LENGTH(line_start), tail, &line.sequence) ||
        !line_digits(generation + LITERAL_LENGTH(line_generation), hex, &line.generation))
        return false;
    line.change = line.body_length > LITERAL_LENGTH(line_change) &&
                  memcmp(tail - LITERAL_LENGTH(line_change), line_change, LITERAL_LENGTH(line_change)) == 0;
    *ret_line = line;
    return true;
}

bool audit_line_holds(const struct seal_keys *keys, const uint8_t previous[32], const char *text,
                      const struct audit_line *line)
{
    uint8_t hash[LINE_HASH_BYTES];
    seal_chain(keys, previous, text, line->body_length, hash);
    return memcmp(hash, line->hash, sizeof hash) == 0;
}
