/* Who asks: each API says it in a header of its own, by Basic authentication, or by
 * an AWS signature (of which the names are looked at, and the form). */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *auth_text(const json_t *auth, const char *name)
{
    return json_string_value(json_object_get(auth, name));
}

static struct caller caller_of(struct table *table, struct sim_key *key, const char *secret, int64_t now_ms)
{
    if (strcmp(secret, table->admin) == 0)
        return (struct caller){CALLER_ADMIN, NULL};
    if (key && table_works(key, now_ms))
        return (struct caller){CALLER_KEY, key};
    return (struct caller){CALLER_UNKNOWN, NULL};
}

static size_t base64_decode(const char *text, char *out, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned value = 0;
    size_t length = 0;
    for (; *text && *text != '=' && length + 1 < size; text++) {
        const char *at = strchr(alphabet, *text);
        if (!at)
            break;
        value = (value << 6 | (unsigned)(at - alphabet)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[length++] = (char)(value >> bits & 0xFF);
        }
    }
    out[length] = '\0';
    return length;
}

/* "Basic base64(USER:SECRET)": a key's user is its id. */
static struct caller caller_basic(struct table *table, const char *value, int64_t now_ms)
{
    char pair[2 * TABLE_TEXT_BYTES];
    if (strncmp(value, "Basic ", 6) != 0 || base64_decode(value + 6, pair, sizeof pair) == 0)
        return (struct caller){CALLER_UNKNOWN, NULL};
    char *secret = strchr(pair, ':');
    if (!secret)
        return (struct caller){CALLER_UNKNOWN, NULL};
    *secret++ = '\0';
    struct sim_key *key = table_by_id(table, pair);
    bool admin = strcmp(pair, table_text(table, "admin_user", "")) == 0;
    if (key && strcmp(key->secret, secret) != 0)
        key = NULL;
    return admin || key ? caller_of(table, key, secret, now_ms) : (struct caller){CALLER_UNKNOWN, NULL};
}

/* "AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=64 HEX". */
static struct caller caller_sigv4(struct table *table, const char *service, const char *value, int64_t now_ms)
{
    char id[128];
    char named[64];
    const char *signature = strstr(value, "Signature=");
    if (sscanf(value, "AWS4-HMAC-SHA256 Credential=%127[^/]/%*[0-9]/%*[^/]/%63[^/]/aws4_request", id, named) != 2 ||
        strcmp(named, service) != 0 || !signature || strspn(signature + 10, "0123456789abcdef") != 64)
        return (struct caller){CALLER_UNKNOWN, NULL};
    if (strcmp(id, table_text(table, "admin_user", "")) == 0)
        return (struct caller){CALLER_ADMIN, NULL};
    struct sim_key *key = table_by_id(table, id);
    return caller_of(table, key, "", now_ms);
}

struct caller caller_find(struct table *table, const json_t *route, const struct exchange *exchange, int64_t now_ms)
{
    const json_t *auth = json_object_get(route, "auth");
    if (!auth)
        auth = json_object_get(table->rows, "auth");
    const char *header = auth_text(auth, "header");
    const char *prefix = auth_text(auth, "prefix");
    const char *value = exchange_header(exchange, header ? header : "Authorization");
    if (!value)
        return (struct caller){CALLER_NONE, NULL};
    if (auth_text(auth, "basic"))
        return caller_basic(table, value, now_ms);
    if (auth_text(auth, "sigv4"))
        return caller_sigv4(table, auth_text(auth, "sigv4"), value, now_ms);
    if (prefix && strncmp(value, prefix, strlen(prefix)) != 0)
        return (struct caller){CALLER_UNKNOWN, NULL};
    value += prefix ? strlen(prefix) : 0;
    return caller_of(table, table_by_secret(table, value), value, now_ms);
}
