/* A template is read piece by piece and never kept parsed: it is short, and what
 * it makes is sent over a network. A secret is rendered twice, first to count,
 * because a secret's capacity is fixed at birth. */
#include "template.h"

#include <string.h>

void template_put(struct template_sink *sink, const void *bytes, size_t length)
{
    sink->length += length;
    if (sink->text) {
        buf_add(sink->text, bytes, length);
        sink->failed = sink->failed || !buf_ok(sink->text);
    }
    if (sink->secret && secret_append(sink->secret, bytes, length) != ERR_OK)
        sink->failed = true;
}

static bool template_is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* "name}}" or "name|filter}}" after the opening braces. */
static enum err_code template_placeholder(const char **at, const char *what, struct template_piece *piece,
                                          struct err *err)
{
    const char *start = *at;
    const char *end = strstr(start, "}}");
    size_t length = 0;
    while (template_is_name_byte(start[length]))
        length++;
    if (!end)
        return err_set(err, ERR_INVALID, "%s: \"{{\" without \"}}\"; write \"{{{{\" for the text \"{{\"", what);
    if (length == 0 || length > TEMPLATE_NAME_BYTES || (start[length] != '}' && start[length] != '|') ||
        start + length > end)
        return err_set(err, ERR_INVALID,
                       "%s: a placeholder is {{name}} or {{name|filter}}, its name of a-z, 0-9 and _", what);
    memcpy(piece->name, start, length);
    piece->name[length] = '\0';
    if (start[length] == '|') {
        const char *filter = start + length + 1;
        piece->filter = template_filter_find(filter, (size_t)(end - filter));
        if (!piece->filter)
            return err_set(err, ERR_INVALID, "%s: {{%s}} has a filter that is none of %s", what, piece->name,
                           template_filter_names());
    }
    *at = end + 2;
    return ERR_OK;
}

enum err_code template_next(const char **at, const char *what, struct template_piece *ret_piece,
                            bool *ret_more, struct err *err)
{
    struct template_piece piece = {0};
    const char *start = *at;
    if (strncmp(start, "{{{{", 4) == 0) {
        piece.literal = "{{";
        piece.literal_length = 2;
        *at += 4;
    } else if (strncmp(start, "{{", 2) == 0) {
        *at += 2;
        TRY(template_placeholder(at, what, &piece, err));
    } else {
        const char *end = strstr(start, "{{");
        piece.literal = start;
        piece.literal_length = end ? (size_t)(end - start) : strlen(start);
        *at += piece.literal_length;
    }
    *ret_more = *start != '\0';
    *ret_piece = piece;
    return ERR_OK;
}

/* A filter that needs a key finds it in the value of the key's name. */
static enum err_code template_write_keyed(const struct template_piece *piece,
                                          const struct action_values *values, const unsigned char *bytes,
                                          size_t length, const char *what, struct template_sink *sink,
                                          struct err *err)
{
    const struct template_filter *filter = piece->filter;
    const char *key = action_values_text(values, filter->key_name);
    if (!key)
        return err_set(err, ERR_INVALID, "%s: {{%s|%s}} needs the value %s", what, piece->name, filter->name,
                       filter->key_name);
    if (!filter->write_keyed(key, bytes, length, sink))
        return err_set(err, ERR_INVALID, "%s: the value %s is not a key for %s", what, filter->key_name,
                       filter->name);
    return ERR_OK;
}

static enum err_code template_write_value(const struct template_piece *piece,
                                          const struct action_values *values, bool secrets_allowed,
                                          const char *what, struct template_sink *sink, struct err *err)
{
    const char *text = action_values_text(values, piece->name);
    const struct secret *secret = action_values_secret(values, piece->name);
    if (!text && !secret)
        return err_set(err, ERR_INVALID, "%s: there is no value for {{%s}}", what, piece->name);
    if (secret && !secrets_allowed)
        return err_set(err, ERR_INVALID, "%s: {{%s}} is a secret, and no secret may stand here", what,
                       piece->name);
    const unsigned char *bytes = secret ? secret_peek(secret) : (const unsigned char *)text;
    size_t length = secret ? secret_length(secret) : strlen(text);
    if (piece->filter && piece->filter->write_keyed)
        return template_write_keyed(piece, values, bytes, length, what, sink, err);
    if (piece->filter)
        piece->filter->write(bytes, length, sink);
    else
        template_put(sink, bytes, length);
    return ERR_OK;
}

enum err_code template_write(const char *template_text, const struct action_values *values,
                             bool secrets_allowed, const char *what, struct template_sink *sink,
                             struct err *err)
{
    const char *at = template_text;
    for (;;) {
        struct template_piece piece;
        bool more;
        TRY(template_next(&at, what, &piece, &more, err));
        if (!more)
            return ERR_OK;
        if (piece.literal)
            template_put(sink, piece.literal, piece.literal_length);
        else
            TRY(template_write_value(&piece, values, secrets_allowed, what, sink, err));
        if (sink->length > TEMPLATE_RENDERED_BYTES)
            return err_set(err, ERR_LIMIT, "%s: rendered, it is larger than 1 MiB", what);
        if (sink->failed)
            return err_set(err, ERR_MEMORY, "%s: no memory to render it", what);
    }
}

enum err_code action_render(const char *template_text, const struct action_values *values,
                            const char *what, struct buf *out, struct err *err)
{
    struct template_sink sink = {.text = out};
    size_t before = out->length;
    enum err_code code = template_write(template_text, values, false, what, &sink, err);
    if (code != ERR_OK)
        buf_truncate(out, before);
    return code;
}

enum err_code action_render_secret(const char *template_text, const struct action_values *values,
                                   const char *what, struct secret_arena *arena,
                                   struct secret **ret_secret, struct err *err)
{
    struct template_sink count = {0};
    TRY(template_write(template_text, values, true, what, &count, err));
    OWN(secret_free) struct secret *secret = secret_new_in(arena, count.length > 0 ? count.length : 1);
    if (!secret)
        return err_set(err, ERR_MEMORY, "%s: no memory to render it", what);
    struct template_sink sink = {.secret = secret};
    TRY(template_write(template_text, values, true, what, &sink, err));
    *ret_secret = GIVE(secret);
    return ERR_OK;
}

enum err_code action_template_check(const char *template_text, const char *what, struct err *err)
{
    const char *at = template_text;
    bool more = true;
    while (more) {
        struct template_piece piece;
        TRY(template_next(&at, what, &piece, &more, err));
    }
    return ERR_OK;
}
