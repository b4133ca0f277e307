/* keyturnd: reads the configuration, builds the rooms and joins them, and ends
 * well when told to. */
#include "api/api.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "config.h"
#include "daemon.h"
#include "provider/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SYSTEMD_FIRST_FD = 3, HEAPS = 2 };

/* --- Signals: one thread waits for them ------------------------------------------------------- */

struct signals {
    sigset_t set;
    struct engine *engine;
    pthread_t thread;
};

static void *wait_for_signal(void *context)
{
    struct signals *signals = context;
    int number = 0;
    while (sigwait(&signals->set, &number) == 0) {
        if (number == SIGHUP) {
            log_info("main", "SIGHUP: the configuration is read at the start only; restart the agent");
            continue;
        }
        break;
    }
    log_info("main", "ending: signal %d", number);
    engine_stop(signals->engine);
    return NULL;
}

static void block_signals(struct signals *signals)
{
    sigemptyset(&signals->set);
    sigaddset(&signals->set, SIGTERM);
    sigaddset(&signals->set, SIGINT);
    sigaddset(&signals->set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals->set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* --- The socket ---------------------------------------------------------------------------- */

/* systemd hands over the listening socket as descriptor 3 (sd_listen_fds(3)). */
static bool socket_is_given(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (!pid || !count || strtol(pid, NULL, 10) != getpid() || strtol(count, NULL, 10) != 1)
        return false;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return true;
}

static bool socket_option_is(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

/* Peers are known by their credentials, which only a Unix socket tells. Its own path takes the
 * place of the configured one, which nobody listens on. */
static enum err_code take_given_socket(struct config *config, struct err *err)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address - 1; /* the rest stays the text's end */
    int fd = SYSTEMD_FIRST_FD;
    if (!socket_option_is(fd, SO_DOMAIN, AF_UNIX) || !socket_option_is(fd, SO_TYPE, SOCK_STREAM) ||
        !socket_option_is(fd, SO_ACCEPTCONN, 1))
        return err_set(err, ERR_INVALID,
                       "descriptor 3 (LISTEN_FDS) is not a listening Unix stream socket; use ListenStream=/path "
                       "in keyturn.socket");
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return err_set_errno(err, errno, "descriptor 3 (LISTEN_FDS)");
    snprintf(config->socket, sizeof config->socket, "%s",
             address.sun_path[0] ? address.sun_path : "a socket without a path");
    return ERR_OK;
}

/* *ret_own: we made the socket's file, and remove it. */
static enum err_code listen_at(struct config *config, int *ret_fd, bool *ret_own, struct err *err)
{
    if (socket_is_given()) {
        TRY(take_given_socket(config, err));
        *ret_fd = SYSTEMD_FIRST_FD;
        return ERR_OK;
    }
    TRY(daemon_make_folder_of(config->socket, err));
    TRY(api_listen(config->socket, config->socket_group[0] ? config->socket_group : NULL, ret_fd, err));
    *ret_own = true;
    return ERR_OK;
}

/* --- Unlocking without a person --------------------------------------------------------------- */

static enum err_code unlock_with(struct engine *engine, enum vault_slot_kind kind, const char *path,
                                 struct err *err)
{
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    OWN(secret_free) struct secret *material = NULL;
    OWN(secret_free) struct secret *root = NULL;
    OWN(vault_session_free) struct vault_session *session = NULL;
    if (fd < 0)
        return err_set_errno(err, errno, "%s", path);
    TRY(file_check_private(fd, path, true, err));
    TRY(secret_read_fd(fd, LIMIT_SECRET_BYTES, path, &material, err));
    TRY(vault_session_new(engine_vault(engine), NULL, &session, err));
    TRY(vault_try_slots(engine_vault(engine), session, kind, material, &root, err));
    return engine_unlock(engine, "start", root, 0, err);
}

static void unlock_at_start(struct engine *engine, const struct config *config)
{
    struct err err = {0};
    char credential[LIMIT_PATH_BYTES];
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    enum err_code code = ERR_OK;

    if (vault_state(engine_vault(engine)) != VAULT_LOCKED)
        return;
    snprintf(credential, sizeof credential, "%s/keyturn", folder ? folder : "");
    if (folder && access(credential, R_OK) == 0)
        code = unlock_with(engine, VAULT_SLOT_CREDENTIAL, credential, &err);
    else if (config->key_file[0])
        code = unlock_with(engine, VAULT_SLOT_KEY_FILE, config->key_file, &err);
    else
        return;
    if (code == ERR_OK)
        log_info("main", "unlocked");
    else
        log_error("main", "not unlocked at the start: %s", err.message);
}

/* --- The life of the agent --------------------------------------------------------------------- */

struct agent {
    struct config config;
    struct provider_set *providers;
    struct delivery_sinks *sinks;
    struct vault *vault;
    struct engine *engine;
    struct api *api;
    struct signals signals;
    pthread_t loop;
    bool own_socket;
};

static size_t folders_of(const struct config_folders *folders, const char *ret_paths[CONFIG_FOLDERS])
{
    for (size_t i = 0; i < folders->count; i++)
        ret_paths[i] = folders->paths[i];
    return folders->count;
}

static enum err_code load_definitions(struct agent *agent, struct err *err)
{
    const char *folders[CONFIG_FOLDERS];
    size_t count = folders_of(&agent->config.provider_folders, folders);
    TRY(provider_set_load(folders, count, &agent->providers, err));
    count = folders_of(&agent->config.delivery_folders, folders);
    return delivery_sinks_load(folders, count, &agent->sinks, err);
}

static void *run_loop(void *context)
{
    struct agent *agent = context;
    struct err err = {0};
    if (engine_run(agent->engine, &err) != ERR_OK)
        log_error("main", "%s", err.message);
    return NULL;
}

static enum err_code build(struct agent *agent, struct err *err)
{
    const struct config *config = &agent->config;
    TRY(daemon_make_folder_of(config->store, err));
    TRY(daemon_make_folder_of(config->audit, err));
    struct vault_options vault = {.store_path = config->store,
                                  .audit_path = config->audit,
                                  .clock = &clock_system,
                                  .random = &random_system};
    TRY(vault_open(&vault, &agent->vault, err));
    struct engine_options engine = {.vault = agent->vault,
                                    .providers = agent->providers,
                                    .sinks = agent->sinks,
                                    .environments = config->environments,
                                    .environment_count = config->environment_count,
                                    .clock = &clock_system,
                                    .random = &random_system,
                                    .ca_file = config->ca_file[0] ? config->ca_file : NULL,
                                    .workers = config->workers,
                                    .parallel = config->parallel,
                                    .channels = (const struct notify_channel *const *)config->channels,
                                    .channel_count = config->channel_count,
                                    .remind_ms = config->remind_ms,
                                    .reconcile_every_ms = config->reconcile_every_ms};
    return engine_new(&engine, &agent->engine, err);
}

static enum err_code serve(struct agent *agent, int fd, struct err *err)
{
    struct api_options api = {.engine = agent->engine,
                              .listen_fd = fd,
                              .clock = &clock_system,
                              .audit_path = agent->config.audit,
                              .threads = agent->config.api_threads};
    enum err_code code = api_start(&api, &agent->api, err);
    if (code == ERR_OK)
        return ERR_OK;
    engine_stop(agent->engine);
    pthread_join(agent->loop, NULL);
    return code;
}

/* Answers come last: whoever asks first, and by that has the agent started, waits in the socket's queue
 * and finds the vault open. */
static enum err_code start(struct agent *agent, struct err *err)
{
    int fd = -1;
    block_signals(&agent->signals);
    TRY(listen_at(&agent->config, &fd, &agent->own_socket, err));
    agent->signals.engine = agent->engine;
    if (pthread_create(&agent->loop, NULL, run_loop, agent) != 0 ||
        pthread_create(&agent->signals.thread, NULL, wait_for_signal, &agent->signals) != 0)
        return err_set(err, ERR_MEMORY, "a thread could not be started");
    unlock_at_start(agent->engine, &agent->config);
    return serve(agent, fd, err);
}

static void end(struct agent *agent)
{
    /* The loop first: it refuses calls from then on, so no request of the api can wait for it. */
    pthread_join(agent->loop, NULL);
    /* While it still listens: afterwards the path could be the next agent's. */
    if (agent->own_socket && unlink(agent->config.socket) != 0)
        log_warning("main", "%s could not be removed: %s", agent->config.socket, strerror(errno));
    api_stop(agent->api);
    pthread_join(agent->signals.thread, NULL);
    engine_free(agent->engine);
    vault_close(agent->vault);
    provider_set_free(agent->providers);
    delivery_sinks_free(agent->sinks);
    config_release(&agent->config);
}

static enum err_code prepare(struct agent *agent, struct err *err)
{
    const struct config *config = &agent->config;
    if (config->background)
        TRY(daemon_detach(config, err));
    TRY(daemon_open_log(config, err));
    umask(0077);
    TRY(secret_init(err));
    secret_lock_all();
    TRY(http_init(err));
    action_init();
    TRY(load_definitions(agent, err));
    if (config->check_only)
        return ERR_OK;
    TRY(build(agent, err));
    return start(agent, err);
}

/* For keyturn provider check: needs no configuration, no vault and no agent that runs. */
static int check_provider(const char *path)
{
    OWN_BUF struct buf report = {0};
    struct err err = {0};
    bool good = false;
    if (provider_examine(path, &report, &good, &err) != ERR_OK) {
        fprintf(stderr, "keyturnd: %s\n", err.message);
        return 2;
    }
    printf("%s\n", buf_text(&report));
    return fflush(stdout) == 0 && good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct agent agent;
    struct err err = {0};

    /* A dozen threads, most of which sleep, would each have a heap of their own: 3 MiB for nothing. */
    (void)mallopt(M_ARENA_MAX, HEAPS);
    if (config_load(argc, argv, &agent.config, &err) != ERR_OK) {
        fprintf(stderr, "keyturnd: %s\n", err.message);
        return 2;
    }
    if (agent.config.help || agent.config.version) {
        printf("%s", agent.config.help ? config_help : "keyturnd " KEYTURN_VERSION "\n");
        return 0;
    }
    if (agent.config.check_provider)
        return check_provider(agent.config.check_provider);
    if (prepare(&agent, &err) != ERR_OK) {
        log_error("main", "%s", err.message);
        daemon_tell_ready(&agent.config, err.message);
        return 1;
    }
    if (agent.config.check_only) {
        printf("The configuration, %zu provider definitions and %zu sink definitions are good.\n",
               provider_set_count(agent.providers), delivery_sinks_count(agent.sinks));
        provider_set_free(agent.providers);
        delivery_sinks_free(agent.sinks);
        config_release(&agent.config);
        return 0;
    }
    log_info("main", "keyturnd %s listens on %s, store %s, %s", KEYTURN_VERSION, agent.config.socket,
             agent.config.store, vault_state_name(vault_state(agent.vault)));
    memory_drop_code();
    daemon_tell_ready(&agent.config, "ready");
    end(&agent);
    return 0;
}
