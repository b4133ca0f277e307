/* How the fields of a definition's YAML map to the structs of action.h. Lengths
 * and counts are limited here, meaning is checked in check.c. */
#include "action/action.h"

enum { ACTION_SHORT_BYTES = 256, ACTION_LONG_BYTES = 64 * 1024 };

#define ACTION_TEXT(type, member, most)                                                                        \
    CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1, most)
#define ACTION_LIST(type, member, entry, most)                                                                 \
    CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, entry, 1, most)

static const cyaml_schema_field_t action_condition_fields[] = {
    ACTION_TEXT(struct action_condition, pointer, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_condition, equals, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_condition, not_equals, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_condition, present, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t action_condition_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct action_condition, action_condition_fields),
};

static const cyaml_schema_field_t action_rule_fields[] = {
    CYAML_FIELD_INT("status", CYAML_FLAG_OPTIONAL, struct action_rule, status),
    ACTION_TEXT(struct action_rule, status_class, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, content_type, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, pointer, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, equals, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, not_equals, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, present, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, header, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, header_equals, ACTION_SHORT_BYTES),
    ACTION_LIST(struct action_rule, also, &action_condition_value, 16),
    ACTION_TEXT(struct action_rule, verdict, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_rule, because, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t action_rule_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct action_rule, action_rule_fields),
};

static const cyaml_schema_field_t action_extract_fields[] = {
    ACTION_TEXT(struct action_extract, name, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_extract, pointer, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_extract, header, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_extract, optional, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t action_extract_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct action_extract, action_extract_fields),
};

static const cyaml_schema_field_t action_header_fields[] = {
    ACTION_TEXT(struct action_header, name, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_header, value, ACTION_LONG_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t action_header_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct action_header, action_header_fields),
};

static const cyaml_schema_field_t action_pick_fields[] = {
    /* "" is the whole answer. */
    CYAML_FIELD_STRING_PTR("list", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_pick, list, 0,
                           ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_pick, by, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_pick, equals, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t action_items_fields[] = {
    CYAML_FIELD_STRING_PTR("list", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_items, list, 0,
                           ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_items, id, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_items, label, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t action_request_fields[] = {
    ACTION_TEXT(struct action_request, method, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, url, ACTION_LONG_BYTES),
    ACTION_LIST(struct action_request, headers, &action_header_value, 32),
    ACTION_TEXT(struct action_request, body, ACTION_LONG_BYTES),
    ACTION_TEXT(struct action_request, content_type, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, basic_user, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, basic_password, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, sigv4, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, sigv4_user, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, client_certificate, ACTION_SHORT_BYTES),
    ACTION_TEXT(struct action_request, timeout, ACTION_SHORT_BYTES),
    CYAML_FIELD_MAPPING_PTR("pick", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_request, pick,
                            action_pick_fields),
    CYAML_FIELD_MAPPING_PTR("items", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_request, items,
                            action_items_fields),
    ACTION_LIST(struct action_request, rules, &action_rule_value, 64),
    ACTION_LIST(struct action_request, extract, &action_extract_value, 16),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t action_request_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct action_request, action_request_fields),
};

static const cyaml_schema_field_t action_manual_fields[] = {
    ACTION_TEXT(struct action_manual, instructions, ACTION_LONG_BYTES),
    ACTION_TEXT(struct action_manual, link, ACTION_LONG_BYTES),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t action_argument_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, ACTION_LONG_BYTES),
};
static const cyaml_schema_field_t action_program_fields[] = {
    ACTION_LIST(struct action_program, command, &action_argument_value, 64),
    ACTION_TEXT(struct action_program, timeout, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};

const cyaml_schema_field_t action_spec_fields[] = {
    ACTION_LIST(struct action_spec, requests, &action_request_value, 8),
    CYAML_FIELD_MAPPING_PTR("manual", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_spec, manual,
                            action_manual_fields),
    CYAML_FIELD_MAPPING_PTR("program", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct action_spec, program,
                            action_program_fields),
    ACTION_TEXT(struct action_spec, credential, ACTION_SHORT_BYTES),
    CYAML_FIELD_END,
};
