/* One declared step of a provider or a delivery: HTTP requests in a row, a
 * person's step, or a program. What it sends, expects and extracts is data.
 *
 * Definitions are YAML, read by libcyaml into struct action_spec with the schema
 * exported here; provider and delivery definitions embed it. */
#ifndef KEYTURN_ACTION_ACTION_H
#define KEYTURN_ACTION_ACTION_H

#include "action/values.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/work.h"
#include "http/http.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

/* What a step's answer proves. UNKNOWN is the default and the only one without proof (S2). */
enum action_verdict {
    ACTION_UNKNOWN = 0,         /* proves nothing: wait, ask again */
    ACTION_DONE,                /* issue, revoke, disable, enable, put: it has its effect */
    ACTION_GONE,                /* revoke: there is no such key any more */
    ACTION_REFUSED,             /* the other side says no, and nothing happened */
    ACTION_CREDENTIAL_REFUSED,  /* our own credential for this action is no good */
    ACTION_ALIVE,               /* probe */
    ACTION_UNFIT,               /* probe: recognised, yet of no use */
    ACTION_DEAD,                /* probe */
    ACTION_FOUND,               /* find: our label is there */
    ACTION_NOT_FOUND,           /* find: it is not */
    ACTION_LISTED,              /* list: that was all of it */
    ACTION_MORE,                /* list: and there is more on another page */
    ACTION_VERDICT_COUNT
};
const char *action_verdict_name(enum action_verdict verdict);

/* What a place in the body must be. A value is compared as text: a string by its
 * characters, true, false, null and whole numbers as JSON writes them. A list or an
 * object equals nothing, so it is not_equals to everything. A body that is not JSON, has
 * a name twice in an object or is not of UTF-8 has no places at all. */
struct action_condition {
    char *pointer;
    char *equals;
    char *not_equals;
    char *present;
};

/* A rule of a verdict; every part that is given must hold. The first rule that
 * holds decides; none: UNKNOWN. */
struct action_rule {
    int status;               /* exact, 0: any */
    char *status_class;       /* "2xx" … or NULL */
    char *content_type;       /* "application/json", or NULL */
    char *pointer;            /* JSON Pointer (RFC 6901) into the body, or NULL */
    char *equals;             /* the pointer's value as text, templates allowed; or NULL */
    char *not_equals;         /* present and different */
    char *present;            /* "true" or "false": the pointer leads somewhere */
    char *header;             /* a header that must be there … */
    char *header_equals;      /* … with this value; or NULL */
    struct action_condition *also; /* further places that must hold, too */
    unsigned also_count;
    char *verdict;            /* a name of action_verdict_name */
    char *because;            /* for people: what this answer means */
};
/* A value of the answer. Text over 4 KiB, a secret over LIMIT_SECRET_BYTES, a list, an object and
 * text that holds one of our secrets count as absent. Where one that is not optional is absent,
 * DONE, FOUND and ALIVE become UNKNOWN: the answer is not the one the definition knows. */
struct action_extract {
    char *name;    /* "secret" lands in locked memory; others in values */
    char *pointer; /* JSON Pointer into the body, or NULL */
    char *header;  /* or a header */
    char *optional; /* "true": may be absent */
};
struct action_header {
    char *name;
    char *value; /* template */
};
/* The element of a list in the answer that is the one asked for, as a key among those that an
 * account holds. Pointers that begin with /@picked lead into it: of several the first. An answer
 * without that list has no places under /@picked, and "present: false" does not hold there. */
struct action_pick {
    char *list;   /* JSON Pointer to the list */
    char *by;     /* JSON Pointer into an element; NULL: the element itself */
    char *equals; /* its value as text, a template */
};
/* The keys in an answer, of a step that lists. Each element of the list must have an id; a label
 * may be absent. */
struct action_items {
    char *list;  /* JSON Pointer to the list */
    char *id;    /* JSON Pointer into an element */
    char *label; /* the same */
};
struct action_request {
    char *method;
    char *url;  /* template; no secret in it */
    struct action_header *headers;
    unsigned headers_count;
    char *body; /* template, or NULL */
    char *content_type; /* of the body; NULL: application/json */
    char *basic_user;   /* Basic auth, templates; or NULL */
    char *basic_password;
    char *sigv4;        /* "aws:amz:region:service" template, or NULL */
    char *sigv4_user;   /* template "id:secret" */
    char *client_certificate; /* template of PEM: certificate, chain and key; or NULL */
    char *timeout;      /* duration, NULL: 30s */
    struct action_pick *pick; /* or NULL */
    struct action_items *items; /* or NULL */
    struct action_rule *rules;
    unsigned rules_count;
    struct action_extract *extract;
    unsigned extract_count;
};
struct action_manual {
    char *instructions; /* template, one or more lines */
    char *link;         /* or NULL */
};
/* A program gets one JSON object on standard input, whose members are all values, secrets too.
 * It answers with exit status 0 and one JSON object: "verdict" (required), "because", where it
 * lists "items" (objects of "id" and "label"), and
 * further members, which are extracted under their names ("secret" into locked memory).
 * Anything else is UNKNOWN. */
struct action_program {
    char **command; /* argv, no shell; templates without secrets */
    unsigned command_count;
    char *timeout;  /* NULL: 30s */
};
/* Exactly one of requests, manual and program is given (checked by action_check).
 * Of several requests each may use what those before it extracted; the next is made
 * when the verdict is DONE, any other ends the step with that verdict.
 *
 * A step that lists has items in each request. MORE makes the next request, or where there is none
 * the last one again; LISTED ends it. Its templates have, beside what was extracted, the values page
 * (the page that is asked for, from 1) and listed (how many keys came so far, from 0). Where next is
 * extracted, an answer that says MORE must have it. */
struct action_spec {
    struct action_request *requests;
    unsigned requests_count;
    struct action_manual *manual;
    struct action_program *program;
    char *credential; /* environment/name of the key in the vault it needs, template; or NULL */
};
extern const cyaml_schema_field_t action_spec_fields[];

/* Once per process, before the first step: makes the JSON library wipe what it frees. */
void action_init(void);

/* Everything that the schema cannot say: one kind, verdict names, pointers, durations,
 * templates' placeholders and filters. where is the field's name in messages ("actions.probe"). */
enum err_code action_check(const struct action_spec *spec, const char *where, struct err *err) ERR_MUST_CHECK;
/* The same to the end: each mistake is told, as action_check would return it, and the check goes on
 * (ERR_OK). With NULL it is action_check. */
struct action_mistakes {
    void (*each)(void *context, const struct err *mistake);
    void *context;
};
enum err_code action_check_all(const struct action_spec *spec, const char *where,
                               const struct action_mistakes *mistakes, struct err *err) ERR_MUST_CHECK;

/* Every placeholder of a checked step, in the order in which it is rendered. before: how many of the
 * step's requests have answered by then, so that what they extract has a value. */
typedef void action_use(void *context, const char *where, const char *name, unsigned before);
void action_uses_each(const struct action_spec *spec, const char *where, action_use *use, void *context);

/* What a step has listed. LISTED: it is whole; with any other verdict it proves nothing. */
enum { ACTION_ITEMS_MOST = 100000, ACTION_PAGES_MOST = 500, ACTION_ITEM_BYTES = 256 };
struct action_item {
    char *id;    /* never "" */
    char *label; /* "" for none, or one that no label of ours can be */
};
struct action_list {
    struct action_item *items;
    size_t count;
    size_t capacity;
};
struct action_list *action_list_free(struct action_list *list);
OWN_DEFINE(struct action_list, action_list_free);
/* Does the step list? */
bool action_lists(const struct action_spec *spec);

/* What came of a step. Owned by the runner until done returns; done may take
 * values and list by setting them to NULL. */
struct action_result {
    enum action_verdict verdict;
    bool sent;              /* false: surely no request left; repeating is safe */
    bool answered;          /* false: no whole answer (time-out, reset, not sent) */
    int status;             /* HTTP status, or the program's exit status */
    int rule;               /* index of the rule that held, -1: none */
    int64_t elapsed_ms;
    int64_t retry_after_ms; /* -1: none */
    char code[64];          /* what the API calls it (value "code" when extracted), or "" */
    char request_id[96];    /* value "request_id" when extracted, or "" */
    char detail[200];       /* for people: the rule's because, or what happened; no secret */
                            /* (all three are printable ASCII, or our own words) */
    struct action_values *values; /* what was extracted; never NULL */
    struct action_list *list;     /* what was listed, or NULL */
};
typedef void action_done(void *context, struct action_result *result);

/* Told of each request of a step when it has ended (of a program: of the whole step), as a JSON object
 * without secrets: what was sent, what came back, and the verdict. context is that of the step's done,
 * rule the index of the rule that held or -1, request the index of the request. */
typedef void action_tracer(void *context, int rule, unsigned request, const char *json, size_t length);

/* The runner: where steps run. Belongs to the loop's thread. */
struct action_runner {
    struct http_client *http;
    struct work_pool *work;
    struct secret_arena *arena;
    const struct clock *clock;
    const char *ca_file; /* for tests and private CAs; NULL: the system's */
    action_tracer *trace; /* or NULL */
    int stop_fd;          /* readable: programs are asked to end, and none is started (program.h); 0: none */
};

/* Start a step (not a manual one: ERR_INVALID). values, spec and what runner points to are
 * borrowed until done, which is called once, unless an error is returned here. urgent: a program
 * goes before others that wait for a thread. done may start steps. */
enum err_code action_start(const struct action_runner *runner, const struct action_spec *spec,
                           const struct action_values *values, bool urgent, action_done *done,
                           void *context, struct err *err) ERR_MUST_CHECK;

#endif
