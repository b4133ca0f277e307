/* POST /v1/identify: which of these are ours? The client sends fingerprints
 * (BLAKE2b-256 of each candidate), so that a found string never travels. */
#include "handlers.h"

#include "decode.h"
#include "encode.h"

enum { FINGERPRINTS_MOST = 1000, FINGERPRINT_BYTES = 32 };

struct identify_body {
    const json_t *fingerprints;
};
static const struct decode_field identify_fields[] = {
    {.name = "fingerprints", .kind = DECODE_ARRAY, .required = true,
     .place = offsetof(struct identify_body, fingerprints)},
};

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool parse_fingerprint(const json_t *value, uint8_t out[FINGERPRINT_BYTES])
{
    const char *text = json_string_value(value);
    if (!text || json_string_length(value) != (size_t)2 * FINGERPRINT_BYTES)
        return false;
    for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum err_code write_match(struct request *request, const char *fingerprint,
                                 const struct vault_version *version, struct err *err)
{
    struct buf *out = &request->out;
    struct vault_key key = {0};
    TRY(vault_get(request_session(request), VAULT_KEY, version->row.parent, &key.row, err));
    json_put_object_open(out, NULL);
    json_put_string(out, "fingerprint", fingerprint);
    encode_key_name(out, "key", &key);
    json_put_integer(out, "version", version->number);
    json_put_string(out, "state", vault_version_state_name((enum vault_version_state)version->state));
    json_put_string(out, "mask", version->mask);
    encode_evidence(out, "proof", &version->proof);
    json_put_object_close(out);
    vault_record_release(VAULT_KEY, &key.row);
    return ERR_OK;
}

static enum err_code identify(struct request *request, const json_t *value, struct err *err)
{
    uint8_t fingerprint[FINGERPRINT_BYTES];
    struct vault_version version = {0};
    if (!parse_fingerprint(value, fingerprint))
        return err_set(err, ERR_INVALID, "a fingerprint is 64 lower-case hex digits, BLAKE2b-256 of the secret");
    enum err_code code = vault_version_by_fingerprint(request_session(request), fingerprint, &version, err);
    if (code == ERR_NOT_FOUND && vault_state(request_vault(request)) != VAULT_ABSENT)
        return ERR_OK;
    TRY(code);
    return write_match(request, json_string_value(value), &version, err);
}

enum err_code handle_identify(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(identify_fields, "");
    OWN_JSON json_t *object = NULL;
    struct identify_body body = {0};
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    size_t count = json_array_size(body.fingerprints);
    if (count > FINGERPRINTS_MOST)
        return err_set(err, ERR_LIMIT, "at most %d fingerprints at once, not %zu", FINGERPRINTS_MOST, count);
    json_put_object_open(&request->out, NULL);
    json_put_array_open(&request->out, "matches");
    for (size_t i = 0; i < count; i++)
        TRY(identify(request, json_array_get(body.fingerprints, i), err));
    json_put_array_close(&request->out);
    json_put_object_close(&request->out);
    return ERR_OK;
}
