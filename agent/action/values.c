/* A handful of named values: a list is shorter than a table here. */
#include "template.h"

#include <stdlib.h>
#include <string.h>

struct action_value {
    struct action_value *next;
    char *name;
    char *text;                    /* or NULL */
    struct secret *secret;         /* owned, or NULL */
    const struct secret *borrowed; /* or NULL */
};

struct action_values {
    struct action_value *first;
    const struct action_values *base;
};

struct action_values *action_values_new(void)
{
    return calloc(1, sizeof(struct action_values));
}

static void action_value_clear(struct action_value *value)
{
    free(value->text);
    value->text = NULL;
    value->secret = secret_free(value->secret);
    value->borrowed = NULL;
}

struct action_values *action_values_free(struct action_values *values)
{
    if (!values)
        return NULL;
    while (values->first) {
        struct action_value *value = values->first;
        values->first = value->next;
        action_value_clear(value);
        free(value->name);
        free(value);
    }
    free(values);
    return NULL;
}

void action_values_set_base(struct action_values *values, const struct action_values *base)
{
    values->base = base;
}

static struct action_value *action_value_own(const struct action_values *values, const char *name)
{
    struct action_value *value = values->first;
    while (value && strcmp(value->name, name) != 0)
        value = value->next;
    return value;
}

static const struct action_value *action_value_find(const struct action_values *values, const char *name)
{
    const struct action_value *found = NULL;
    for (; values && !found; values = values->base)
        found = action_value_own(values, name);
    return found;
}

/* The empty value of that name, made when it is missing. */
static struct action_value *action_value_place(struct action_values *values, const char *name)
{
    struct action_value *value = action_value_own(values, name);
    if (value) {
        action_value_clear(value);
        return value;
    }
    value = calloc(1, sizeof *value);
    if (!value || !(value->name = strdup(name))) {
        free(value);
        return NULL;
    }
    value->next = values->first;
    values->first = value;
    return value;
}

static enum err_code action_value_no_memory(const char *name, struct err *err)
{
    return err_set(err, ERR_MEMORY, "no memory for the value %s", name);
}

enum err_code action_values_set(struct action_values *values, const char *name, const char *text,
                                struct err *err)
{
    char *copy = strdup(text);
    struct action_value *value = copy ? action_value_place(values, name) : NULL;
    if (!value) {
        free(copy);
        return action_value_no_memory(name, err);
    }
    value->text = copy;
    return ERR_OK;
}

enum err_code action_values_set_secret(struct action_values *values, const char *name,
                                       struct secret *secret, struct err *err)
{
    struct action_value *value = action_value_place(values, name);
    if (!value) {
        secret_free(secret);
        return action_value_no_memory(name, err);
    }
    value->secret = secret;
    return ERR_OK;
}

enum err_code action_values_borrow_secret(struct action_values *values, const char *name,
                                          const struct secret *secret, struct err *err)
{
    struct action_value *value = action_value_place(values, name);
    if (!value)
        return action_value_no_memory(name, err);
    value->borrowed = secret;
    return ERR_OK;
}

const char *action_values_text(const struct action_values *values, const char *name)
{
    const struct action_value *value = action_value_find(values, name);
    return value ? value->text : NULL;
}

const struct secret *action_values_secret(const struct action_values *values, const char *name)
{
    const struct action_value *value = action_value_find(values, name);
    if (!value)
        return NULL;
    return value->secret ? value->secret : value->borrowed;
}

struct secret *action_values_take_secret(struct action_values *values, const char *name)
{
    struct action_value *value = action_value_own(values, name);
    return value ? GIVE(value->secret) : NULL;
}

void action_values_each(const struct action_values *values, action_values_visit *visit, void *context)
{
    for (const struct action_value *value = values->first; value; value = value->next)
        visit(context, value->name, value->text, value->secret ? value->secret : value->borrowed);
}
