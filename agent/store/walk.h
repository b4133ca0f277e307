/* The SQL function behind store_walk. Private to the store. */
#ifndef KEYTURN_STORE_WALK_H
#define KEYTURN_STORE_WALK_H

#include "base/err.h"
#include "store/store.h"

/* Define visit_row(walk, place, columns…) on a store's connection. */
enum err_code walk_define(struct store *store, struct err *err) ERR_MUST_CHECK;

#endif
