/* The agent's configuration file. */
#include "fuzz.h"

#include "base/file.h"
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

static char path[LIMIT_PATH_BYTES];

static void forget(void)
{
    (void)unlink(path);
}

/* The configuration is read by its path; each run has a file of its own. */
static void put(const uint8_t *data, size_t size)
{
    if (!path[0]) {
        const char *folder = getenv("TMPDIR");
        (void)snprintf(path, sizeof path, "%s/keyturn-fuzz-%d.yaml", folder ? folder : "/tmp", (int)getpid());
        (void)atexit(forget);
    }
    OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && file_write_all(fd, data, size, path, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    struct err err = {0};
    put(data, size);
    char *arguments[] = {(char[]){"keyturnd"}, (char[]){"--config"}, path, NULL};
    memset(&config, 0, sizeof config);
    if (config_load(3, arguments, &config, &err) != ERR_OK) {
        FUZZ_CHECK(err.message[0]);
        return 0;
    }
    FUZZ_CHECK(config.store[0] && config.audit[0] && config.socket[0]);
    FUZZ_CHECK(config.provider_folders.count <= CONFIG_FOLDERS);
    FUZZ_CHECK(config.environment_count >= 2 && config.environment_count <= CONFIG_ENVIRONMENTS);
    return 0;
}
