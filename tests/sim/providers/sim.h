/* The simulator of all providers whose APIs stand in tables: one port, each
 * provider below /NAME, and what a test needs below /_. */
#ifndef KEYTURN_SIM_PROVIDERS_H
#define KEYTURN_SIM_PROVIDERS_H

#include "common/journal.h"
#include "common/server.h"
#include "table.h"

enum { SIM_TABLES = 64 };

struct sim {
    struct table tables[SIM_TABLES];
    size_t count;
    const struct clock *clock;
    struct faults *faults;
    struct journal *journal;
};

/* What somebody presented, and who he is by it. */
enum caller_kind { CALLER_NONE, CALLER_UNKNOWN, CALLER_KEY, CALLER_ADMIN };
struct caller {
    enum caller_kind kind;
    struct sim_key *key; /* CALLER_KEY */
};

/* caller.c: by the route's or the table's "auth". */
struct caller caller_find(struct table *table, const json_t *route, const struct exchange *exchange, int64_t now_ms);

/* body.c */
/* A field of the request: "/pointer" into its JSON, or the name of a form's field. False: none. */
bool body_field(const struct exchange *exchange, const char *place, char out[TABLE_TEXT_BYTES]);
/* The answer [status, body, type]; key may be NULL. */
void body_answer(struct exchange *exchange, const struct table *table, const json_t *answer, const struct sim_key *key);

/* api.c: a request below /NAME; control.c: below /_. */
void sim_api(struct sim *sim, struct table *table, const char *path, struct exchange *exchange);
void sim_control(struct sim *sim, const char *path, struct exchange *exchange);

#endif
