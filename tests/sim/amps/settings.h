/* What can be set about the simulated Amps, at start and at run time. */
#ifndef KEYTURN_SIM_AMPS_SETTINGS_H
#define KEYTURN_SIM_AMPS_SETTINGS_H

#include "base/err.h"
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum amps_variant { AMPS_VARIANT_ENVELOPE, AMPS_VARIANT_BARE };
enum amps_rate_status { AMPS_RATE_429, AMPS_RATE_401 };
enum amps_prefix_style { AMPS_PREFIX_TEST, AMPS_PREFIX_SANDBOX, AMPS_PREFIX_AMPS_SK, AMPS_PREFIX_STYLES };

/* All of one type, so that one table reaches them. */
struct amps_settings {
    int64_t variant;      /* enum amps_variant: the generation of success bodies */
    int64_t prefix_style; /* enum amps_prefix_style: of keys made from now on */
    int64_t birth_lag_ms; /* a key made or enabled works after this */
    int64_t death_lag_ms; /* a key revoked or disabled still works for this */
    int64_t rate_limit;   /* API requests a second, of all keys together; 0: no limit */
    int64_t rate_status;  /* enum amps_rate_status: 429, or 401 as one page has it */
    int64_t max_keys;     /* not revoked at the same time; 0: no cap */
};

/* Is there a setting of that name ("birth_lag_ms")? '-' counts as '_', so that
 * options have the same names. */
bool amps_setting_exists(const char *name);

/* ERR_NOT_FOUND for a name that is none; ERR_INVALID names what is expected. */
enum err_code amps_setting_set(struct amps_settings *settings, const char *name, const char *text,
                               struct err *err) ERR_MUST_CHECK;

/* Every member of the object, or, when one is wrong, none. */
enum err_code amps_settings_read(struct amps_settings *settings, json_t *object, struct err *err)
    ERR_MUST_CHECK;
void amps_settings_write(const struct amps_settings *settings, struct buf *out);

#endif
