/* Where a field stands in its file. libcyaml forgets lines once the structs are
 * filled, so the text is read a second time when a message needs one. */
#include "action/load.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* The value of a key, and where the key stands; NULL when there is none. */
static yaml_node_t *place_member(yaml_document_t *document, const yaml_node_t *mapping, const char *name,
                                 size_t length, size_t *line)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (!key || key->type != YAML_SCALAR_NODE || key->data.scalar.length != length ||
            memcmp(key->data.scalar.value, name, length) != 0)
            continue;
        *line = key->start_mark.line;
        return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

/* The element of that number, from 1; NULL when there is none. */
static yaml_node_t *place_element(yaml_document_t *document, const yaml_node_t *sequence, size_t number,
                                  size_t *line)
{
    const yaml_node_item_t *item = sequence->data.sequence.items.start;
    if (number == 0 || number > (size_t)(sequence->data.sequence.items.top - item))
        return NULL;
    yaml_node_t *element = yaml_document_get_node(document, item[number - 1]);
    if (element)
        *line = element->start_mark.line;
    return element;
}

/* Walk "a.b[2].c" as far as it leads; the line, from 0, of the last field that is there. */
static size_t place_walk(yaml_document_t *document, const char *path, size_t length)
{
    size_t line = 0;
    const char *end = path + length;
    yaml_node_t *node = yaml_document_get_root_node(document);
    while (node && path < end) {
        if (*path == '[' && node->type == YAML_SEQUENCE_NODE) {
            node = place_element(document, node, strtoul(path + 1, NULL, 10), &line);
            path += strcspn(path, "]") + 1;
        } else if (*path != '[' && node->type == YAML_MAPPING_NODE) {
            size_t name = strcspn(path, ".[: ");
            node = place_member(document, node, path, name, &line);
            path += name;
        } else {
            return line;
        }
        if (path < end && *path == '.')
            path++;
    }
    return line;
}

enum err_code action_load_place(const char *what, const char *text, size_t length, struct err *err)
{
    yaml_parser_t parser;
    yaml_document_t document;
    size_t line = 0;
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
        if (yaml_parser_load(&parser, &document)) {
            line = place_walk(&document, err->message, strcspn(err->message, ": "));
            yaml_document_delete(&document);
        }
        yaml_parser_delete(&parser);
    }
    return err_prefix(err, "%s:%zu", what, line + 1);
}
