/* Deliveries: where a secret is put so that its users find it.
 *
 * A delivery is defined by a small JSON document (schema/delivery.schema.json),
 * kept sealed with its key:
 *   file      {"kind":"file","class":"live","path":"/etc/x.env","format":"env|json|raw|template",
 *              "variable":"AMPS_KEY","template":"…{{secret}}…","owner":"x","group":"x","mode":"0640",
 *              "check":["program","arg"],"check_timeout":"30s"}
 *   program   {"kind":"program","class":"live","command":["program","arg"],"timeout":"30s",
 *              "remove":["program","arg"], "check":[…]}
 *   systemd   {"kind":"systemd","class":"live","unit":"reporting.service","check":[…]}
 *             systemctl reload-or-restart, after the file that the unit reads
 *   sink      {"kind":"sink","class":"live","sink":"vault-kv","settings":{"address":"https://…",…},
 *             "credential":"live/vault-token","check":[…]}
 *             an HTTP service that a definition describes (delivery/sinks.h)
 * Each may have "check_url": a GET there must answer 2xx, too.
 * Each may have "at_once": true: neighbours that say so are put at the same time, others in their order.
 * class is the class of the place; a key of the other class is refused when the
 * delivery is configured (S5).
 *
 * put writes the secret and then runs the check: both must hold. Putting back
 * (undo) is put with the old secret, or take_away where there was none. Each
 * can be repeated: the result is the same (a crash repeats it).
 *
 * A file is written to a temporary name in the same folder with its final owner
 * and mode set before the first byte, fsynced, renamed over, folder fsynced; it is never
 * readable by others for a moment, never empty or half (S10). A path that is a
 * symlink or in a folder that others may write to is refused. */
#ifndef KEYTURN_DELIVERY_DELIVERY_H
#define KEYTURN_DELIVERY_DELIVERY_H

#include "action/action.h"
#include "base/err.h"
#include "base/secret.h"
#include "delivery/sinks.h"

#include <stdbool.h>
#include <stdint.h>

enum delivery_class { DELIVERY_CLASS_LIVE = 1, DELIVERY_CLASS_TEST = 2 };

struct delivery;

/* Parse and check a definition of at most 64 KiB. what names it in messages. ERR_INVALID and
 * ERR_LIMIT name the field, also one that is unknown or of the other kind. Nothing is looked
 * at outside of the text: accounts and folders are when it is carried out. sinks (NULL: there are
 * none) is borrowed for the delivery's life. */
enum err_code delivery_parse(const char *what, const char *json, size_t length,
                             const struct delivery_sinks *sinks, struct delivery **ret_delivery,
                             struct err *err) ERR_MUST_CHECK;
struct delivery *delivery_free(struct delivery *delivery);
OWN_DEFINE(struct delivery, delivery_free);

const char *delivery_kind(const struct delivery *delivery);   /* "file", "program", "systemd", "sink" */
const char *delivery_target(const struct delivery *delivery); /* for people: the path, or the command */
enum delivery_class delivery_place_class(const struct delivery *delivery);
/* The key of the vault ("live/vault-token") that its requests need, NULL: none. */
const char *delivery_credential(const struct delivery *delivery);
/* May it act on what another place holds (a program or a unit that reloads)? When the old secret is
 * put back, such ones come after the files and sinks. */
bool delivery_is_signal(const struct delivery *delivery);
/* May it be put at the same time as its neighbours that say so, too? */
bool delivery_is_at_once(const struct delivery *delivery);
/* Are they the same place: one file by whatever path, as the paths lead now, or a sink's target? Programs and
 * units never are. Looks at the folders of files of one name, and may block on them. */
bool delivery_same_place(const struct delivery *a, const struct delivery *b);
/* The same by what their definitions say, which never blocks: one path, or one target of a sink. */
bool delivery_same_target(const struct delivery *a, const struct delivery *b);
/* A number for the place of a file by whatever path: those of two places differ, but for a chance of 2^-64.
 * 0: it is no file, or its folder is not there. May block as delivery_same_place. */
uint64_t delivery_spot(const struct delivery *delivery);

/* What a definition says of itself that was good when it was stored and is not now: its sink is
 * defined no more, or otherwise. */
struct delivery_outline {
    const char *kind; /* as delivery_kind; "delivery" where not even that can be read */
    enum delivery_class place_class;
    char target[256]; /* as delivery_target; "" where it is not known */
};

/* target is what delivery_target said when it was stored, "" where nobody knows. */
void delivery_outline_read(const char *json, size_t length, const char *target, struct delivery_outline *ret_outline);
/* As delivery_same_place; a sink whose target is not known may be any. */
bool delivery_may_be_place(const struct delivery *delivery, const struct delivery_outline *other);

/* What is put, for formats and templates. Borrowed until done. */
struct delivery_subject {
    const char *key; /* "live/reporting" */
    const char *environment;
    const char *name;
    unsigned version;
    const struct secret *secret; /* NULL for take_away */
    const struct secret *credential; /* NULL where none is needed */
    /* Asked on a worker, where it may block, with a file's folder open (spot as delivery_spot), before anything in
     * it is touched. An error says why it may not be, and is the delivery's; ERR_EXISTS, it is another's, is for
     * good. NULL: nobody is asked. */
    enum err_code (*may_touch)(void *context, uint64_t spot, struct err *err);
    void *context;
};

enum delivery_operation { DELIVERY_PUT = 1, DELIVERY_TAKE_AWAY };

struct delivery_result {
    bool done;       /* put and its check held, or taken away */
    bool transient;  /* worth repeating (time-out, EIO, busy); false: failed for good */
    int status;      /* exit status where a program ran */
    char detail[200]; /* "checked", "exit 0", or what went wrong and what to do; no secret */
};
typedef void delivery_done(void *context, const struct delivery_result *result);

/* Start on the runner's workers; does not block. delivery and what subject points to are borrowed
 * until done, which is called by work_collect, or by work_pool_free: a delivery that had not begun
 * then is transient. ERR_INTERNAL: nothing to put; ERR_STATE: the workers stop; ERR_MEMORY. */
enum err_code delivery_start(const struct action_runner *runner, const struct delivery *delivery,
                             enum delivery_operation operation, const struct delivery_subject *subject,
                             bool urgent, delivery_done *done, void *context, struct err *err) ERR_MUST_CHECK;

#endif
