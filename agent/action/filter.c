/* Filters: how a value is written where it is not written as it is. */
#include "template.h"

#include "base/sealed_box.h"

#include <stdlib.h>
#include <string.h>

static const char template_hex[] = "0123456789ABCDEF";

/* RFC 4648, section 4, with padding. */
void template_write_base64(const unsigned char *value, size_t length, struct template_sink *sink)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < length; at += 3) {
        size_t here = length - at < 3 ? length - at : 3;
        unsigned group = (unsigned)value[at] << 16;
        group |= here > 1 ? (unsigned)value[at + 1] << 8 : 0;
        group |= here > 2 ? (unsigned)value[at + 2] : 0;
        char four[4] = {alphabet[group >> 18], alphabet[(group >> 12) & 63], '=', '='};
        if (here > 1)
            four[2] = alphabet[(group >> 6) & 63];
        if (here > 2)
            four[3] = alphabet[group & 63];
        template_put(sink, four, sizeof four);
        secret_wipe(four, sizeof four);
    }
}

/* RFC 3986, section 2.3: all but the unreserved characters. */
static void template_write_urlencode(const unsigned char *value, size_t length, struct template_sink *sink)
{
    for (size_t at = 0; at < length; at++) {
        unsigned char byte = value[at];
        bool unreserved = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= 'a' && byte <= 'z') || (byte != '\0' && strchr("-._~", byte));
        const char escape[3] = {'%', template_hex[byte >> 4], template_hex[byte & 15]};
        if (unreserved)
            template_put(sink, &byte, 1);
        else
            template_put(sink, escape, sizeof escape);
    }
}

/* The inside of a JSON string (RFC 8259, section 7). */
static void template_write_json(const unsigned char *value, size_t length, struct template_sink *sink)
{
    for (size_t at = 0; at < length; at++) {
        unsigned char byte = value[at];
        const char control[6] = {'\\', 'u', '0', '0', template_hex[byte >> 4], template_hex[byte & 15]};
        if (byte == '"' || byte == '\\')
            template_put(sink, "\\", 1);
        if (byte < 0x20)
            template_put(sink, control, sizeof control);
        else
            template_put(sink, &byte, 1);
    }
}

/* Sealed to public_key, in base64. Each box is of an ephemeral key of its own, so two of one
 * value differ, but not in length. */
static bool template_write_sealed_box(const char *key, const unsigned char *value, size_t length,
                                      struct template_sink *sink)
{
    unsigned char public_key[SEALED_BOX_KEY_BYTES];
    if (!sealed_box_key(key, public_key))
        return false;
    unsigned char *box = malloc(length + SEALED_BOX_MORE_BYTES);
    bool sealed = box && sealed_box_seal(public_key, value, length, box);
    if (sealed)
        template_write_base64(box, length + SEALED_BOX_MORE_BYTES, sink);
    free(box);
    sink->failed = sink->failed || !sealed;
    return true;
}

static const struct template_filter template_filters[] = {
    {.name = "base64", .write = template_write_base64},
    {.name = "json", .write = template_write_json},
    {.name = "sealed_box", .key_name = "public_key", .write_keyed = template_write_sealed_box},
    {.name = "urlencode", .write = template_write_urlencode},
};

const struct template_filter *template_filter_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof template_filters / sizeof template_filters[0]; i++)
        if (strlen(template_filters[i].name) == length && memcmp(template_filters[i].name, name, length) == 0)
            return &template_filters[i];
    return NULL;
}

const char *template_filter_names(void)
{
    return "base64, json, sealed_box, urlencode";
}
