/* The limits of the design, section 11. */
#ifndef KEYTURN_BASE_LIMITS_H
#define KEYTURN_BASE_LIMITS_H

enum {
    LIMIT_NAME_BYTES = 64,         /* names of keys, environments, providers, consumers */
    LIMIT_TITLE_BYTES = 200,       /* UTF-8 */
    LIMIT_SECRET_BYTES = 64 * 1024,
    LIMIT_LABELS = 64,             /* labels of one key */
    LIMIT_LABEL_NAME_BYTES = 63,
    LIMIT_LABEL_VALUE_BYTES = 255,
    LIMIT_REQUEST_BYTES = 1024 * 1024,
    LIMIT_ANSWER_BYTES = 1024 * 1024,
    LIMIT_OPEN_ROTATIONS = 10000,
    LIMIT_KEYS = 1000000,
    LIMIT_PATH_BYTES = 4096,
};

#endif
