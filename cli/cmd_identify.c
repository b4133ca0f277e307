/* Which of our keys a text holds, and what to do about it. */
#include "agent.h"
#include "field.h"
#include "leaked.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void identify_print_match(const json_t *match, int64_t now_ms)
{
    const char *key = field_text(match, "key");
    leaked_print(match, now_ms);
    if (strcmp(field_text(match, "state"), "dead") == 0) {
        printf("         it is dead: nothing to do\n");
        return;
    }
    printf("         revoke it: keyturn revoke %s --version %lld", key, (long long)field_number(match, "version"));
    printf(strcmp(field_text(match, "state"), "current") == 0 ? "    replace it first: --replace\n" : "\n");
}

static enum err_code identify_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *matches = NULL;
    size_t index = 0;
    const json_t *match = NULL;
    TRY(leaked_read(cli, STDIN_FILENO, &matches, err));
    if (args_has(args, "json")) {
        printf("{\"matches\":");
        (void)json_dumpf(matches, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    json_array_foreach (matches, index, match)
        identify_print_match(match, clock_wall_ms(cli->clock));
    if (json_array_size(matches) == 0)
        printf("None of our keys is in it.\n");
    if (json_array_size(matches) > 1)
        printf("All of them at once: keyturn revoke --leaked, with the same text\n");
    return ERR_OK;
}

const struct command command_identify = {
    .name = "identify",
    .group = GROUP_EMERGENCY,
    .summary = "which of our keys a leaked text holds",
    .usage = "[--json] < TEXT",
    .notes = "Reads standard input, a log or a paste of any form. The text does not leave this program:\n"
             "the agent is asked by fingerprints. To kill what is found: keyturn revoke --leaked.",
    .example = "keyturn identify < pastebin.txt",
    .options = {OPTION_JSON},
    .run = identify_run,
};
