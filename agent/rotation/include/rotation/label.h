/* Labels that are looked for: of keys that were asked for, and of whose making nobody knows whether
 * it worked. The decisions of the looks, pure as the tables are: no I/O, no clock.
 *
 * A look is one answer of the provider about one label: by its find, or as one of a listing. */
#ifndef KEYTURN_ROTATION_LABEL_H
#define KEYTURN_ROTATION_LABEL_H

#include <stdbool.h>
#include <stdint.h>

/* What the provider says of the label. */
enum label_answer {
    LABEL_UNKNOWN = 0, /* an answer that proves nothing (S2) */
    LABEL_NOT_FOUND,
    LABEL_FOUND
};

struct label_facts {
    bool awaited;        /* the key's open rotation waits for an attempt of this label */
    bool held;           /* what was found is a version of the key, by its id or its secret */
    bool held_unproved;  /* that version counts as dead, and only because the provider did not show it */
    bool perhaps_held;   /* a version that is not dead stands under this label, and its id is not known */
    bool horizon_passed; /* no key comes so late */
};

enum label_move {
    LABEL_LOOK_AGAIN = 0,
    LABEL_LEAVE,   /* to the rotation that waits for it; look again */
    LABEL_CONDEMN, /* seal what was found, and revoke it; the label's end is known */
    LABEL_CLOSE_HELD, /* the store holds it; the label's end is known */
    LABEL_CLOSE_ABSENT, /* nothing came and nothing will */
    LABEL_ASK,     /* only a person knows which key this is; look again */
};

/* S3: what is found and not held is condemned. S2: what proves nothing changes nothing. S1: what
 * may be the key in use is left alone. */
enum label_move label_next(enum label_answer answer, const struct label_facts *facts);

/* After how long to look again, at an age of the label: at growing distances, from the propagation
 * time up to a day, and once when the horizon ends. All in milliseconds; the answer is at least 1 s. */
int64_t label_look_after_ms(int64_t age_ms, int64_t propagation_ms, int64_t horizon_ms);

#endif
