#include "config_file.h"

#include "config_parts.h"

#include "action/load.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file_environment {
    char *name;
    char *class;
};
struct file_notify {
    char *name, *timeout, *webhook, *mail, *from, *user, *clear, *credential;
    char **program, **to, **about;
    unsigned program_count, to_count, about_count;
};
struct file {
    char *store, *audit, *socket, *socket_group, *key_file, *ca_file, *log_file, *remind, *reconcile_every, *log;
    char **providers;
    unsigned providers_count;
    char **deliveries;
    unsigned deliveries_count;
    struct file_environment *environments;
    unsigned environments_count;
    struct file_notify *notify;
    unsigned notify_count;
    char *workers, *parallel, *api_threads; /* libcyaml would read 4.5 as 4 */
};

static const cyaml_schema_field_t environment_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct file_environment, name, 1, LIMIT_NAME_BYTES),
    CYAML_FIELD_STRING_PTR("class", CYAML_FLAG_POINTER, struct file_environment, class, 1, 8),
    CYAML_FIELD_END};
static const cyaml_schema_value_t environment_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_environment, environment_fields)};
static const cyaml_schema_value_t path_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, LIMIT_PATH_BYTES - 1)};

#define NOTIFY_TEXT(name)                                                                           \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_notify, name, 1, \
                           LIMIT_PATH_BYTES - 1)
#define NOTIFY_LIST(name, most)                                                                     \
    CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_notify, name, &path_schema, 1, most)
static const cyaml_schema_field_t notify_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct file_notify, name, 1, LIMIT_NAME_BYTES),
    NOTIFY_LIST(program, NOTIFY_ARGUMENTS),
    NOTIFY_TEXT(timeout),
    NOTIFY_TEXT(webhook),
    NOTIFY_TEXT(mail),
    NOTIFY_TEXT(from),
    NOTIFY_LIST(to, HTTP_MAIL_MOST_TO),
    NOTIFY_TEXT(user),
    NOTIFY_TEXT(clear),
    NOTIFY_TEXT(credential),
    NOTIFY_LIST(about, NOTIFY_ABOUT_END - 1),
    CYAML_FIELD_END};
static const cyaml_schema_value_t notify_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_notify, notify_fields)};

#define TEXT_FIELD(name)                                                                            \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, name, 1,  \
                           LIMIT_PATH_BYTES - 1)

static const cyaml_schema_field_t file_fields[] = {
    TEXT_FIELD(store),
    TEXT_FIELD(audit),
    TEXT_FIELD(socket),
    TEXT_FIELD(socket_group),
    TEXT_FIELD(key_file),
    TEXT_FIELD(ca_file),
    TEXT_FIELD(log_file),
    TEXT_FIELD(remind),
    TEXT_FIELD(reconcile_every),
    TEXT_FIELD(log),
    CYAML_FIELD_SEQUENCE("providers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, providers,
                         &path_schema, 0, CONFIG_FOLDERS - 2),
    CYAML_FIELD_SEQUENCE("deliveries", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, deliveries,
                         &path_schema, 0, CONFIG_FOLDERS - 2),
    CYAML_FIELD_SEQUENCE("environments", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file,
                         environments, &environment_schema, 0, CONFIG_ENVIRONMENTS - 2),
    CYAML_FIELD_SEQUENCE("notify", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, notify, &notify_schema, 0,
                         NOTIFY_CHANNELS),
    TEXT_FIELD(workers),
    TEXT_FIELD(parallel),
    TEXT_FIELD(api_threads),
    CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

static enum err_code take_number(const char *text, unsigned most, unsigned *ret_value, struct err *err)
{
    char *end = NULL;
    if (!text)
        return ERR_OK;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end)
        return err_set(err, ERR_INVALID, "a whole number from 0 to %u, not \"%s\"", most, text);
    if (value > most)
        return err_set(err, ERR_INVALID, "at most %u, not %s", most, text);
    *ret_value = (unsigned)value;
    return ERR_OK;
}

static enum err_code take_folders(struct config *config, const struct file *file, const char **ret_field,
                                  struct err *err)
{
    *ret_field = "providers";
    for (unsigned i = 0; i < file->providers_count; i++)
        TRY(config_add_folder(&config->provider_folders, file->providers[i], err));
    *ret_field = "deliveries";
    for (unsigned i = 0; i < file->deliveries_count; i++)
        TRY(config_add_folder(&config->delivery_folders, file->deliveries[i], err));
    return ERR_OK;
}

static enum err_code add_channel(struct config *config, const struct file_notify *notify, struct err *err)
{
    const struct notify_draft draft = {.name = notify->name,
                                       .program = notify->program,
                                       .program_count = notify->program_count,
                                       .timeout = notify->timeout,
                                       .webhook = notify->webhook,
                                       .mail = notify->mail,
                                       .from = notify->from,
                                       .to = notify->to,
                                       .to_count = notify->to_count,
                                       .user = notify->user,
                                       .clear = notify->clear,
                                       .credential = notify->credential,
                                       .about = notify->about,
                                       .about_count = notify->about_count};
    for (size_t i = 0; i < config->channel_count; i++)
        if (strcmp(notify_channel_name(config->channels[i]), notify->name) == 0)
            return err_set(err, ERR_EXISTS, "%s is there already", notify->name);
    if (notify_channel_new(&draft, &config->channels[config->channel_count], err) != ERR_OK)
        return err_prefix(err, "%s", notify->name);
    config->channel_count++;
    return ERR_OK;
}

/* *ret_field: the field that was looked at last. */
static enum err_code take_file(struct config *config, const struct file *file, const char **ret_field,
                               struct err *err)
{
    CONFIG_PUT(config->store, file->store);
    CONFIG_PUT(config->audit, file->audit);
    CONFIG_PUT(config->socket, file->socket);
    CONFIG_PUT(config->socket_group, file->socket_group);
    CONFIG_PUT(config->key_file, file->key_file);
    CONFIG_PUT(config->ca_file, file->ca_file);
    CONFIG_PUT(config->log_file, file->log_file);
    TRY(take_folders(config, file, ret_field, err));
    *ret_field = "environments";
    for (unsigned i = 0; i < file->environments_count; i++)
        TRY(config_add_environment(config, file->environments[i].name, file->environments[i].class, err));
    *ret_field = "notify";
    for (unsigned i = 0; i < file->notify_count; i++)
        TRY(add_channel(config, &file->notify[i], err));
    *ret_field = "remind";
    if (file->remind)
        TRY(text_parse_duration(file->remind, &config->remind_ms, err));
    *ret_field = "reconcile_every";
    if (file->reconcile_every) {
        TRY(text_parse_duration(file->reconcile_every, &config->reconcile_every_ms, err));
        if (config->reconcile_every_ms == 0)
            config->reconcile_every_ms = -1;
    }
    *ret_field = "log";
    if (file->log && strcmp(file->log, "debug") != 0 && strcmp(file->log, "info") != 0)
        return err_set(err, ERR_INVALID, "info or debug, not \"%s\"", file->log);
    config->debug = file->log && strcmp(file->log, "debug") == 0;
    *ret_field = "workers";
    TRY(take_number(file->workers, 64, &config->workers, err));
    *ret_field = "parallel";
    TRY(take_number(file->parallel, 10000, &config->parallel, err));
    *ret_field = "api_threads";
    return take_number(file->api_threads, 64, &config->api_threads, err);
}

/* Nothing but blank lines and comments: every setting is its default. */
static bool says_nothing(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text != '#')
            return *text == '\0';
        text += strcspn(text, "\n");
    }
}

/* The line that a field of the file begins on; 1 where it is written in another way than usual. */
static unsigned line_of(const char *text, const char *field)
{
    size_t length = strlen(field);
    unsigned line = 1;
    for (const char *at = text; at; line++) {
        if (strncmp(at, field, length) == 0 && at[length] == ':')
            return line;
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return 1;
}

enum err_code config_read_file(struct config *config, struct err *err)
{
    OWN_BUF struct buf bytes = {0};
    void *data = NULL;
    const char *path = config->config_path;
    const char *field = "";
    if (!config->config_named && access(path, F_OK) != 0 && errno == ENOENT)
        return ERR_OK;
    TRY(action_load_read(path, &bytes, err));
    const char *text = buf_text(&bytes);
    if (says_nothing(text) && strlen(text) == bytes.length)
        return ERR_OK;
    TRY(action_load_text(path, text, bytes.length, &file_schema, &data, err));
    enum err_code code = take_file(config, data, &field, err);
    action_unload(&file_schema, data);
    return code == ERR_OK ? ERR_OK : err_prefix(err, "%s:%u: %s", path, line_of(text, field), field);
}
