/* The SQL function behind store_scan_tags. Private to the store. */
#ifndef KEYTURN_STORE_TAGS_H
#define KEYTURN_STORE_TAGS_H

#include "base/err.h"
#include "store/store.h"

#include <sqlite3.h>

/* Define visit_tags(id, revision, meta, secret) on a store's connection. */
enum err_code tags_define(struct store *store, struct err *err) ERR_MUST_CHECK;

#endif
