#include "config_parts.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void config_put(char *out, size_t size, const char *text)
{
    if (text)
        snprintf(out, size, "%s", text);
}

enum err_code config_add_folder(struct config_folders *folders, const char *folder, struct err *err)
{
    if (folders->count == CONFIG_FOLDERS)
        return err_set(err, ERR_LIMIT, "at most %d folders of definitions", CONFIG_FOLDERS);
    CONFIG_PUT(folders->paths[folders->count], folder);
    folders->count++;
    return ERR_OK;
}

enum err_code config_add_environment(struct config *config, const char *name, const char *class, struct err *err)
{
    bool live = strcmp(class, "live") == 0;
    TRY(text_check_name(name, "the environment's name", err));
    if (!live && strcmp(class, "test") != 0)
        return err_set(err, ERR_INVALID, "environment %s: its class is live or test, not \"%s\"", name, class);
    for (size_t i = 0; i < config->environment_count; i++)
        if (strcmp(config->environments[i].name, name) == 0)
            return err_set(err, ERR_EXISTS, "environment %s is there already", name);
    struct engine_environment *environment = &config->environments[config->environment_count++];
    CONFIG_PUT(environment->name, name);
    environment->class = live ? VAULT_CLASS_LIVE : VAULT_CLASS_TEST;
    return ERR_OK;
}
