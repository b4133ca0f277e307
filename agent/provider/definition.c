#include "definition.h"

enum { DEFINITION_TEXT_BYTES = 1024 };

#define DEFINITION_TEXT(type, member, flags)                                                                   \
    CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | (flags), type, member, 1, DEFINITION_TEXT_BYTES)
#define DEFINITION_NUMBER(member)                                                                              \
    CYAML_FIELD_UINT_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct definition_limits, member)
#define DEFINITION_ACTION(member)                                                                              \
    CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct definition_actions,      \
                            member, action_spec_fields)

static const cyaml_schema_field_t definition_environment_fields[] = {
    DEFINITION_TEXT(struct definition_environment, name, 0),
    DEFINITION_TEXT(struct definition_environment, class, 0),
    DEFINITION_TEXT(struct definition_environment, base_url, 0),
    DEFINITION_TEXT(struct definition_environment, key_pattern, 0),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t definition_environment_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct definition_environment, definition_environment_fields),
};

static const cyaml_schema_field_t definition_setting_fields[] = {
    DEFINITION_TEXT(struct definition_setting, name, 0),
    DEFINITION_TEXT(struct definition_setting, title, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_setting, kind, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_setting, value, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t definition_setting_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct definition_setting, definition_setting_fields),
};
static const cyaml_schema_field_t definition_values_fields[] = {
    CYAML_FIELD_SEQUENCE("settings", CYAML_FLAG_POINTER, struct definition_values, settings,
                         &definition_setting_value, 1, 32),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t definition_values_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct definition_values, definition_values_fields),
};

static const cyaml_schema_field_t definition_limits_fields[] = {
    DEFINITION_NUMBER(parallel),
    DEFINITION_NUMBER(per_second),
    DEFINITION_NUMBER(keys),
    DEFINITION_NUMBER(settle),
    DEFINITION_TEXT(struct definition_limits, settle_interval, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_limits, propagation, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_limits, proving_deadline, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_limits, watch, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_limits, usage_lag, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition_limits, horizon, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t definition_actions_fields[] = {
    DEFINITION_ACTION(issue),
    DEFINITION_ACTION(find),
    DEFINITION_ACTION(probe),
    DEFINITION_ACTION(disable),
    DEFINITION_ACTION(enable),
    DEFINITION_ACTION(revoke),
    DEFINITION_ACTION(usage),
    DEFINITION_ACTION(list),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t definition_fields[] = {
    DEFINITION_TEXT(struct definition, name, 0),
    DEFINITION_TEXT(struct definition, title, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition, documentation, CYAML_FLAG_OPTIONAL),
    DEFINITION_TEXT(struct definition, overlap, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_SEQUENCE("environments", CYAML_FLAG_POINTER, struct definition, environments,
                         &definition_environment_value, 1, 32),
    CYAML_FIELD_SEQUENCE("settings", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct definition, settings,
                         &definition_setting_value, 1, 32),
    CYAML_FIELD_MAPPING_PTR("limits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct definition, limits,
                            definition_limits_fields),
    CYAML_FIELD_MAPPING_PTR("actions", CYAML_FLAG_POINTER, struct definition, actions,
                            definition_actions_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t definition_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct definition, definition_fields),
};

const struct action_spec *definition_action(const struct definition *definition, enum provider_action action)
{
    const struct definition_actions *actions = definition->actions;
    const struct action_spec *const specs[PROVIDER_ACTION_COUNT] = {
        [PROVIDER_ISSUE] = actions->issue,     [PROVIDER_FIND] = actions->find,
        [PROVIDER_PROBE] = actions->probe,     [PROVIDER_DISABLE] = actions->disable,
        [PROVIDER_ENABLE] = actions->enable,   [PROVIDER_REVOKE] = actions->revoke,
        [PROVIDER_USAGE] = actions->usage,     [PROVIDER_LIST] = actions->list,
    };
    return specs[action];
}
