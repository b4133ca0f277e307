/* A definition under examination, between the files that do it. */
#ifndef KEYTURN_PROVIDER_EXAMINE_PRIVATE_H
#define KEYTURN_PROVIDER_EXAMINE_PRIVATE_H

#include "provider_private.h"

#include "base/buf.h"

struct examination {
    const char *path;
    const char *what; /* the file that is read */
    struct buf text;
    struct buf settings; /* the path of the user's values; empty: there are none */
    struct buf mistakes; /* elements of a JSON array */
    struct buf warnings;
    unsigned mistakes_count;
    struct provider *provider;
};

/* examine.c: an element of a list, of a message that begins with file, line and field; of a field. */
void examine_note(struct examination *examination, struct buf *list, const struct err *place);
void examine_field(struct examination *examination, struct buf *list, const char *field, const char *problem);
/* examine_uses.c: placeholders that never have a value are mistakes; how many there are. */
unsigned examine_uses(struct examination *examination);
/* examine_warn.c: what is worth a second look. */
void examine_warn(struct examination *examination);
/* examine_describe.c: what it can do, as the member "provider". */
void examine_describe(const struct provider *provider, struct buf *out);

#endif
