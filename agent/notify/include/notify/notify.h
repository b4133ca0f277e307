/* Telling people: a message over a channel that the configuration names.
 *
 * A message as JSON, for programs and webhooks (schema/notice.schema.json):
 *   {"id":"…32 hex digits…","about":"waits","key":"live/reporting","version":8,"incident":null,
 *    "summary":"…","instructions":"…","link":"https://…","made_at":"2026-11-24T05:00:00.000Z"}
 * It may come more than once (a crash repeats it) with the same id. */
#ifndef KEYTURN_NOTIFY_NOTIFY_H
#define KEYTURN_NOTIFY_NOTIFY_H

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/work.h"
#include "http/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTIFY_ARGUMENTS = 16, NOTIFY_CHANNELS = 16, NOTIFY_ADDRESS_BYTES = 254 };

/* What a message is about, as bits of a channel's choice. The names are those of the table. */
enum notify_about { NOTIFY_WAITS = 1, NOTIFY_ALARM, NOTIFY_INCIDENT, NOTIFY_DELIVERY, NOTIFY_FAILED, NOTIFY_ABOUT_END };
const char *notify_about_name(enum notify_about about); /* "waits", … */

/* A channel as it is written in the configuration; all borrowed. Exactly one of program, webhook
 * and mail is given. */
struct notify_draft {
    const char *name;
    char *const *program; /* argv, no shell */
    size_t program_count;
    const char *timeout;  /* duration; NULL: 30s */
    const char *webhook;  /* http: or https: URL */
    const char *mail;     /* smtp: or smtps: URL */
    const char *from;     /* with mail: an address */
    char *const *to;      /* with mail: 1 to HTTP_MAIL_MOST_TO addresses */
    size_t to_count;
    const char *user;       /* with mail: who logs in */
    const char *clear;      /* with mail: "true": without TLS */
    const char *credential; /* a key of the vault: the webhook's bearer token, the mail's password */
    char *const *about;     /* what it is told of; none: everything */
    size_t about_count;
};

struct notify_channel; /* immutable */
/* Check and copy. ERR_INVALID and ERR_LIMIT name the field. */
enum err_code notify_channel_new(const struct notify_draft *draft, struct notify_channel **ret_channel,
                                 struct err *err) ERR_MUST_CHECK;
struct notify_channel *notify_channel_free(struct notify_channel *channel);
OWN_DEFINE(struct notify_channel, notify_channel_free);
const char *notify_channel_name(const struct notify_channel *channel);
const char *notify_channel_credential(const struct notify_channel *channel); /* NULL: none */
bool notify_channel_wants(const struct notify_channel *channel, enum notify_about about);
bool notify_channel_is_program(const struct notify_channel *channel);

/* Everything is borrowed until notify_start returns. Texts may have several lines. */
struct notify_message {
    const char *id; /* 32 hex digits */
    enum notify_about about;
    const char *key;     /* "live/reporting", "" when it is about no one key */
    uint32_t version;    /* 0: none */
    uint32_t incident;   /* 0: none */
    const char *summary;
    const char *instructions; /* "" when there is nothing to do */
    const char *link;         /* "" for none */
    int64_t made_at_ms;
};

struct notify_result {
    bool sent;
    int status;       /* HTTP or SMTP status, exit status; 0: none */
    char detail[200]; /* why not; no secret */
};
typedef void notify_done(void *context, const struct notify_result *result);

/* Where messages are sent from. Belongs to the loop's thread. */
struct notify_runner {
    struct http_client *http;
    struct work_pool *programs; /* for these alone; NULL where no channel is a program */
    int stop_fd; /* readable: programs are ended, and none is started (action/program.h); 0: none */
    const struct clock *clock;
    const char *ca_file; /* or NULL */
};
/* Start; channel and credential (NULL: none) are borrowed until done, which is called once, unless
 * an error is returned here. Does not block. */
enum err_code notify_start(const struct notify_runner *runner, const struct notify_channel *channel,
                           const struct notify_message *message, const struct secret *credential,
                           notify_done *done, void *context, struct err *err) ERR_MUST_CHECK;
/* End what is on its way by webhook and mail: each one's done is called, as not sent, before this returns.
 * Programs go on to their end; they have no credential. */
void notify_cancel(const struct notify_runner *runner);

#endif
