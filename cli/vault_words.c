#include "vault_words.h"

#include <errno.h>
#include <stdlib.h>

enum err_code vault_write_key_file(const char *path, struct buf *json, struct err *err)
{
    char *absolute = realpath(path, NULL);
    if (!absolute)
        return err_set_errno(err, errno, "the key file %.200s", path);
    json_put_string(json, "key_file", absolute);
    free(absolute);
    return ERR_OK;
}
