/* Revocations as a table, for `revocations` and `incident`. */
#ifndef KEYTURN_CLI_REVOCATION_TABLE_H
#define KEYTURN_CLI_REVOCATION_TABLE_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

enum err_code revocation_table_print(const json_t *revocations, int64_t now_ms, struct err *err)
    ERR_MUST_CHECK;

#endif
