/* What the vault holds, as entries of an inventory. */
#include "inventory.h"

#include "agent.h"
#include "field.h"

void holdings_release(struct holdings *holdings)
{
    json_decref(holdings->rows);
    json_decref(holdings->keys);
    json_decref(holdings->numbers);
}

static json_t *holdings_numbers(const json_t *deliveries)
{
    size_t index = 0;
    const json_t *delivery = NULL;
    json_t *numbers = json_array();
    json_array_foreach (deliveries, index, delivery)
        (void)json_array_append(numbers, json_object_get(delivery, "delivery"));
    return numbers;
}

static enum err_code holdings_add(struct cli *cli, struct holdings *holdings, const json_t *row, struct err *err)
{
    const char *name = field_text(row, "key");
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *answer = NULL;
    json_t *entry = NULL;
    buf_printf(&path, "/v1/keys/%s/deliveries", name);
    TRY(agent_get_exact(cli, buf_text(&path), &answer, err));
    const json_t *deliveries = json_object_get(answer, "deliveries");
    TRY(inventory_entry(row, deliveries, &entry, err));
    if (json_object_set_new(holdings->keys, name, entry) != 0 ||
        json_object_set_new(holdings->numbers, name, holdings_numbers(deliveries)) != 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    return ERR_OK;
}

enum err_code holdings_read(struct cli *cli, const json_t *only, struct holdings *ret_holdings, struct err *err)
{
    OWN_HOLDINGS struct holdings holdings = {json_object(), json_object(), json_object()};
    OWN(json_free) json_t *rows = NULL;
    size_t index = 0;
    json_t *row = NULL;
    TRY(agent_list(cli, "/v1/keys", "keys", &rows, err));
    json_array_foreach (rows, index, row) {
        const char *name = field_text(row, "key");
        if (json_object_set(holdings.rows, name, row) != 0)
            return err_set(err, ERR_MEMORY, "out of memory");
        if (!only || json_object_get(only, name))
            TRY(holdings_add(cli, &holdings, row, err));
    }
    *ret_holdings = holdings;
    holdings = (struct holdings){0};
    return ERR_OK;
}
