/* All definitions of a few folders. They are read in the order of their names,
 * so that two readers of the same folders get the same set. */
#include "provider_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET_PROVIDERS = 1024 };

struct provider_set {
    struct provider **providers;
    size_t count;
};

struct provider_set *provider_set_free(struct provider_set *set)
{
    if (!set)
        return NULL;
    for (size_t i = 0; i < set->count; i++)
        provider_free(set->providers[i]);
    free(set->providers);
    free(set);
    return NULL;
}

const struct provider *provider_set_find(const struct provider_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(provider_name(set->providers[i]), name) == 0)
            return set->providers[i];
    return NULL;
}

size_t provider_set_count(const struct provider_set *set)
{
    return set->count;
}

const struct provider *provider_set_at(const struct provider_set *set, size_t index)
{
    return index < set->count ? set->providers[index] : NULL;
}

/* Takes provider. One of the same name is replaced when it is of an earlier folder, and an
 * error when it is of this one (those from first_of_folder on). */
static enum err_code set_add(struct provider_set *set, struct provider *provider, size_t first_of_folder,
                             bool *replaced, struct err *err)
{
    OWN(provider_free) struct provider *one = provider;
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(provider_name(set->providers[i]), provider_name(one)) != 0)
            continue;
        if (i >= first_of_folder || replaced[i])
            return err_set(err, ERR_INVALID, "%s: name: %s is the name of %s, too", provider_file(one),
                           provider_name(one), provider_file(set->providers[i]));
        provider_free(set->providers[i]);
        set->providers[i] = GIVE(one);
        replaced[i] = true;
        return ERR_OK;
    }
    if (set->count == SET_PROVIDERS)
        return err_set(err, ERR_LIMIT, "%s: there are more than %d providers", provider_file(one),
                       SET_PROVIDERS);
    set->providers[set->count++] = GIVE(one);
    return ERR_OK;
}

static int set_is_definition(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static enum err_code set_load_file(struct provider_set *set, const char *folder, const char *name,
                                   size_t first_of_folder, bool *replaced, struct err *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "%s: the path is too long", folder);
    struct provider *provider = NULL;
    TRY(provider_load(path, &provider, err));
    return set_add(set, provider, first_of_folder, replaced, err);
}

enum { SET_SUFFIX = 9 };

static int set_is_settings(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > SET_SUFFIX &&
           strcmp(entry->d_name + length - SET_SUFFIX, ".settings") == 0;
}

/* NAME.settings gives the user's values to the provider NAME, of this folder or an earlier one. */
static enum err_code set_configure(struct provider_set *set, const char *folder, const char *file,
                                   struct err *err)
{
    char path[4096];
    size_t length = strlen(file) - SET_SUFFIX;
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "%s: the path is too long", folder);
    for (size_t i = 0; i < set->count; i++) {
        const char *name = provider_name(set->providers[i]);
        if (strlen(name) == length && memcmp(name, file, length) == 0)
            return provider_configure(set->providers[i], path, err);
    }
    return err_set(err, ERR_INVALID, "%s: there is no provider of that name", path);
}

static enum err_code set_configure_folder(struct provider_set *set, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, set_is_settings, alphasort);
    if (found < 0)
        return errno == ENOENT ? ERR_OK : err_set_errno(err, errno, "%s: cannot be read", folder);
    enum err_code code = ERR_OK;
    for (int i = 0; i < found; i++) {
        if (code == ERR_OK)
            code = set_configure(set, folder, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static enum err_code set_load_folder(struct provider_set *set, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    bool replaced[SET_PROVIDERS] = {false};
    size_t first_of_folder = set->count;
    int found = scandir(folder, &entries, set_is_definition, alphasort);
    if (found < 0)
        return errno == ENOENT ? ERR_OK : err_set_errno(err, errno, "%s: cannot be read", folder);
    enum err_code code = ERR_OK;
    for (int i = 0; i < found; i++) {
        if (code == ERR_OK)
            code = set_load_file(set, folder, entries[i]->d_name, first_of_folder, replaced, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

enum err_code provider_set_load(const char *const *folders, size_t count, struct provider_set **ret_set,
                                struct err *err)
{
    OWN(provider_set_free) struct provider_set *set = calloc(1, sizeof *set);
    if (set)
        set->providers = calloc(SET_PROVIDERS, sizeof(struct provider *));
    if (!set || !set->providers)
        return err_set(err, ERR_MEMORY, "no memory for the providers");
    for (size_t i = 0; i < count; i++)
        TRY(set_load_folder(set, folders[i], err));
    for (size_t i = 0; i < count; i++)
        TRY(set_configure_folder(set, folders[i], err));
    *ret_set = GIVE(set);
    return ERR_OK;
}
