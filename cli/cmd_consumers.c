/* Who reads a key from the agent; and whom nothing is to wait for any more. */
#include "agent.h"
#include "consumers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static enum err_code consumers_show(struct cli *cli, const struct args *args, const struct key_name *name,
                                    struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *key = NULL;
    buf_printf(&path, "/v1/keys/%s", name->text);
    TRY(agent_get(cli, buf_text(&path), &key, err));
    const json_t *consumers = json_object_get(key, "consumers");
    if (args_has(args, "json")) {
        (void)json_dumpf(consumers, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    if (json_array_size(consumers) == 0)
        printf("Nobody has read %s from the agent.\n", name->text);
    return consumers_print(key, err);
}

/* RFC 3986, 2.1: what is no unreserved byte is escaped. */
static void put_escaped(struct buf *path, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buf_add(path, text, 1);
        else
            buf_printf(path, "%%%02X", (unsigned)(unsigned char)*text);
}

static enum err_code consumers_forget(struct cli *cli, const struct key_name *name, const char *consumer,
                                      struct err *err)
{
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/keys/%s/consumers?consumer=", name->text);
    put_escaped(&path, consumer);
    TRY(agent_send(cli, "DELETE", buf_text(&path), NULL, NULL, err));
    printf("%s: %s is forgotten; no revocation waits for it.\n", name->text, consumer);
    return ERR_OK;
}

static enum err_code consumers_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    const char *verb = args_word(args, 1);
    const char *consumer = args_word(args, 2);
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    if (!verb)
        return consumers_show(cli, args, &key, err);
    if (strcmp(verb, "forget") != 0 || !consumer)
        return cli_misuse(cli, err, "consumers KEY, or consumers KEY forget CONSUMER");
    return consumers_forget(cli, &key, consumer, err);
}

const struct command command_consumers = {
    .name = "consumers",
    .group = GROUP_KEYS,
    .summary = "who reads a key from the agent, and which version",
    .usage = "KEY [--json] | KEY forget CONSUMER",
    .notes = "A consumer is the account that reads, and what it calls itself with get --as. With the policy\n"
             "--receipts yes, a rotated key's old version lives until all who read it have read the new one.\n"
             "One that reads no more is forgotten, and nothing waits for it.",
    .example = "keyturn consumers live/reporting",
    .options = {OPTION_JSON},
    .completes_key = true,
    .words = {"forget"},
    .least = 1,
    .most = 3,
    .run = consumers_run,
};
