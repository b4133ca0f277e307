#include "common/fault.h"

#include "base/own.h"
#include "base/text.h"
#include "common/fault_kinds.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAULTS_MAX = 256,
    FAULT_METHOD_BYTES = 16,
    FAULT_PATTERN_BYTES = 160,
    FAULT_DELAY_MAX_MS = 600 * 1000,
    FAULT_FOR_EVER = -1,
    FAULT_PAD_MAX_BYTES = 64 * 1024 * 1024,
};

struct fault {
    char method[FAULT_METHOD_BYTES]; /* patterns; "*" matches all */
    char path[FAULT_PATTERN_BYTES];
    char key_name[FAULT_PATTERN_BYTES];
    int64_t skip; /* matching requests that pass before the first is struck */
    int64_t times;
    struct fault_hit hit;
};

struct faults {
    size_t count;
    struct fault armed[FAULTS_MAX];
};

void fault_hit_release(struct fault_hit *hit)
{
    free(hit->body);
    free(hit->content_type);
    *hit = (struct fault_hit){0};
}

enum fault_way fault_hit_way(const struct fault_hit *hit)
{
    return hit->kind ? hit->kind->way : FAULT_WAY_NONE;
}

struct faults *faults_new(void)
{
    return calloc(1, sizeof(struct faults));
}

void faults_clear(struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fault_hit_release(&faults->armed[i].hit);
    faults->count = 0;
}

struct faults *faults_free(struct faults *faults)
{
    if (faults)
        faults_clear(faults);
    free(faults);
    return NULL;
}

/* --- reading ------------------------------------------------------------- */

static enum err_code read_pattern(const json_t *object, const char *field, char *out, size_t size,
                                  struct err *err)
{
    const json_t *value = json_object_get(object, field);
    const char *text = value ? json_string_value(value) : "*";
    if (!text || strlen(text) >= size)
        return err_set(err, ERR_INVALID, "match.%s must be a text of less than %zu bytes", field, size);
    memcpy(out, text, strlen(text) + 1);
    return ERR_OK;
}

struct number_field {
    const char *name;
    int64_t lowest;
    int64_t highest;
    int64_t otherwise;
};

static enum err_code read_number(const json_t *object, const struct number_field *field, int64_t *ret,
                                 struct err *err)
{
    const json_t *value = json_object_get(object, field->name);
    int64_t number = value ? json_integer_value(value) : field->otherwise;
    if (value && (!json_is_integer(value) || number < field->lowest || number > field->highest))
        return err_set(err, ERR_INVALID, "%s must be a whole number from %lld to %lld", field->name,
                       (long long)field->lowest, (long long)field->highest);
    *ret = number;
    return ERR_OK;
}

static enum err_code read_text(const json_t *object, const char *field, char **ret, struct err *err)
{
    const json_t *value = json_object_get(object, field);
    if (!value)
        return ERR_OK;
    if (!json_is_string(value))
        return err_set(err, ERR_INVALID, "%s must be a text", field);
    *ret = strdup(json_string_value(value));
    return *ret ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code read_counts(const json_t *object, struct fault *fault, struct err *err)
{
    const struct number_field times = {"times", FAULT_FOR_EVER, 1000000, 1};
    const struct number_field skip = {"skip", 0, 1000000, 0};
    const struct number_field delay = {"delay_ms", 0, FAULT_DELAY_MAX_MS, 0};
    const struct number_field bytes = {"bytes", 0, FAULT_PAD_MAX_BYTES, 0};
    const struct number_field retry = {"retry_after_s", 0, 86400, 1};
    const struct number_field status = {"status", 200, 599, fault->hit.kind->status};
    int64_t number = 0;
    TRY(read_number(object, &times, &fault->times, err));
    TRY(read_number(object, &skip, &fault->skip, err));
    TRY(read_number(object, &delay, &fault->hit.delay_ms, err));
    TRY(read_number(object, &bytes, &number, err));
    fault->hit.bytes = (size_t)number;
    TRY(read_number(object, &retry, &number, err));
    fault->hit.retry_after_s = (int)number;
    TRY(read_number(object, &status, &number, err));
    fault->hit.status = (int)number;
    if (fault->times == 0)
        return err_set(err, ERR_INVALID, "times must be 1 or more, or -1 for every time");
    return ERR_OK;
}

static enum err_code read_kind(const json_t *object, struct fault_hit *hit, struct err *err)
{
    const char *name = json_string_value(json_object_get(object, "kind"));
    hit->kind = name ? fault_kind_find(name) : NULL;
    if (!hit->kind)
        return err_set(err, ERR_INVALID, "kind \"%s\" is not a fault", name ? name : "");
    const json_t *effect = json_object_get(object, "effect");
    if (effect && !json_is_boolean(effect))
        return err_set(err, ERR_INVALID, "effect must be true or false");
    hit->effect = effect ? json_is_true(effect) : hit->kind->effect;
    return ERR_OK;
}

static enum err_code read_fault(const json_t *object, struct fault *fault, struct err *err)
{
    const json_t *match = json_object_get(object, "match");
    if (!json_is_object(object) || (match && !json_is_object(match)))
        return err_set(err, ERR_INVALID, "a fault, and its match, must be an object");
    TRY(read_pattern(match, "method", fault->method, sizeof fault->method, err));
    TRY(read_pattern(match, "path", fault->path, sizeof fault->path, err));
    TRY(read_pattern(match, "key_name", fault->key_name, sizeof fault->key_name, err));
    TRY(read_kind(object, &fault->hit, err));
    TRY(read_counts(object, fault, err));
    TRY(read_text(object, "body", &fault->hit.body, err));
    return read_text(object, "content_type", &fault->hit.content_type, err);
}

static enum err_code arm_one(struct faults *faults, const json_t *object, struct err *err)
{
    if (faults->count == FAULTS_MAX)
        return err_set(err, ERR_STATE, "%d faults are armed, more are not", FAULTS_MAX);
    struct fault *fault = &faults->armed[faults->count++];
    *fault = (struct fault){0};
    return read_fault(object, fault, err);
}

enum err_code faults_arm(struct faults *faults, const json_t *document, struct err *err)
{
    size_t before = faults->count;
    size_t items = json_is_array(document) ? json_array_size(document) : 1;
    for (size_t i = 0; i < items; i++) {
        const json_t *object = json_is_array(document) ? json_array_get(document, i) : document;
        if (arm_one(faults, object, err) == ERR_OK)
            continue;
        while (faults->count > before)
            fault_hit_release(&faults->armed[--faults->count].hit);
        return err->code;
    }
    return ERR_OK;
}

/* --- striking ------------------------------------------------------------ */

static bool matches(const struct fault *fault, const char *method, const char *path, const char *key_name)
{
    return text_glob(fault->method, method) && text_glob(fault->path, path) &&
           text_glob(fault->key_name, key_name ? key_name : "");
}

static void remove_at(struct faults *faults, size_t at)
{
    fault_hit_release(&faults->armed[at].hit);
    faults->count--;
    memmove(&faults->armed[at], &faults->armed[at + 1], (faults->count - at) * sizeof faults->armed[0]);
}

static void strike(struct faults *faults, size_t at, struct fault_hit *ret_hit)
{
    struct fault *fault = &faults->armed[at];
    *ret_hit = fault->hit;
    if (fault->times > 1 || fault->times == FAULT_FOR_EVER) {
        ret_hit->body = fault->hit.body ? strdup(fault->hit.body) : NULL;
        ret_hit->content_type = fault->hit.content_type ? strdup(fault->hit.content_type) : NULL;
        fault->times -= fault->times == FAULT_FOR_EVER ? 0 : 1;
        return;
    }
    /* The last time: the texts go with the hit. */
    fault->hit.body = NULL;
    fault->hit.content_type = NULL;
    remove_at(faults, at);
}

void faults_take(struct faults *faults, const char *method, const char *path, const char *key_name,
                 struct fault_hit *ret_hit)
{
    *ret_hit = (struct fault_hit){0};
    for (size_t i = 0; i < faults->count; i++) {
        struct fault *fault = &faults->armed[i];
        if (!matches(fault, method, path, key_name))
            continue;
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        strike(faults, i, ret_hit);
        return;
    }
}

void faults_write(const struct faults *faults, struct buf *out)
{
    json_put_array_open(out, NULL);
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->armed[i];
        json_put_object_open(out, NULL);
        json_put_string(out, "kind", fault->hit.kind->name);
        json_put_string(out, "method", fault->method);
        json_put_string(out, "path", fault->path);
        json_put_string(out, "key_name", fault->key_name);
        json_put_integer(out, "skip", fault->skip);
        json_put_integer(out, "times", fault->times);
        json_put_integer(out, "delay_ms", fault->hit.delay_ms);
        json_put_boolean(out, "effect", fault->hit.effect);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}
