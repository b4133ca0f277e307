/* /v1/vault: making it, opening and closing it, its slots.
 *
 * Key material comes in the body (a passphrase), or as the path of a file that
 * the agent reads itself, so that it never travels. */
#include "handlers.h"

#include "base/file.h"
#include "decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *const slot_kinds[] = {
    [VAULT_SLOT_PASSPHRASE] = "passphrase",
    [VAULT_SLOT_KEY_FILE] = "key-file",
    [VAULT_SLOT_CREDENTIAL] = "credential",
};

/* --- What is shown --------------------------------------------------------- */

static void write_slot(struct buf *out, const struct vault_slot_info *slot)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "slot", slot->number);
    json_put_string(out, "kind", slot_kinds[slot->kind]);
    json_put_time(out, "created_at", slot->created_at_ms);
    json_put_object_close(out);
}

static int visit_slot(void *context, const struct vault_slot_info *slot)
{
    write_slot(context, slot);
    return ERR_OK;
}

enum err_code handle_vault_show(struct request *request, struct err *err)
{
    struct buf *out = &request->out;
    struct vault *vault = request_vault(request);
    enum vault_state state = vault_state(vault);
    json_put_object_open(out, NULL);
    json_put_string(out, "state", vault_state_name(state));
    json_put_string(out, "store", vault_store_path(vault));
    json_put_string(out, "audit", request_options(request)->audit_path);
    json_put_integer(out, "generation", (int64_t)vault_generation(vault));
    json_put_array_open(out, "slots");
    if (state != VAULT_ABSENT)
        TRY(vault_slots(request_session(request), visit_slot, out, err));
    json_put_array_close(out);
    json_put_object_close(out);
    return ERR_OK;
}

/* --- Key material ---------------------------------------------------------- */

struct slot_body {
    const char *kind;
    struct secret *passphrase;
    const char *key_file;
    const json_t *slot;
    bool low_cost;
    uint64_t accept_generation;
};

static void slot_body_release(struct slot_body *body)
{
    body->passphrase = secret_free(body->passphrase);
}
#define OWN_SLOT_BODY __attribute__((cleanup(slot_body_release)))

#define MATERIAL_FIELDS                                                                            \
    {.name = "kind", .kind = DECODE_TEXT, .required = true, .place = offsetof(struct slot_body, kind)},            \
        {.name = "passphrase", .kind = DECODE_SECRET, .place = offsetof(struct slot_body, passphrase)},            \
        {.name = "key_file", .kind = DECODE_TEXT, .place = offsetof(struct slot_body, key_file)}

static const struct decode_field material_fields[] = {MATERIAL_FIELDS};
static const struct decode_field unlock_fields[] = {
    MATERIAL_FIELDS,
    {.name = "accept_generation", .kind = DECODE_NUMBER64, .place = offsetof(struct slot_body, accept_generation)},
};
static const struct decode_field add_fields[] = {
    MATERIAL_FIELDS,
    {.name = "low_cost", .kind = DECODE_BOOLEAN, .place = offsetof(struct slot_body, low_cost)},
};
static const struct decode_field init_fields[] = {
    {.name = "slot", .kind = DECODE_OBJECT, .required = true, .place = offsetof(struct slot_body, slot)},
    {.name = "low_cost", .kind = DECODE_BOOLEAN, .place = offsetof(struct slot_body, low_cost)},
};

static enum err_code slot_kind(const char *name, enum vault_slot_kind *ret_kind, struct err *err)
{
    for (int kind = VAULT_SLOT_PASSPHRASE; kind <= VAULT_SLOT_CREDENTIAL; kind++)
        if (strcmp(slot_kinds[kind], name) == 0) {
            *ret_kind = (enum vault_slot_kind)kind;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "kind is passphrase, key-file or credential, not \"%.32s\"", name);
}

/* A pipe or a device would keep us waiting. */
static enum err_code read_key_file(const char *path, struct secret **ret_material, struct err *err)
{
    struct stat status;
    if (path[0] != '/')
        return err_set(err, ERR_INVALID, "key_file is a whole path, from /");
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "the key file %s", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "the key file %s is not a regular file", path);
    TRY(file_check_private(fd, path, true, err));
    return secret_read_fd(fd, LIMIT_SECRET_BYTES, path, ret_material, err);
}

/* The material of its kind (handed over), and nothing of the other kind. */
static enum err_code take_material(struct slot_body *body, enum vault_slot_kind *ret_kind,
                                   struct secret **ret_material, struct err *err)
{
    TRY(slot_kind(body->kind, ret_kind, err));
    bool file = *ret_kind != VAULT_SLOT_PASSPHRASE;
    if (file ? body->passphrase || !body->key_file : !body->passphrase || body->key_file)
        return err_set(err, ERR_INVALID, "a slot of kind %s takes %s", body->kind, file ? "key_file" : "passphrase");
    if (file)
        return read_key_file(body->key_file, ret_material, err);
    *ret_material = GIVE(body->passphrase);
    return ERR_OK;
}

/* --- Making, opening, closing ------------------------------------------------ */

enum err_code handle_vault_init(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(init_fields, "");
    static const struct decode_table slot = DECODE_TABLE(material_fields, "slot.");
    OWN_JSON json_t *object = NULL;
    OWN_SLOT_BODY struct slot_body body = {0};
    OWN(secret_free) struct secret *material = NULL;
    enum vault_slot_kind kind = VAULT_SLOT_PASSPHRASE;
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    TRY(decode_fields(body.slot, &slot, &body, &given, err));
    TRY(take_material(&body, &kind, &material, err));
    TRY(engine_init(request_engine(request), request->peer->name, kind, material, body.low_cost, err));
    return handle_vault_show(request, err);
}

enum err_code handle_vault_unlock(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(unlock_fields, "");
    OWN_JSON json_t *object = NULL;
    OWN_SLOT_BODY struct slot_body body = {0};
    OWN(secret_free) struct secret *material = NULL;
    OWN(secret_free) struct secret *root = NULL;
    enum vault_slot_kind kind = VAULT_SLOT_PASSPHRASE;
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    TRY(take_material(&body, &kind, &material, err));
    TRY(vault_try_slots(request_vault(request), request_session(request), kind, material, &root, err));
    TRY(engine_unlock(request_engine(request), request->peer->name, root, body.accept_generation, err));
    return handle_vault_show(request, err);
}

enum err_code handle_vault_lock(struct request *request, struct err *err)
{
    return engine_lock(request_engine(request), request->peer->name, err);
}

/* --- Slots ----------------------------------------------------------------- */

struct slot_search {
    uint32_t number;
    struct buf *out;
};

static int write_wanted_slot(void *context, const struct vault_slot_info *slot)
{
    const struct slot_search *search = context;
    if (slot->number != search->number)
        return ERR_OK;
    write_slot(search->out, slot);
    return VAULT_STOP;
}

enum err_code handle_slot_add(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(add_fields, "");
    OWN_JSON json_t *object = NULL;
    OWN_SLOT_BODY struct slot_body body = {0};
    OWN(secret_free) struct secret *material = NULL;
    enum vault_slot_kind kind = VAULT_SLOT_PASSPHRASE;
    unsigned given = 0;
    struct slot_search search = {.out = &request->out};
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    TRY(take_material(&body, &kind, &material, err));
    TRY(engine_slot_add(request_engine(request), request->peer->name, kind, material, body.low_cost,
                        &search.number, err));
    return vault_slots(request_session(request), write_wanted_slot, &search, err);
}

enum err_code handle_slot_remove(struct request *request, struct err *err)
{
    return engine_slot_remove(request_engine(request), request->peer->name, request->path.number, err);
}
