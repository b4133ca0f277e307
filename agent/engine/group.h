/* What a turn changes, in one commit. */
#ifndef KEYTURN_ENGINE_GROUP_H
#define KEYTURN_ENGINE_GROUP_H

#include "calls.h"

/* Outcomes, these calls (answered in any case) and what is due, in one commit. */
void group_run(struct engine *engine, struct call *calls);
/* Outcomes that could not be recorded are tried again when it is time. */
void group_retry_kept(struct engine *engine);

#endif
