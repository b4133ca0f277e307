/* Reading a long list of small JSON objects as it streams in, without a tree:
 * ten thousand keys are to be shown within milliseconds.
 *
 * The splitter finds the objects in the first array of a document
 * {"keys":[{…},{…}],"next":null} and hands over each as it is whole. */
#ifndef KEYTURN_CLI_SCAN_H
#define KEYTURN_CLI_SCAN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum err_code scan_element(void *context, const char *text, size_t length, struct err *err);

struct scan_splitter {
    scan_element *element;
    void *context;
    struct buf part; /* of an element that the next piece goes on with; owned */
    int depth;
    bool in_string, escaped;
    bool ended; /* the document was whole */
};

/* Feed the next piece. ERR_FORMAT when brackets do not match; or what element returned. */
enum err_code scan_split(struct scan_splitter *splitter, const char *bytes, size_t length,
                         struct err *err) ERR_MUST_CHECK;

/* A value as it stands in the text: strings with their quotes. */
struct scan_value {
    const char *text;
    size_t length;
};

/* Call member for each member of the object. ERR_FORMAT. */
typedef void scan_member(void *context, struct scan_value name, struct scan_value value);
enum err_code scan_object(const char *text, size_t length, scan_member *member, void *context,
                          struct err *err) ERR_MUST_CHECK;

/* Inline, so that the length of a literal is known. */
static inline bool scan_is(struct scan_value name, const char *word)
{
    size_t length = strlen(word);
    return name.length == length && memcmp(name.text, word, length) == 0;
}
bool scan_true(struct scan_value value);
bool scan_null(struct scan_value value);
int64_t scan_number(struct scan_value value); /* 0 when it is none */
/* The string without its quotes into out, "" when it is none. It is cut to fit,
 * at a character; control characters and escaped ones become '?', but for \" \\ and \/. */
void scan_text(struct scan_value value, char *out, size_t capacity);

#endif
