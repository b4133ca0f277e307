#include "problem.h"

#include <stdio.h>

/* The status says what the client does next; the code says what is wrong. */
static const struct problem problems[ERR_COUNT] = {
    [ERR_INVALID] = {400, "The request is wrong", 0},
    [ERR_LIMIT] = {400, "A limit is passed", 0},
    [ERR_NOT_FOUND] = {404, "There is no such thing", 0},
    [ERR_EXISTS] = {409, "It is there already", 0},
    [ERR_DENIED] = {403, "Not allowed", 0},
    [ERR_LOCKED] = {423, "The vault is locked", 0},
    [ERR_STATE] = {409, "Not possible in the present state", 0},
    [ERR_STALE] = {409, "It changed meanwhile", 0},
    [ERR_WRONG_KEY] = {403, "The key does not open it", 0},
    [ERR_TAMPERED] = {500, "The integrity of the store is broken", 0},
    [ERR_FORMAT] = {400, "The form is not known", 0},
    [ERR_BUSY] = {503, "Busy for now", 1},
    [ERR_FULL] = {507, "No space is left", 0},
    [ERR_IO] = {500, "The system refused", 0},
    [ERR_MEMORY] = {503, "Out of memory", 1},
    [ERR_NETWORK] = {502, "The other side was not reached", 0},
    [ERR_UNCERTAIN] = {502, "It may or may not have taken effect", 0},
    [ERR_INTERNAL] = {500, "An error of the agent itself", 0},
};

const struct problem *problem_of(enum err_code code)
{
    bool known = code > ERR_OK && code < ERR_COUNT;
    return &problems[known ? code : ERR_INTERNAL];
}

void problem_write(struct buf *out, unsigned status, const struct err *err)
{
    char type[64];
    (void)snprintf(type, sizeof type, "urn:keyturn:problem:%s", err_code_name(err->code));
    json_put_object_open(out, NULL);
    json_put_string(out, "type", type);
    json_put_string(out, "title", problem_of(err->code)->title);
    json_put_integer(out, "status", status);
    json_put_string(out, "detail", err->message);
    json_put_string(out, "code", err_code_name(err->code));
    json_put_object_close(out);
}
