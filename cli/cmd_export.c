#include "agent.h"
#include "inventory.h"

#include <stdio.h>

static enum err_code export_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN_HOLDINGS struct holdings holdings = {0};
    OWN_BUF struct buf text = {0};
    TRY(holdings_read(cli, NULL, &holdings, err));
    if (args_has(args, "json")) {
        OWN(json_free) json_t *file = json_pack("{s:i,s:O}", "inventory", INVENTORY_FORMAT, "keys", holdings.keys);
        (void)json_dumpf(file, stdout, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
        printf("\n");
        return ERR_OK;
    }
    inventory_write(holdings.keys, &text);
    if (!buf_ok(&text))
        return err_set(err, ERR_MEMORY, "out of memory");
    (void)fputs(buf_text(&text), stdout);
    return ERR_OK;
}

const struct command command_export = {
    .name = "export",
    .group = GROUP_KEYS,
    .summary = "write the inventory: keys, policies and deliveries, without secrets",
    .usage = "[--json]",
    .notes = "The same vault gives the same bytes, so the file can be kept under version control.\n"
             "keyturn apply makes a vault match it. --json writes every field, also those that are\n"
             "as they are when nothing is said.",
    .example = "keyturn export >inventory.yaml\n"
               "keyturn apply inventory.yaml --dry-run",
    .options = {OPTION_JSON},
    .run = export_run,
};
