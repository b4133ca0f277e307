/* On libyaml's events: one is looked at before it is taken, and nothing is kept
 * of what was passed. */
#include "document.h"

#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct document {
    const char *what;
    yaml_parser_t parser;
    yaml_event_t event; /* what comes next, while held */
    bool held;
    size_t line;
    unsigned depth;
};

/* --- Events ----------------------------------------------------------------- */

size_t document_line(const struct document *document)
{
    return document->line;
}

enum err_code document_refuse(const struct document *document, struct err *err, const char *format, ...)
{
    char text[ERR_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return err_set(err, ERR_INVALID, "%s:%zu: %s", document->what, document->line, text);
}

enum err_code document_place(const struct document *document, const char *name, struct err *err)
{
    return err_prefix(err, "%s:%zu: %s", document->what, document->line, name);
}

static enum err_code document_not_yaml(struct document *document, struct err *err)
{
    const yaml_parser_t *parser = &document->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return err_set(err, ERR_MEMORY, "%s: out of memory", document->what);
    document->line = parser->problem_mark.line + 1;
    return document_refuse(document, err, "%s", parser->problem ? parser->problem : "is no YAML");
}

static const yaml_char_t *document_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return event->data.alias.anchor;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor ? event->data.scalar.anchor : event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor ? event->data.sequence_start.anchor
                                                 : event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor ? event->data.mapping_start.anchor : event->data.mapping_start.tag;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return NULL;
    }
    return NULL;
}

/* Is what comes next of that type? Its line is that of messages from here on. */
static enum err_code document_peek(struct document *document, yaml_event_type_t type, bool *ret_is, struct err *err)
{
    if (!document->held) {
        if (!yaml_parser_parse(&document->parser, &document->event))
            return document_not_yaml(document, err);
        document->held = true;
    }
    document->line = document->event.start_mark.line + 1;
    if (document_anchor(&document->event))
        return document_refuse(document, err, "anchors, aliases and tags are not taken here");
    *ret_is = document->event.type == type;
    return ERR_OK;
}

static void document_take(struct document *document)
{
    if (document->held)
        yaml_event_delete(&document->event);
    document->held = false;
}

static enum err_code document_expect(struct document *document, yaml_event_type_t type, const char *expected,
                                     struct err *err)
{
    bool is = false;
    TRY(document_peek(document, type, &is, err));
    if (!is)
        return document_refuse(document, err, "expected %s", expected);
    document_take(document);
    return ERR_OK;
}

enum err_code document_open(const char *what, const char *text, size_t length, struct document **ret_document,
                            struct err *err)
{
    OWN(document_free) struct document *document = calloc(1, sizeof *document);
    if (!document || !yaml_parser_initialize(&document->parser))
        return err_set(err, ERR_MEMORY, "out of memory");
    document->what = what;
    yaml_parser_set_encoding(&document->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&document->parser, (const unsigned char *)text, length);
    TRY(document_expect(document, YAML_STREAM_START_EVENT, "YAML", err));
    TRY(document_expect(document, YAML_DOCUMENT_START_EVENT, "a document, and it is empty", err));
    *ret_document = GIVE(document);
    return ERR_OK;
}

struct document *document_free(struct document *document)
{
    if (!document)
        return NULL;
    document_take(document);
    yaml_parser_delete(&document->parser);
    free(document);
    return NULL;
}

enum err_code document_end(struct document *document, struct err *err)
{
    TRY(document_expect(document, YAML_DOCUMENT_END_EVENT, "the end of the document", err));
    return document_expect(document, YAML_STREAM_END_EVENT, "one document, and another follows", err);
}

/* --- Values -------------------------------------------------------------------- */

static bool document_is_word(const yaml_event_t *event, const char *word)
{
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           strcmp((const char *)event->data.scalar.value, word) == 0;
}

static bool document_is_null(const yaml_event_t *event)
{
    return document_is_word(event, "") || document_is_word(event, "~") || document_is_word(event, "null");
}

/* What comes next is a scalar, without the NUL that an escape can write. */
static enum err_code document_at_scalar(struct document *document, struct err *err)
{
    bool is = false;
    TRY(document_peek(document, YAML_SCALAR_EVENT, &is, err));
    if (!is)
        return document_refuse(document, err, "expected a text");
    if (strlen((const char *)document->event.data.scalar.value) != document->event.data.scalar.length)
        return document_refuse(document, err, "a text holds no NUL");
    return ERR_OK;
}

enum err_code document_scalar(struct document *document, struct buf *text, bool *ret_null, struct err *err)
{
    TRY(document_at_scalar(document, err));
    buf_clear(text);
    buf_text_add(text, (const char *)document->event.data.scalar.value);
    if (ret_null)
        *ret_null = document_is_null(&document->event);
    document_take(document);
    return buf_ok(text) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code document_enter(struct document *document, yaml_event_type_t type, const char *expected,
                                    struct err *err)
{
    TRY(document_expect(document, type, expected, err));
    if (++document->depth > DOCUMENT_DEPTH)
        return document_refuse(document, err, "more than %d mappings and lists within each other", DOCUMENT_DEPTH);
    return ERR_OK;
}

static enum err_code document_name(struct document *document, json_t *seen, struct buf *name, struct err *err)
{
    TRY(document_scalar(document, name, NULL, err));
    if (name->length > DOCUMENT_NAME_BYTES)
        return document_refuse(document, err, "a name of %zu bytes; it may have %d", name->length, DOCUMENT_NAME_BYTES);
    const json_t *first = json_object_get(seen, buf_text(name));
    if (first)
        return document_refuse(document, err, "“%.80s” stands twice, first in line %lld", buf_text(name),
                               (long long)json_integer_value(first));
    if (json_object_set_new(seen, buf_text(name), json_integer((json_int_t)document->line)) != 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    return ERR_OK;
}

enum err_code document_mapping(struct document *document, document_member *member, void *context, struct err *err)
{
    OWN(json_free) json_t *seen = json_object();
    OWN_BUF struct buf name = {0};
    bool ended = false;
    TRY(document_enter(document, YAML_MAPPING_START_EVENT, "a mapping", err));
    for (;;) {
        TRY(document_peek(document, YAML_MAPPING_END_EVENT, &ended, err));
        if (ended)
            break;
        TRY(document_name(document, seen, &name, err));
        TRY(member(context, document, buf_text(&name), err));
    }
    document_take(document);
    document->depth--;
    return ERR_OK;
}

enum err_code document_list(struct document *document, document_member *element, void *context, struct err *err)
{
    bool ended = false;
    TRY(document_enter(document, YAML_SEQUENCE_START_EVENT, "a list", err));
    for (;;) {
        TRY(document_peek(document, YAML_SEQUENCE_END_EVENT, &ended, err));
        if (ended)
            break;
        TRY(element(context, document, NULL, err));
    }
    document_take(document);
    document->depth--;
    return ERR_OK;
}

static enum err_code document_into_object(void *context, struct document *document, const char *name,
                                          struct err *err)
{
    json_t *value = NULL;
    TRY(document_value(document, &value, err));
    return json_object_set_new(context, name, value) == 0 ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code document_into_array(void *context, struct document *document, const char *name,
                                         struct err *err)
{
    (void)name;
    json_t *value = NULL;
    TRY(document_value(document, &value, err));
    return json_array_append_new(context, value) == 0 ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code document_scalar_value(struct document *document, json_t **ret_value, struct err *err)
{
    TRY(document_at_scalar(document, err));
    const yaml_event_t *event = &document->event;
    json_t *value = document_is_word(event, "true")    ? json_true()
                    : document_is_word(event, "false") ? json_false()
                    : document_is_null(event)          ? json_null()
                                                       : json_string((const char *)event->data.scalar.value);
    document_take(document);
    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    *ret_value = value;
    return ERR_OK;
}

enum err_code document_value(struct document *document, json_t **ret_value, struct err *err)
{
    bool mapping = false;
    bool list = false;
    TRY(document_peek(document, YAML_MAPPING_START_EVENT, &mapping, err));
    TRY(document_peek(document, YAML_SEQUENCE_START_EVENT, &list, err));
    if (!mapping && !list)
        return document_scalar_value(document, ret_value, err);
    OWN(json_free) json_t *value = mapping ? json_object() : json_array();
    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(mapping ? document_mapping(document, document_into_object, value, err)
                : document_list(document, document_into_array, value, err));
    *ret_value = GIVE(value);
    return ERR_OK;
}
