/* From an answer to a verdict and values. Nothing here knows the network: an
 * answer is bytes in memory, so that tests and fuzzing can make any. */
#ifndef KEYTURN_ACTION_JUDGE_H
#define KEYTURN_ACTION_JUDGE_H

#include "action/action.h"

struct judge_answer {
    int status;
    const char *content_type; /* lower case, without parameters */
    const struct secret *body;
    const char *(*header)(const void *context, const char *name); /* NULL when absent */
    const void *context;
    struct buf *places; /* NULL, or where the places that rules compare are written (trace.h) */
};

/* Fill verdict, rule, status, code, request_id and detail, and set what is extracted
 * in result->values; what is listed is added to result->list. known has our own values. ERR_MEMORY only. */
enum err_code judge_answer(const struct action_request *request, const struct action_values *known,
                           const struct judge_answer *answer, struct secret_arena *arena,
                           struct action_result *result, struct err *err) ERR_MUST_CHECK;

/* Parts that programs' answers need, too. */

/* UNKNOWN for NULL or a name that is none; *ret_known says whether it is one. */
enum action_verdict judge_verdict_find(const char *name, bool *ret_known);
/* Copy text for people and records: what is not printable ASCII becomes '?'. */
void judge_copy_printable(char *out, size_t size, const char *text, size_t length);
/* Set an extracted value: false when it counts as absent. ERR_MEMORY only. */
enum err_code judge_take(struct action_values *values, const struct action_values *known, const char *name,
                         const char *text, size_t length, struct secret_arena *arena, bool *ret_taken,
                         struct err *err) ERR_MUST_CHECK;
struct body;
/* Add the keys of an answer to *list, which is made when it is NULL. ERR_INVALID, ERR_LIMIT: it
 * proves nothing, and the message says why; ERR_MEMORY. */
enum err_code judge_list(struct body *body, const struct action_items *declared, const struct action_values *known,
                         struct action_list **list, struct err *err) ERR_MUST_CHECK;
/* Does the text hold a secret of ours? */
bool judge_quotes_known(const struct action_values *known, const char *text, size_t length);
/* Copy the values "code" and "request_id" to the result. */
void judge_take_evidence(struct action_result *result);

#endif
