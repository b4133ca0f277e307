#include "channel.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30 * 1000, TIMEOUT_MOST_MS = 5 * 60 * 1000, URL_BYTES = 2048 };

static const char *const about_names[NOTIFY_ABOUT_END] = {[NOTIFY_WAITS] = "waits",
                                                          [NOTIFY_ALARM] = "alarm",
                                                          [NOTIFY_INCIDENT] = "incident",
                                                          [NOTIFY_DELIVERY] = "delivery",
                                                          [NOTIFY_FAILED] = "failed"};

const char *notify_about_name(enum notify_about about)
{
    return about > 0 && about < NOTIFY_ABOUT_END ? about_names[about] : "other";
}

/* --- Checking ---------------------------------------------------------------------- */

static enum err_code take_copy(const char *text, char **ret_copy, struct err *err)
{
    *ret_copy = strdup(text);
    return *ret_copy ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code take_about(const struct notify_draft *draft, struct notify_channel *channel, struct err *err)
{
    for (size_t i = 0; i < draft->about_count; i++) {
        unsigned bit = 0;
        for (unsigned about = 1; about < NOTIFY_ABOUT_END; about++)
            if (strcmp(draft->about[i], about_names[about]) == 0)
                bit = 1u << about;
        if (!bit)
            return err_set(err, ERR_INVALID, "about: \"%.40s\" is not waits, alarm, incident, delivery or failed",
                           draft->about[i]);
        channel->about |= bit;
    }
    if (draft->about_count == 0)
        channel->about = (1u << NOTIFY_ABOUT_END) - 1;
    return ERR_OK;
}

static enum err_code take_program(const struct notify_draft *draft, struct notify_channel *channel, struct err *err)
{
    channel->kind = NOTIFY_PROGRAM;
    if (draft->program_count > NOTIFY_ARGUMENTS)
        return err_set(err, ERR_LIMIT, "program: at most %d words", NOTIFY_ARGUMENTS);
    if (draft->program[0][0] != '/')
        return err_set(err, ERR_INVALID, "program: \"%.100s\" is not an absolute path", draft->program[0]);
    if (draft->credential)
        return err_set(err, ERR_INVALID, "credential: a program gets none");
    for (size_t i = 0; i < draft->program_count; i++)
        TRY(take_copy(draft->program[i], &channel->argv[i], err));
    return ERR_OK;
}

/* A token goes in clear only to this machine. */
static enum err_code check_token(const struct notify_draft *draft, struct err *err)
{
    static const char *const local[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    bool safe = !draft->credential || strncmp(draft->webhook, "https://", 8) == 0;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        size_t length = strlen(local[i]);
        bool begins = strncmp(draft->webhook, local[i], length) == 0;
        safe = safe || (begins && (draft->webhook[length] == ':' || draft->webhook[length] == '/'));
    }
    return safe ? ERR_OK : err_set(err, ERR_INVALID, "webhook: a token does not go over http:, but to this machine");
}

/* A user in a URL would be a secret in the configuration, and is refused by the client, too. */
static enum err_code take_url(const char *url, const char *field, const char *plain, const char *secure,
                              struct notify_channel *channel, struct err *err)
{
    bool good = strncmp(url, plain, strlen(plain)) == 0 || strncmp(url, secure, strlen(secure)) == 0;
    if (!good || strlen(url) > URL_BYTES || strchr(url, '@') || strpbrk(url, " \t\r\n"))
        return err_set(err, ERR_INVALID, "%s: \"%.100s\" is not a URL that begins with %s or %s, without a user", field,
                       url, plain, secure);
    return take_copy(url, &channel->url, err);
}

/* One word with an @ inside; a line feed would begin another header. */
static enum err_code check_address(const char *address, const char *field, struct err *err)
{
    const char *at = strchr(address, '@');
    bool printable = true;
    for (const char *byte = address; *byte; byte++)
        printable = printable && *byte > ' ' && *byte < 0x7f && !strchr("<>,;\"", *byte);
    if (!printable || !at || at == address || !at[1] || strlen(address) > NOTIFY_ADDRESS_BYTES)
        return err_set(err, ERR_INVALID, "%s: \"%.100s\" is not an address such as oncall@example.org", field, address);
    return ERR_OK;
}

static enum err_code take_mail(const struct notify_draft *draft, struct notify_channel *channel, struct err *err)
{
    channel->kind = NOTIFY_MAIL;
    TRY(take_url(draft->mail, "mail", "smtp://", "smtps://", channel, err));
    if (!draft->from || draft->to_count < 1 || draft->to_count > HTTP_MAIL_MOST_TO)
        return err_set(err, ERR_INVALID, "mail needs from, and 1 to %d addresses in to", HTTP_MAIL_MOST_TO);
    TRY(check_address(draft->from, "from", err));
    TRY(take_copy(draft->from, &channel->from, err));
    for (; channel->to_count < draft->to_count; channel->to_count++) {
        TRY(check_address(draft->to[channel->to_count], "to", err));
        TRY(take_copy(draft->to[channel->to_count], &channel->to[channel->to_count], err));
    }
    if (!draft->user != !draft->credential)
        return err_set(err, ERR_INVALID, "mail: user and credential (a key of the vault) come together");
    if (draft->user)
        TRY(take_copy(draft->user, &channel->user, err));
    channel->clear = draft->clear && strcmp(draft->clear, "true") == 0;
    if (draft->clear && !channel->clear && strcmp(draft->clear, "false") != 0)
        return err_set(err, ERR_INVALID, "clear: is \"%.40s\"; expected true or false", draft->clear);
    if (channel->clear && channel->user)
        return err_set(err, ERR_INVALID, "clear: a password does not go over a connection without TLS");
    return ERR_OK;
}

static enum err_code take_kind(const struct notify_draft *draft, struct notify_channel *channel, struct err *err)
{
    if ((draft->program_count > 0) + (draft->webhook != NULL) + (draft->mail != NULL) != 1)
        return err_set(err, ERR_INVALID, "exactly one of program, webhook and mail is given");
    if (!draft->mail && (draft->from || draft->to_count > 0 || draft->user || draft->clear))
        return err_set(err, ERR_INVALID, "from, to, user and clear belong to mail");
    if (draft->program_count > 0)
        return take_program(draft, channel, err);
    if (draft->mail)
        return take_mail(draft, channel, err);
    channel->kind = NOTIFY_WEBHOOK;
    TRY(check_token(draft, err));
    return take_url(draft->webhook, "webhook", "http://", "https://", channel, err);
}

enum err_code notify_channel_new(const struct notify_draft *draft, struct notify_channel **ret_channel,
                                 struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    OWN(notify_channel_free) struct notify_channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(text_check_name(draft->name, "the channel's name", err));
    memcpy(channel->name, draft->name, strlen(draft->name) + 1);
    channel->timeout_ms = TIMEOUT_MS;
    if (draft->timeout && text_parse_duration(draft->timeout, &channel->timeout_ms, err) != ERR_OK)
        return err_prefix(err, "timeout");
    if (channel->timeout_ms <= 0 || channel->timeout_ms > TIMEOUT_MOST_MS)
        return err_set(err, ERR_INVALID, "timeout: more than 0, at most 5m");
    if (draft->credential && text_split_key(draft->credential, environment, name, err) != ERR_OK)
        return err_prefix(err, "credential");
    if (draft->credential)
        memcpy(channel->credential, draft->credential, strlen(draft->credential) + 1);
    TRY(take_about(draft, channel, err));
    TRY(take_kind(draft, channel, err));
    *ret_channel = GIVE(channel);
    return ERR_OK;
}

struct notify_channel *notify_channel_free(struct notify_channel *channel)
{
    if (!channel)
        return NULL;
    for (size_t i = 0; i < NOTIFY_ARGUMENTS; i++)
        free(channel->argv[i]);
    for (size_t i = 0; i < HTTP_MAIL_MOST_TO; i++)
        free(channel->to[i]);
    free(channel->url);
    free(channel->from);
    free(channel->user);
    free(channel);
    return NULL;
}

const char *notify_channel_name(const struct notify_channel *channel)
{
    return channel->name;
}

const char *notify_channel_credential(const struct notify_channel *channel)
{
    return channel->credential[0] ? channel->credential : NULL;
}

bool notify_channel_wants(const struct notify_channel *channel, enum notify_about about)
{
    return channel->about >> about & 1u;
}

bool notify_channel_is_program(const struct notify_channel *channel)
{
    return channel->kind == NOTIFY_PROGRAM;
}
