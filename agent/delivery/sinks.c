/* All definitions of sinks of a few folders, read in the order of their names. */
#include "sink.h"

#include "action/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINKS_MOST = 256, SINKS_PATH_BYTES = 4096 };

struct delivery_sinks {
    struct sink *sinks[SINKS_MOST];
    size_t count;
};

struct delivery_sinks *delivery_sinks_free(struct delivery_sinks *sinks)
{
    if (!sinks)
        return NULL;
    for (size_t i = 0; i < sinks->count; i++)
        action_unload(&sink_schema, sinks->sinks[i]);
    free(sinks);
    return NULL;
}

size_t delivery_sinks_count(const struct delivery_sinks *sinks)
{
    return sinks->count;
}

const char *delivery_sinks_name_at(const struct delivery_sinks *sinks, size_t index)
{
    return index < sinks->count ? sinks->sinks[index]->name : NULL;
}

static size_t sinks_place_of(const struct delivery_sinks *sinks, const char *name)
{
    size_t place = 0;
    while (place < sinks->count && strcmp(sinks->sinks[place]->name, name) != 0)
        place++;
    return place;
}

const struct sink *delivery_sinks_find(const struct delivery_sinks *sinks, const char *name)
{
    size_t place = sinks ? sinks_place_of(sinks, name) : 0;
    return sinks && place < sinks->count ? sinks->sinks[place] : NULL;
}

/* Takes sink. One of the same name, of an earlier folder, is replaced. */
static enum err_code sinks_add(struct delivery_sinks *sinks, struct sink *sink, const char *path, struct err *err)
{
    size_t place = sinks_place_of(sinks, sink->name);
    if (place == SINKS_MOST) {
        action_unload(&sink_schema, sink);
        return err_set(err, ERR_LIMIT, "%s: there are more than %d sinks", path, SINKS_MOST);
    }
    if (place < sinks->count)
        action_unload(&sink_schema, sinks->sinks[place]);
    else
        sinks->count++;
    sinks->sinks[place] = sink;
    return ERR_OK;
}

static enum err_code sinks_load_file(struct delivery_sinks *sinks, const char *folder, const char *name,
                                     struct err *err)
{
    char path[SINKS_PATH_BYTES];
    OWN_BUF struct buf text = {0};
    void *data = NULL;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "%s: the path is too long", folder);
    TRY(action_load_read(path, &text, err));
    TRY(action_load_text(path, buf_text(&text), text.length, &sink_schema, &data, err));
    if (sink_check(data, err) != ERR_OK) {
        action_unload(&sink_schema, data);
        return action_load_place(path, buf_text(&text), text.length, err);
    }
    return sinks_add(sinks, data, path, err);
}

static int sinks_is_definition(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static enum err_code sinks_load_folder(struct delivery_sinks *sinks, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, sinks_is_definition, alphasort);
    if (found < 0)
        return errno == ENOENT ? ERR_OK : err_set_errno(err, errno, "%s: cannot be read", folder);
    enum err_code code = ERR_OK;
    for (int i = 0; i < found; i++) {
        if (code == ERR_OK)
            code = sinks_load_file(sinks, folder, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

enum err_code delivery_sinks_load(const char *const *folders, size_t count,
                                  struct delivery_sinks **ret_sinks, struct err *err)
{
    OWN(delivery_sinks_free) struct delivery_sinks *sinks = calloc(1, sizeof *sinks);
    if (!sinks)
        return err_set(err, ERR_MEMORY, "no memory for the sinks");
    for (size_t i = 0; i < count; i++)
        TRY(sinks_load_folder(sinks, folders[i], err));
    *ret_sinks = GIVE(sinks);
    return ERR_OK;
}
