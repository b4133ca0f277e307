/* A YAML document, read from its beginning to its end, with the line of what is
 * wrong in every message. JSON is YAML.
 *
 * Taken is what a file for people needs: mappings, lists and scalars. Anchors,
 * aliases and tags are refused, and a name that stands twice in a mapping, which
 * YAML leaves to chance. */
#ifndef KEYTURN_CLI_DOCUMENT_H
#define KEYTURN_CLI_DOCUMENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/own.h"

#include <jansson.h>
#include <stddef.h>

enum {
    DOCUMENT_DEPTH = 32, /* mappings and lists within each other */
    /* A name of YAML ends within 1,024 characters, and each byte may have been written as six: \u001f. */
    DOCUMENT_NAME_BYTES = 160,
};

struct document;

/* what names it in messages; it and text are borrowed until document_free. */
enum err_code document_open(const char *what, const char *text, size_t length, struct document **ret_document,
                            struct err *err) ERR_MUST_CHECK;
struct document *document_free(struct document *document);
OWN_DEFINE(struct document, document_free);

/* The line, from 1, of what was read last. */
size_t document_line(const struct document *document);
/* "WHAT:LINE: …" about what was read last. Returns ERR_INVALID. */
enum err_code document_refuse(const struct document *document, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Put "WHAT:LINE: NAME: " before a message that is there. Returns err->code. */
enum err_code document_place(const struct document *document, const char *name, struct err *err);

/* Takes the value of the name, by one of the functions below. */
typedef enum err_code document_member(void *context, struct document *document, const char *name, struct err *err);
/* Each of these reads the value that comes next, whole. ERR_INVALID: it is of another kind, or no YAML. */
enum err_code document_mapping(struct document *document, document_member *member, void *context,
                               struct err *err) ERR_MUST_CHECK;
enum err_code document_list(struct document *document, document_member *element, void *context, struct err *err)
    ERR_MUST_CHECK; /* name is NULL */
/* Appended to text, which is cleared before. *ret_null (may be NULL): nothing, ~ or null stands there. */
enum err_code document_scalar(struct document *document, struct buf *text, bool *ret_null, struct err *err)
    ERR_MUST_CHECK;
/* Anything. Scalars are texts, but for true, false and null without quotes: 0640 is a mode and no number. */
enum err_code document_value(struct document *document, json_t **ret_value, struct err *err) ERR_MUST_CHECK;
/* Nothing follows. */
enum err_code document_end(struct document *document, struct err *err) ERR_MUST_CHECK;

#endif
