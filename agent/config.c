/* The agent's defaults and its command line. */
#include "config_file.h"
#include "config_parts.h"

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
    CONFIG_PUT(config->store, "/var/lib/keyturn/vault.db");
    CONFIG_PUT(config->audit, "/var/log/keyturn/audit.jsonl");
    CONFIG_PUT(config->socket, "/run/keyturn/agent.sock");
    CONFIG_PUT(config->socket_group, "keyturn");
    if (!config->config_named)
        CONFIG_PUT(config->config_path, "/etc/keyturn/keyturn.yaml");
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
    TRY(config_add_folder(&config->delivery_folders, shipped("deliveries", KEYTURN_DELIVERIES_DIR, folder, sizeof folder), err));
    int written = snprintf(folder, sizeof folder, "%.*s/deliveries.d",
                           slash ? (int)(slash - providers_d) : 0, providers_d);
    if (written < 0 || (size_t)written >= sizeof folder)
        return err_set(err, ERR_LIMIT, "a path has at most %d bytes", LIMIT_PATH_BYTES - 1);
    return config_add_folder(&config->delivery_folders, folder, err);
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
            CONFIG_PUT(config->config_path, optarg);
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
        config_put(paths[i].out, LIMIT_PATH_BYTES, value);
        return ERR_OK;
    }
    if (opt == OPT_PROVIDERS)
        return config_add_folder(&config->provider_folders, value, err);
    if (opt == OPT_DELIVERIES)
        return config_add_folder(&config->delivery_folders, value, err);
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
    TRY(config_add_folder(&config->provider_folders, shipped("providers", KEYTURN_PROVIDERS_DIR, in_tree, sizeof in_tree), err));
    TRY(config_add_folder(&config->provider_folders, folder, err));
    TRY(add_delivery_folders(config, folder, err));
    TRY(config_add_environment(config, "live", "live", err));
    TRY(config_add_environment(config, "sandbox", "test", err));
    TRY(config_read_file(config, err));
    optind = 1;
    for (int opt; (opt = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        TRY(take_option(config, opt, optarg, err));
    audit_beside_store(config);
    return ERR_OK;
}
