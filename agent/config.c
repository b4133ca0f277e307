#include "config.h"

#include "action/load.h"
#include "base/text.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char config_help[] =
    "Usage: keyturnd [OPTION]...\n"
    "The agent of Keyturn: holds the vault, rotates its keys and answers keyturn.\n"
    "\n"
    "      --config FILE      read this configuration (default ~/.config/keyturn/keyturn.yaml)\n"
    "      --system           use the system's paths: /etc/keyturn, /var/lib/keyturn, /run/keyturn\n"
    "      --store FILE       the vault's file\n"
    "      --audit FILE       the audit log (default: audit.jsonl beside the store)\n"
    "      --socket PATH      listen here\n"
    "      --providers DIR    read definitions of providers here, too (may be repeated)\n"
    "      --deliveries DIR   read definitions of sinks here, too (may be repeated)\n"
    "      --key-file FILE    unlock with this key file at the start\n"
    "      --ca-file FILE     trust these authorities for outgoing TLS\n"
    "      --log-file FILE    append the service log here instead of standard error\n"
    "      --background       detach; with --ready-fd N tell when it listens\n"
    "      --ready-fd N       write a line to descriptor N when ready, or what failed\n"
    "      --check-config     read everything, say what is wrong, and end\n"
    "      --check-provider FILE  print what is wrong with a definition of a provider, and what\n"
    "                         it can do, as JSON, and end\n"
    "      --debug            log more\n"
    "      --version, --help\n"
    "\n"
    "Example:\n"
    "  keyturnd --store ~/vault.db --socket ~/vault.sock --key-file ~/vault.key\n";

/* --- The file ------------------------------------------------------------------------- */

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
                         &path_schema, 0, CONFIG_PROVIDER_FOLDERS - 2),
    CYAML_FIELD_SEQUENCE("deliveries", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, deliveries,
                         &path_schema, 0, CONFIG_DELIVERY_FOLDERS - 2),
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

static void put(char *out, size_t size, const char *text)
{
    if (text)
        snprintf(out, size, "%s", text);
}
#define PUT(out, text) put((out), sizeof(out), (text))

static enum err_code add_folder(struct config *config, const char *folder, struct err *err)
{
    if (config->provider_folder_count == CONFIG_PROVIDER_FOLDERS)
        return err_set(err, ERR_LIMIT, "at most %d folders of providers", CONFIG_PROVIDER_FOLDERS);
    PUT(config->provider_folders[config->provider_folder_count], folder);
    config->provider_folder_count++;
    return ERR_OK;
}

static enum err_code add_delivery_folder(struct config *config, const char *folder, struct err *err)
{
    if (config->delivery_folder_count == CONFIG_DELIVERY_FOLDERS)
        return err_set(err, ERR_LIMIT, "at most %d folders of sinks", CONFIG_DELIVERY_FOLDERS);
    PUT(config->delivery_folders[config->delivery_folder_count], folder);
    config->delivery_folder_count++;
    return ERR_OK;
}

static enum err_code add_environment(struct config *config, const char *name, const char *class, struct err *err)
{
    bool live = strcmp(class, "live") == 0;
    TRY(text_check_name(name, "the environment's name", err));
    if (!live && strcmp(class, "test") != 0)
        return err_set(err, ERR_INVALID, "environment %s: its class is live or test, not \"%s\"", name, class);
    for (size_t i = 0; i < config->environment_count; i++)
        if (strcmp(config->environments[i].name, name) == 0)
            return err_set(err, ERR_EXISTS, "environment %s is there already", name);
    struct engine_environment *environment = &config->environments[config->environment_count++];
    PUT(environment->name, name);
    environment->class = live ? VAULT_CLASS_LIVE : VAULT_CLASS_TEST;
    return ERR_OK;
}

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
        TRY(add_folder(config, file->providers[i], err));
    *ret_field = "deliveries";
    for (unsigned i = 0; i < file->deliveries_count; i++)
        TRY(add_delivery_folder(config, file->deliveries[i], err));
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
    PUT(config->store, file->store);
    PUT(config->audit, file->audit);
    PUT(config->socket, file->socket);
    PUT(config->socket_group, file->socket_group);
    PUT(config->key_file, file->key_file);
    PUT(config->ca_file, file->ca_file);
    PUT(config->log_file, file->log_file);
    TRY(take_folders(config, file, ret_field, err));
    *ret_field = "environments";
    for (unsigned i = 0; i < file->environments_count; i++)
        TRY(add_environment(config, file->environments[i].name, file->environments[i].class, err));
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

static enum err_code read_file(struct config *config, struct err *err)
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

/* --- Defaults --------------------------------------------------------------------------- */

static const char *home(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user && user->pw_dir ? user->pw_dir : "/";
}

static void xdg(char *out, size_t size, const char *variable, const char *below_home, const char *rest)
{
    const char *base = getenv(variable);
    if (base && base[0] == '/')
        snprintf(out, size, "%s/keyturn/%s", base, rest);
    else
        snprintf(out, size, "%s/%s/keyturn/%s", home(), below_home, rest);
}

static void user_defaults(struct config *config, char *folder, size_t size)
{
    xdg(config->store, sizeof config->store, "XDG_DATA_HOME", ".local/share", "vault.db");
    xdg(config->log_file, sizeof config->log_file, "XDG_DATA_HOME", ".local/share", "agent.log");
    if (!config->background)
        config->log_file[0] = '\0';
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && runtime[0] == '/')
        snprintf(config->socket, sizeof config->socket, "%s/keyturn/agent.sock", runtime);
    else
        snprintf(config->socket, sizeof config->socket, "%s/.local/share/keyturn/agent.sock", home());
    if (!config->config_named)
        xdg(config->config_path, sizeof config->config_path, "XDG_CONFIG_HOME", ".config", "keyturn.yaml");
    xdg(folder, size, "XDG_CONFIG_HOME", ".config", "providers.d");
}

static void system_defaults(struct config *config, char *folder, size_t size)
{
    PUT(config->store, "/var/lib/keyturn/vault.db");
    PUT(config->audit, "/var/log/keyturn/audit.jsonl");
    PUT(config->socket, "/run/keyturn/agent.sock");
    PUT(config->socket_group, "keyturn");
    if (!config->config_named)
        PUT(config->config_path, "/etc/keyturn/keyturn.yaml");
    snprintf(folder, size, "/etc/keyturn/providers.d");
}

/* The definitions that are shipped: installed beside the program, or in the tree it was built from. */
static const char *shipped(const char *kind, const char *in_tree, char *out, size_t size)
{
    char self[LIMIT_PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        for (int up = 0; up < 2 && strrchr(self, '/'); up++)
            *strrchr(self, '/') = '\0';
        int written = snprintf(out, size, "%s/share/keyturn/%s", self, kind);
        if (written > 0 && (size_t)written < size && access(out, R_OK) == 0)
            return out;
    }
    return in_tree;
}

/* What is shipped, then what stands beside the configuration's providers.d. */
static enum err_code add_delivery_folders(struct config *config, const char *providers_d, struct err *err)
{
    char folder[LIMIT_PATH_BYTES];
    const char *slash = strrchr(providers_d, '/');
    TRY(add_delivery_folder(config, shipped("deliveries", KEYTURN_DELIVERIES_DIR, folder, sizeof folder), err));
    int written = snprintf(folder, sizeof folder, "%.*s/deliveries.d",
                           slash ? (int)(slash - providers_d) : 0, providers_d);
    if (written < 0 || (size_t)written >= sizeof folder)
        return err_set(err, ERR_LIMIT, "a path has at most %d bytes", LIMIT_PATH_BYTES - 1);
    return add_delivery_folder(config, folder, err);
}

static void audit_beside_store(struct config *config)
{
    if (config->audit[0])
        return;
    const char *slash = strrchr(config->store, '/');
    int folder = slash ? (int)(slash - config->store) + 1 : 0;
    snprintf(config->audit, sizeof config->audit, "%.*saudit.jsonl", folder, config->store);
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config->channel_count; i++)
        config->channels[i] = notify_channel_free(config->channels[i]);
    config->channel_count = 0;
}

/* --- The command line --------------------------------------------------------------------- */

enum option_id { OPT_CONFIG = 1, OPT_SYSTEM, OPT_STORE, OPT_AUDIT, OPT_SOCKET, OPT_PROVIDERS, OPT_DELIVERIES, OPT_KEY_FILE,
              OPT_CA_FILE, OPT_LOG_FILE, OPT_BACKGROUND, OPT_READY_FD, OPT_CHECK, OPT_CHECK_PROVIDER, OPT_DEBUG, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},     {"system", no_argument, NULL, OPT_SYSTEM},
    {"store", required_argument, NULL, OPT_STORE},       {"audit", required_argument, NULL, OPT_AUDIT},
    {"socket", required_argument, NULL, OPT_SOCKET},     {"providers", required_argument, NULL, OPT_PROVIDERS},
    {"deliveries", required_argument, NULL, OPT_DELIVERIES},
    {"key-file", required_argument, NULL, OPT_KEY_FILE}, {"ca-file", required_argument, NULL, OPT_CA_FILE},
    {"log-file", required_argument, NULL, OPT_LOG_FILE}, {"background", no_argument, NULL, OPT_BACKGROUND},
    {"ready-fd", required_argument, NULL, OPT_READY_FD}, {"check-config", no_argument, NULL, OPT_CHECK},
    {"check-provider", required_argument, NULL, OPT_CHECK_PROVIDER},
    {"debug", no_argument, NULL, OPT_DEBUG},             {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},               {NULL, 0, NULL, 0}};

/* What the first pass needs: which file, whose paths. */
static enum err_code scan_arguments(int argc, char **argv, struct config *config, struct err *err)
{
    int opt;
    opterr = 0;
    optind = 1;
    while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (opt == '?')
            return err_set(err, ERR_INVALID, "unknown option or missing value: %s. See keyturnd --help",
                           argv[optind - 1]);
        if (opt == OPT_CONFIG) {
            PUT(config->config_path, optarg);
            config->config_named = true;
        }
        if (opt == OPT_CHECK_PROVIDER)
            config->check_provider = optarg;
        config->system |= opt == OPT_SYSTEM;
        config->background |= opt == OPT_BACKGROUND;
        config->check_only |= opt == OPT_CHECK;
        config->help |= opt == OPT_HELP;
        config->version |= opt == OPT_VERSION;
    }
    if (optind < argc)
        return err_set(err, ERR_INVALID, "unexpected argument: %s. See keyturnd --help", argv[optind]);
    return ERR_OK;
}

static enum err_code take_option(struct config *config, int opt, const char *value, struct err *err)
{
    const struct {
        int opt;
        char *out;
    } paths[] = {{OPT_STORE, config->store},       {OPT_AUDIT, config->audit},
                 {OPT_SOCKET, config->socket},     {OPT_KEY_FILE, config->key_file},
                 {OPT_CA_FILE, config->ca_file},   {OPT_LOG_FILE, config->log_file}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i].opt != opt)
            continue;
        if (strlen(value) >= LIMIT_PATH_BYTES)
            return err_set(err, ERR_LIMIT, "a path has at most %d bytes", LIMIT_PATH_BYTES - 1);
        put(paths[i].out, LIMIT_PATH_BYTES, value);
        return ERR_OK;
    }
    if (opt == OPT_PROVIDERS)
        return add_folder(config, value, err);
    if (opt == OPT_DELIVERIES)
        return add_delivery_folder(config, value, err);
    if (opt == OPT_DEBUG)
        config->debug = true;
    if (opt == OPT_READY_FD) {
        char *end = NULL;
        long fd = strtol(value, &end, 10);
        if (*end || end == value || fd < 0 || fd > 65535)
            return err_set(err, ERR_INVALID, "--ready-fd wants a descriptor's number, not \"%s\"", value);
        config->ready_fd = (int)fd;
    }
    return ERR_OK;
}

enum err_code config_load(int argc, char **argv, struct config *ret_config, struct err *err)
{
    struct config *config = ret_config;
    char folder[LIMIT_PATH_BYTES], in_tree[LIMIT_PATH_BYTES];
    memset(config, 0, sizeof *config);
    config->ready_fd = -1;
    TRY(scan_arguments(argc, argv, config, err));
    if (config->help || config->version || config->check_provider)
        return ERR_OK;
    (config->system ? system_defaults : user_defaults)(config, folder, sizeof folder);
    TRY(add_folder(config, shipped("providers", KEYTURN_PROVIDERS_DIR, in_tree, sizeof in_tree), err));
    TRY(add_folder(config, folder, err));
    TRY(add_delivery_folders(config, folder, err));
    TRY(add_environment(config, "live", "live", err));
    TRY(add_environment(config, "sandbox", "test", err));
    TRY(read_file(config, err));
    optind = 1;
    for (int opt; (opt = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        TRY(take_option(config, opt, optarg, err));
    audit_beside_store(config);
    return ERR_OK;
}
