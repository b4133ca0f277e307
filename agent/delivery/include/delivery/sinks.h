/* Definitions of HTTP sinks: YAML files that say how a secret is put to a
 * service that keeps secrets (packaging/deliveries). Nothing in C knows a
 * service's name. The schema for editors and tests is schema/sink.schema.json. */
#ifndef KEYTURN_DELIVERY_SINKS_H
#define KEYTURN_DELIVERY_SINKS_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>

struct delivery_sinks;

/* Load every *.yaml of the folders (a later folder's definition replaces an earlier one of the same
 * name; a missing folder is empty). One bad file is an error that names file, line and field. */
enum err_code delivery_sinks_load(const char *const *folders, size_t count,
                                  struct delivery_sinks **ret_sinks, struct err *err) ERR_MUST_CHECK;
struct delivery_sinks *delivery_sinks_free(struct delivery_sinks *sinks);
OWN_DEFINE(struct delivery_sinks, delivery_sinks_free);
size_t delivery_sinks_count(const struct delivery_sinks *sinks);
/* In the order of loading; NULL past the end. */
const char *delivery_sinks_name_at(const struct delivery_sinks *sinks, size_t index);

#endif
