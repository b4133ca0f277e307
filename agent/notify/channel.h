/* A channel, and what a message looks like on it. */
#ifndef KEYTURN_NOTIFY_CHANNEL_H
#define KEYTURN_NOTIFY_CHANNEL_H

#include "base/buf.h"
#include "notify/notify.h"

enum notify_kind { NOTIFY_PROGRAM = 1, NOTIFY_WEBHOOK, NOTIFY_MAIL };

struct notify_channel {
    enum notify_kind kind;
    char name[LIMIT_NAME_BYTES + 1];
    char *argv[NOTIFY_ARGUMENTS + 1]; /* owned; ends with NULL */
    int64_t timeout_ms;
    char *url;  /* owned */
    char *from; /* owned */
    char *to[HTTP_MAIL_MOST_TO]; /* owned */
    size_t to_count;
    char *user; /* owned, or NULL */
    bool clear;
    char credential[2 * LIMIT_NAME_BYTES + 2];
    unsigned about; /* bits 1 << enum notify_about */
};

/* message.c */
void notify_write_json(struct buf *out, const struct notify_message *message);
/* With its headers, lines ended by CR LF. */
void notify_write_mail(struct buf *out, const struct notify_channel *channel, const struct notify_message *message);

#endif
