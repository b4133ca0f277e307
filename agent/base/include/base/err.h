/* Errors: one code, split by what the caller does next, and a message for a person.
 *
 * Every function that can fail returns an enum err_code, ERR_OK being 0, and
 * fills the caller's struct err. A message names the thing, what was expected
 * and what to do; it never holds a secret value. Outputs are left untouched on
 * failure. */
#ifndef KEYTURN_BASE_ERR_H
#define KEYTURN_BASE_ERR_H

#include <stddef.h>

enum err_code {
    ERR_OK = 0,
    ERR_INVALID,   /* the input is wrong: refuse it, say what was expected */
    ERR_LIMIT,     /* the input passes a limit of the design: refuse it, name the limit */
    ERR_NOT_FOUND, /* there is no such thing */
    ERR_EXISTS,    /* it is there already, or somebody else holds it */
    ERR_DENIED,    /* this caller may not */
    ERR_LOCKED,    /* the vault is locked: unlock it, then ask again */
    ERR_STATE,     /* not possible in the present state */
    ERR_STALE,     /* the row changed meanwhile: read it again, decide again */
    ERR_WRONG_KEY, /* does not open: wrong key, or damaged; nobody can tell which */
    ERR_TAMPERED,  /* integrity is broken: stop, ask a person */
    ERR_FORMAT,    /* not our format, malformed, or of a newer version */
    ERR_BUSY,      /* held by another for now: try again later */
    ERR_FULL,      /* no space on the device */
    ERR_IO,        /* the system refused; err.sys has its errno */
    ERR_MEMORY,    /* out of memory, or memory cannot be locked */
    ERR_NETWORK,   /* the request surely did not reach the other side: safe to repeat */
    ERR_UNCERTAIN, /* it may or may not have taken effect: look before repeating */
    ERR_INTERNAL,  /* a bug of ours */
    ERR_COUNT
};

enum { ERR_MESSAGE_BYTES = 384 };

struct err {
    enum err_code code;
    int sys; /* errno, or 0 */
    char message[ERR_MESSAGE_BYTES];
};

#define ERR_MUST_CHECK __attribute__((warn_unused_result))

/* Set *err (which may be NULL) and return code. The message is cut to fit. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: appends ": <strerror>" and chooses ERR_FULL for
 * ENOSPC and EDQUOT, ERR_MEMORY for ENOMEM, ERR_NOT_FOUND for ENOENT, ERR_DENIED for
 * EACCES and EPERM, ERR_EXISTS for EEXIST, else ERR_IO. */
enum err_code err_set_errno(struct err *err, int sys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "<context>: " before the message, keeping code and sys. err is not NULL.
 * Returns err->code. */
enum err_code err_prefix(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The code's name as the API shows it ("not_found"). Never NULL. */
const char *err_code_name(enum err_code code);

/* Return from the calling function when call fails. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err_code try_code = (call);                                                           \
        if (try_code != ERR_OK)                                                                    \
            return try_code;                                                                       \
    } while (0)

#endif
