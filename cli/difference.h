/* What has to change so that the vault is as an inventory says. */
#ifndef KEYTURN_CLI_DIFFERENCE_H
#define KEYTURN_CLI_DIFFERENCE_H

#include "inventory.h"

/* An array of changes, as --json shows them, in the order of the keys' names:
 *   {"key":"live/x", "change":"add|set|remove|stays", "waits":null|"…", "done":false,
 *    "fields":[{"field":"every","from":"30d","to":"60d"}, …]}
 * waits says what keeps it from being done whole now. stays: it is not in the file, and cannot be
 * removed. from is null for a key that is added.
 * ERR_INVALID: the inventory asks for what cannot be, as another provider of the same key. */
enum err_code difference_find(const json_t *wanted, const struct holdings *held, json_t **ret_changes,
                              struct err *err) ERR_MUST_CHECK;
/* The same for keys that are not in the file: which can be removed, and which stay. Blocks. */
enum err_code difference_prune(struct cli *cli, const json_t *wanted, const struct holdings *held, json_t *changes,
                               struct err *err) ERR_MUST_CHECK;

/* As lines: "+" what comes, "-" what goes, "~" what changes. */
void difference_print(const json_t *changes);

/* How many of the held deliveries, taken in order, begin the wanted ones: *ret_kept of them are as wanted,
 * and stay[i] says it of the i-th held. The others have to go, since a delivery is only ever added at the end. */
void difference_deliveries(const json_t *held, const json_t *wanted, bool *stay, size_t stay_size, size_t *ret_kept);

#endif
