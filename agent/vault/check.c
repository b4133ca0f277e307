/* The store's own file, looked at as a whole: what no tag of a row and no digest
 * can show, such as an index that hides a row from a search (S8). */
#include "store/store.h"
#include "vault/vault.h"

enum err_code vault_check_file(const struct vault *vault, struct err *err)
{
    OWN(store_close) struct store *store = NULL;
    TRY(store_open_reader(vault_store_path(vault), &store, err));
    return store_check(store, err);
}
