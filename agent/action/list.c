/* Steps that list: the keys of each page, gathered. A list that is not whole proves
 * nothing of what is not in it (S2), so an element that cannot be read spoils all of it. */
#include "body.h"
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct action_list *action_list_free(struct action_list *list)
{
    for (size_t i = 0; list && i < list->count; i++) {
        free(list->items[i].id);
        free(list->items[i].label);
    }
    if (list)
        free(list->items);
    free(list);
    return NULL;
}

bool action_lists(const struct action_spec *spec)
{
    return spec->requests_count > 0 && spec->requests[0].items != NULL;
}

static enum err_code list_room(struct action_list *list, struct err *err)
{
    if (list->count < list->capacity)
        return ERR_OK;
    if (list->count >= ACTION_ITEMS_MOST)
        return err_set(err, ERR_LIMIT, "more than %d keys are listed", ACTION_ITEMS_MOST);
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    struct action_item *items = reallocarray(list->items, capacity, sizeof *items);
    if (!items)
        return err_set(err, ERR_MEMORY, "no memory for a list of keys");
    list->items = items;
    list->capacity = capacity;
    return ERR_OK;
}

struct list_page {
    const struct action_items *declared;
    const struct action_values *known;
    struct action_list *list;
    struct err *err;
};

/* One text of an element, copied; "" where it is none that fits, or holds one of our secrets. */
static enum err_code list_text(const struct list_page *page, struct json_t *element, const char *pointer,
                               char **ret_text)
{
    char number[BODY_NUMBER_BYTES];
    size_t length = 0;
    struct json_t *value = body_find_below(element, pointer);
    const char *text = value && !body_is_null(value) ? body_text(value, number, &length) : NULL;
    bool fits = text && length < ACTION_ITEM_BYTES && !memchr(text, '\0', length) && !judge_quotes_known(page->known, text, length);
    *ret_text = strndup(fits ? text : "", fits ? length : 0);
    return *ret_text ? ERR_OK : err_set(page->err, ERR_MEMORY, "no memory for a list of keys");
}

static enum err_code list_take(void *context, struct json_t *element)
{
    struct list_page *page = context;
    struct action_list *list = page->list;
    struct action_item *item;
    TRY(list_room(list, page->err));
    item = &list->items[list->count];
    *item = (struct action_item){0};
    list->count++;
    TRY(list_text(page, element, page->declared->id, &item->id));
    TRY(list_text(page, element, page->declared->label, &item->label));
    if (!item->id[0])
        return err_set(page->err, ERR_INVALID, "a key is listed without an id");
    return ERR_OK;
}

enum err_code judge_list(struct body *body, const struct action_items *declared, const struct action_values *known,
                         struct action_list **list, struct err *err)
{
    bool is_list = false;
    if (!*list)
        *list = calloc(1, sizeof **list);
    if (!*list)
        return err_set(err, ERR_MEMORY, "no memory for a list of keys");
    struct list_page page = {.declared = declared, .known = known, .list = *list, .err = err};
    TRY(body_each_element(body, declared->list, list_take, &page, &is_list));
    return is_list ? ERR_OK : err_set(err, ERR_INVALID, "there is no list in the answer");
}
