/* The inventory: which keys there are, by what policy they are kept and where
 * they are put, as a file without secrets (schema/inventory.schema.json).
 *
 *   inventory: 1
 *   keys:
 *     live/reporting:
 *       provider: amps
 *       every: 30d
 *       labels: {team: energy}
 *       deliveries:
 *         - {kind: file, class: live, path: /etc/reporting/amps.key}
 *
 * In memory it is a JSON object by environment/name. Each entry has every field
 * of inventory_fields, with the value it has when it is not said, and always
 * written in the same way: so entries are equal when their JSON is, whether they
 * came from a file or from the vault. */
#ifndef KEYTURN_CLI_INVENTORY_H
#define KEYTURN_CLI_INVENTORY_H

#include "base/buf.h"
#include "cli.h"

#include <jansson.h>

enum { INVENTORY_FORMAT = 1, INVENTORY_BYTES = 256 * 1024 * 1024 };

enum inventory_kind {
    INVENTORY_PROVIDER, /* a name, which stays as it was made */
    INVENTORY_POLICY,   /* a text as an option of `set` takes it */
    INVENTORY_LABELS,   /* an object of texts */
    INVENTORY_DELIVERIES /* a list of definitions, in their order */
};

struct inventory_field {
    const char *name;
    enum inventory_kind kind;
    const char *option;   /* of kind POLICY: that of `set` */
    const char *fallback; /* of kind POLICY: what it is when it is not said */
};
extern const struct inventory_field inventory_fields[];
extern const size_t inventory_field_count;

/* Is its value yes or no, and its fallback no? */
bool inventory_is_yes_no(const struct inventory_field *field);
/* Is the value what it is when nothing is said? */
bool inventory_is_fallback(const struct inventory_field *field, const json_t *value);

/* Read a file ("-": standard input). ERR_INVALID names file, line and field. */
enum err_code inventory_read(const char *path, json_t **ret_keys, struct err *err) ERR_MUST_CHECK;
/* The same from text; what names it in messages. */
enum err_code inventory_parse(const char *what, const char *text, size_t length, json_t **ret_keys,
                              struct err *err) ERR_MUST_CHECK;

/* The entry of a key as the agent shows it; deliveries is the agent's list of them, NULL: none. */
enum err_code inventory_entry(const json_t *key, const json_t *deliveries, json_t **ret_entry, struct err *err)
    ERR_MUST_CHECK;

/* The entries of the vault's keys, with their deliveries, and the agent's rows as they stand. only: just
 * those that it names; NULL: all. Blocks. */
struct holdings {
    json_t *rows;    /* every key of the vault, by environment/name */
    json_t *keys;    /* entries */
    json_t *numbers; /* by key: the numbers of its deliveries, in their order */
};
void holdings_release(struct holdings *holdings);
#define OWN_HOLDINGS __attribute__((cleanup(holdings_release)))
enum err_code holdings_read(struct cli *cli, const json_t *only, struct holdings *ret_holdings, struct err *err)
    ERR_MUST_CHECK;

/* As a file: keys by name, only what is not said otherwise. It is read back to the same. */
void inventory_write(const json_t *keys, struct buf *out);
/* One value in one line, as in the file. */
void inventory_write_value(const json_t *value, struct buf *out);

#endif
