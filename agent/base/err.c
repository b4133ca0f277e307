#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The names are part of the API: a client decides by them. */
static const char *const err_names[ERR_COUNT] = {
    [ERR_OK] = "ok",
    [ERR_INVALID] = "invalid",
    [ERR_LIMIT] = "limit",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",
    [ERR_DENIED] = "denied",
    [ERR_LOCKED] = "locked",
    [ERR_STATE] = "state",
    [ERR_STALE] = "stale",
    [ERR_WRONG_KEY] = "wrong_key",
    [ERR_TAMPERED] = "tampered",
    [ERR_FORMAT] = "format",
    [ERR_BUSY] = "busy",
    [ERR_FULL] = "full",
    [ERR_IO] = "io",
    [ERR_MEMORY] = "memory",
    [ERR_NETWORK] = "network",
    [ERR_UNCERTAIN] = "uncertain",
    [ERR_INTERNAL] = "internal",
};

/* The codes of system errors whose caller does something of its own. */
static const struct {
    int sys;
    enum err_code code;
} err_of_sys[] = {
    {ENOSPC, ERR_FULL},    {EDQUOT, ERR_FULL},   {ENOMEM, ERR_MEMORY}, {ENOENT, ERR_NOT_FOUND},
    {EACCES, ERR_DENIED},  {EPERM, ERR_DENIED},  {EEXIST, ERR_EXISTS},
};

const char *err_code_name(enum err_code code)
{
    return (unsigned)code < ERR_COUNT ? err_names[code] : "internal";
}

/* The text is made beside err first, because an argument may be err->message. */
__attribute__((format(printf, 4, 0))) static enum err_code
err_fill(struct err *err, enum err_code code, int sys, const char *format, va_list arguments)
{
    if (!err)
        return code;
    char message[ERR_MESSAGE_BYTES];
    (void)vsnprintf(message, sizeof message, format, arguments);
    err->code = code;
    err->sys = sys;
    memcpy(err->message, message, sizeof message);
    return code;
}

/* Append text as far as it fits. */
static void err_append(struct err *err, const char *text)
{
    size_t length = strnlen(err->message, sizeof err->message - 1);
    (void)snprintf(err->message + length, sizeof err->message - length, "%s", text);
}

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    err_fill(err, code, 0, format, arguments);
    va_end(arguments);
    return code;
}

static enum err_code err_code_of_sys(int sys)
{
    for (size_t i = 0; i < sizeof err_of_sys / sizeof err_of_sys[0]; i++)
        if (err_of_sys[i].sys == sys)
            return err_of_sys[i].code;
    return ERR_IO;
}

enum err_code err_set_errno(struct err *err, int sys, const char *format, ...)
{
    enum err_code code = err_code_of_sys(sys);
    va_list arguments;
    va_start(arguments, format);
    err_fill(err, code, sys, format, arguments);
    va_end(arguments);
    if (err) {
        char text[128];
        err_append(err, ": ");
        /* The GNU strerror_r is safe in threads and may return its own text. */
        err_append(err, strerror_r(sys, text, sizeof text));
    }
    return code;
}

enum err_code err_prefix(struct err *err, const char *format, ...)
{
    char rest[ERR_MESSAGE_BYTES];
    memcpy(rest, err->message, sizeof rest);
    va_list arguments;
    va_start(arguments, format);
    err_fill(err, err->code, err->sys, format, arguments);
    va_end(arguments);
    err_append(err, ": ");
    err_append(err, rest);
    return err->code;
}
