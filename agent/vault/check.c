/* The store, looked at as a whole: what the digest of the seals cannot show (S8). In its file that is an index
 * that hides a row from a search; in its rows a column in clear, such as a due time that was put off, so that the
 * row is never read. */
#include "store/store.h"
#include "vault/vault.h"

enum { CHECK_PLACES = 512 }; /* looked at in one call, which locking waits for */

static int check_pass(void *context, const struct vault_row *record, struct err *err)
{
    (void)context;
    (void)record;
    (void)err;
    return ERR_OK;
}

static enum err_code check_kind(struct vault_session *session, enum vault_kind kind, struct err *err)
{
    struct vault_span span = VAULT_SPAN_BEFORE_ALL;
    for (;;) {
        bool found = false;
        enum err_code code = vault_span_next(session, kind, CHECK_PLACES, &span, &found, err);
        if (code != ERR_OK || !found)
            return code;
        TRY(vault_scan(session, kind, &span, check_pass, NULL, err));
    }
}

enum err_code vault_check_rows(struct vault *vault, struct err *err)
{
    OWN(vault_session_free) struct vault_session *session = NULL;
    TRY(vault_session_new(vault, NULL, &session, err));
    for (int kind = VAULT_KEY; kind <= VAULT_LABEL; kind++)
        TRY(check_kind(session, (enum vault_kind)kind, err));
    return ERR_OK;
}

enum err_code vault_check_file(const struct vault *vault, struct err *err)
{
    OWN(store_close) struct store *store = NULL;
    TRY(store_open_reader(vault_store_path(vault), &store, err));
    return store_check(store, err);
}
