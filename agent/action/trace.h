/* Traces of steps, see action_tracer. */
#ifndef KEYTURN_ACTION_TRACE_H
#define KEYTURN_ACTION_TRACE_H

#include "judge.h"
#include "step.h"

#include "base/buf.h"

/* The request at step->request, before it is sent. Nothing without a tracer. */
void trace_begin(struct step *step);
/* What came of it. content_type and places may be NULL. */
void trace_end(struct step *step, const struct action_result *result, const char *content_type,
               const struct buf *places);
/* A place of a body that a rule compares, as a member of a JSON object; each once. */
void trace_place(struct buf *places, const char *pointer, const char *text, size_t length);

#endif
