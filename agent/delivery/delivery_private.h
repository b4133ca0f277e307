/* The parts of this room: parse.c reads a definition, fields.c its fields, format.c makes what is put, sinks.c and
 * sink.c know HTTP sinks, requests.c what is sent to them, folder.c finds a safe place for a file, account.c its
 * owner, file.c writes it, spot.c tells which it is by whatever path, program.c runs commands and checks, delivery.c
 * does all that on a worker. */
#ifndef KEYTURN_DELIVERY_PRIVATE_H
#define KEYTURN_DELIVERY_PRIVATE_H

#include "delivery/delivery.h"
#include "sink.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    DELIVERY_DEFINITION_BYTES = 64 * 1024,
    DELIVERY_ARGUMENTS = 32,
    DELIVERY_TARGET_BYTES = 256,
    /* A temporary name is ".NAME.keyturn-" and 16 hex digits, within NAME_MAX (255). */
    DELIVERY_FILE_NAME_BYTES = 229,
    DELIVERY_MODE_MOST = 0660, /* what a file with a secret may have */
    DELIVERY_MODE_DEFAULT = 0600
};

/* Bits: a field says of which kinds it is. */
enum delivery_kind { DELIVERY_FILE = 1, DELIVERY_PROGRAM = 2, DELIVERY_SYSTEMD = 4, DELIVERY_SINK = 8 };

enum delivery_format {
    DELIVERY_RAW,
    DELIVERY_ENV,
    DELIVERY_JSON,
    DELIVERY_TEMPLATE,
    DELIVERY_FORMAT_COUNT
};

struct delivery_command {
    const char *argv[DELIVERY_ARGUMENTS + 1]; /* argv[0] is NULL where there is none */
    int64_t timeout_ms;
};

/* Texts are borrowed from the definition. */
struct delivery {
    json_t *definition;
    enum delivery_kind kind;
    enum delivery_class place_class;
    char target[DELIVERY_TARGET_BYTES];
    const char *path;
    enum delivery_format format;
    const char *variable;
    const char *template_text;
    const char *owner; /* NULL: as the file has it, else the agent's */
    const char *group;
    mode_t mode; /* 0: as the file has it, else DELIVERY_MODE_DEFAULT */
    struct delivery_command command;
    struct delivery_command remove;
    struct delivery_command check;
    const char *check_url; /* NULL: none */
    bool at_once;
    const char *unit;
    const struct delivery_sinks *sinks;
    const struct sink *sink;
    const json_t *settings; /* NULL: none given */
    const char *credential;
};

/* Take the fields of delivery->definition into delivery. Messages begin with the field's name. */
enum err_code delivery_take_fields(struct delivery *delivery, struct err *err) ERR_MUST_CHECK;

/* What is written: the file's content in locked memory. ERR_INVALID: the secret
 * cannot stand in this format. */
enum err_code delivery_render(const struct delivery *delivery, const struct delivery_subject *subject,
                              struct secret **ret_content, struct err *err) ERR_MUST_CHECK;

/* A folder that nobody else may change, held open, and the name in it. */
struct delivery_place {
    int folder;
    const char *name; /* borrowed from the path */
    bool exists;      /* a regular file of that name, with these: */
    uid_t uid;
    gid_t gid;
    mode_t mode;
};

/* Walk to the folder of an absolute path without following a symlink, refusing
 * folders that somebody else than root, we and owner may change, and look at
 * what is there. ERR_NOT_FOUND: a folder is missing. */
enum err_code delivery_place_open(const char *path, uid_t owner, struct delivery_place *ret_place,
                                  struct err *err) ERR_MUST_CHECK;

/* As delivery_spot says, of a place that is open; 0: nobody can tell. */
uint64_t delivery_place_spot(const struct delivery_place *place);
/* Do two paths lead to one file, also where it is yet to be made? May block on the file system. */
bool delivery_same_file(const char *a, const char *b);

static inline void delivery_place_close(struct delivery_place *place)
{
    own_fd(&place->folder);
}
#define OWN_PLACE __attribute__((cleanup(delivery_place_close)))

/* ERR_NOT_FOUND: there is none; ERR_BUSY: cannot be looked up for now. May block. */
enum err_code delivery_find_user(const char *name, uid_t *ret_uid, struct err *err) ERR_MUST_CHECK;
enum err_code delivery_find_group(const char *name, gid_t *ret_gid, struct err *err) ERR_MUST_CHECK;

/* One operation, as it is carried out on a worker. */
struct delivery_task {
    const struct delivery *delivery;
    enum delivery_operation operation;
    struct delivery_subject subject;
    const struct clock *clock;
    int stop_fd; /* as the runner's */
};

/* Write content in place of the file, or remove the file. ERR_EXISTS: it is another's. */
enum err_code delivery_file_put(const struct delivery_task *task, const struct secret *content,
                                struct err *err) ERR_MUST_CHECK;
enum err_code delivery_file_take_away(const struct delivery_task *task, struct err *err) ERR_MUST_CHECK;

/* Run a command and wait for it; input may be NULL. role ("", "check ") stands before
 * "exit N: " and the last line it wrote on standard error in the result's detail. */
void delivery_run(const struct delivery_task *task, const struct delivery_command *command, const char *role,
                  const struct secret *input, struct delivery_result *ret_result);

/* requests.c: the values that a sink's requests use. The subject's secrets are borrowed. */
enum err_code delivery_values(const struct delivery *delivery, const struct delivery_subject *subject,
                              struct action_values **ret_values, struct err *err) ERR_MUST_CHECK;
/* A GET that must answer 2xx: the action behind check_url. */
extern const struct action_spec delivery_check_url_spec;
/* What a request's verdict means for the delivery; wanted is what is well, for people ("put"). */
void delivery_judge(const struct action_result *answer, const char *wanted, struct delivery_result *ret_result);

/* What failed, and whether it is worth repeating. */
void delivery_failed(const struct err *err, struct delivery_result *ret_result);

#endif
