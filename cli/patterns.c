#include "patterns.h"

#include "agent.h"
#include "field.h"
#include "literals.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATTERNS_WORD_LEAST = 4, PATTERNS_TAIL_BYTES = 4 };
static const char patterns_ellipsis[] = "…"; /* between a mask's two ends */

void patterns_release(struct patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (patterns->items[i].compiled)
            regfree(&patterns->items[i].regex);
    free(patterns->items);
    free(patterns->words);
    *patterns = (struct patterns){0};
}

/* --- Words -------------------------------------------------------------------- */

static bool patterns_covers(const struct patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->word_count; i++)
        if (strstr(text, patterns->words[i]))
            return true;
    return false;
}

static enum err_code patterns_add_word(struct patterns *patterns, const char *word, struct err *err)
{
    if (patterns_covers(patterns, word))
        return ERR_OK;
    void *grown = reallocarray(patterns->words, patterns->word_count + 1, sizeof patterns->words[0]);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    patterns->words = grown;
    (void)snprintf(patterns->words[patterns->word_count++], sizeof patterns->words[0], "%s", word);
    return ERR_OK;
}

static enum err_code patterns_add(struct patterns *patterns, const char *provider, const char *environment,
                                  const char *text, struct err *err)
{
    struct literals literals;
    void *grown = reallocarray(patterns->items, patterns->count + 1, sizeof patterns->items[0]);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    patterns->items = grown;
    struct sweep_pattern *item = &patterns->items[patterns->count];
    *item = (struct sweep_pattern){0};
    if (regcomp(&item->regex, text, REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(err, ERR_FORMAT, "the key pattern of %s is no regular expression", provider);
    item->compiled = true;
    (void)snprintf(item->provider, sizeof item->provider, "%s", provider);
    (void)snprintf(item->environment, sizeof item->environment, "%s", environment);
    patterns->count++;
    bool fixed = literals_of_pattern(text, PATTERNS_WORD_LEAST, &literals);
    patterns->vague += !fixed;
    for (size_t i = 0; fixed && i < literals.count; i++)
        TRY(patterns_add_word(patterns, literals.words[i], err));
    return ERR_OK;
}

/* --- From the agent ------------------------------------------------------------- */

static enum err_code patterns_add_provider(struct patterns *patterns, const json_t *provider, struct err *err)
{
    size_t index = 0;
    const json_t *environment = NULL;
    json_array_foreach (json_object_get(provider, "environments"), index, environment)
        if (field_text(environment, "key_pattern")[0])
            TRY(patterns_add(patterns, field_text(provider, "name"), field_text(environment, "name"),
                             field_text(environment, "key_pattern"), err));
    return ERR_OK;
}

/* A key of a shape that no pattern has: by the beginning that its mask shows, or else its end. */
static enum err_code patterns_add_mask(struct patterns *patterns, const char *mask, struct err *err)
{
    char head[FINDER_MOST_BYTES + 1];
    const char *gap = strstr(mask, patterns_ellipsis);
    if (!gap)
        return ERR_OK;
    (void)snprintf(head, sizeof head, "%.*s", (int)(gap - mask), mask);
    const char *tail = gap + strlen(patterns_ellipsis);
    if (strlen(head) >= PATTERNS_WORD_LEAST)
        return patterns_add_word(patterns, head, err);
    return strlen(tail) >= PATTERNS_TAIL_BYTES ? patterns_add_word(patterns, tail, err) : ERR_OK;
}

enum err_code patterns_from_agent(struct cli *cli, struct patterns *ret_patterns, struct err *err)
{
    OWN(json_free) json_t *providers = NULL;
    OWN(json_free) json_t *keys = NULL;
    size_t index = 0;
    const json_t *row = NULL;
    TRY(agent_list(cli, "/v1/keys", "keys", &keys, err));
    TRY(agent_list(cli, "/v1/providers", "providers", &providers, err));
    json_array_foreach (providers, index, row)
        TRY(patterns_add_provider(ret_patterns, row, err));
    json_array_foreach (keys, index, row)
        TRY(patterns_add_mask(ret_patterns, field_text(json_object_get(row, "current"), "mask"), err));
    return ERR_OK;
}

/* --- From definitions -------------------------------------------------------------- */

/* The value of a line "  NAME: VALUE", without its quotes, in place; NULL: it is another line. */
static char *patterns_value(char *line, const char *name)
{
    char *at = line + strspn(line, " -{");
    if (strncmp(at, name, strlen(name)) != 0)
        return NULL;
    at += strlen(name);
    at += strspn(at, " ");
    at[strcspn(at, "\n")] = '\0';
    char quote = *at;
    char *end = quote == '\'' || quote == '"' ? strrchr(at + 1, quote) : NULL;
    if (!end)
        return at;
    *end = '\0';
    return at + 1;
}

static enum err_code patterns_add_file(struct patterns *patterns, const char *path, struct err *err)
{
    char line[2048];
    char provider[LIMIT_NAME_BYTES + 1] = "";
    char environment[LIMIT_NAME_BYTES + 1] = "";
    enum err_code code = ERR_OK;
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, ERR_IO, "cannot read %s: %m", path);
    while (code == ERR_OK && fgets(line, sizeof line, file)) {
        bool top = line[0] != ' ';
        char *name = patterns_value(line, "name:");
        char *pattern = name ? NULL : patterns_value(line, "key_pattern:");
        if (name)
            (void)snprintf(top ? provider : environment, sizeof provider, "%s", name);
        if (pattern)
            code = patterns_add(patterns, provider, environment, pattern, err);
    }
    (void)fclose(file);
    return code;
}

static bool patterns_beside(struct buf *folder)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = length > 0 ? memrchr(self, '/', (size_t)length) : NULL;
    if (!slash)
        return false;
    *slash = '\0';
    buf_printf(folder, "%s/../share/keyturn/providers", self);
    return true;
}

enum err_code patterns_from_folder(const char *folder, struct patterns *ret_patterns, struct err *err)
{
    OWN_BUF struct buf place = {0};
    glob_t files = {0};
    enum err_code code = ERR_OK;
    if (folder)
        buf_text_add(&place, folder);
    else if (!patterns_beside(&place))
        return err_set(err, ERR_NOT_FOUND, "cannot tell where this program is; name the definitions' folder with "
                       "--definitions");
    OWN_BUF struct buf names = {0};
    buf_printf(&names, "%s/*.yaml", buf_text(&place));
    (void)glob(buf_text(&names), 0, NULL, &files);
    for (size_t i = 0; code == ERR_OK && i < files.gl_pathc; i++)
        code = patterns_add_file(ret_patterns, files.gl_pathv[i], err);
    globfree(&files);
    TRY(code);
    if (ret_patterns->count == 0)
        return err_set(err, ERR_NOT_FOUND, "no definition with a key_pattern is in %s; name a folder with --definitions",
                       buf_text(&place));
    return ERR_OK;
}
