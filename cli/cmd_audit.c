/* Who did what, when: the audit log as lines for people. */
#include "agent.h"
#include "base/text.h"
#include "field.h"
#include "follow.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

enum { AUDIT_PAUSE_MS = 500 };

struct audit {
    struct cli *cli;
    const char *key; /* only this one, or NULL */
    bool json;
    int64_t after; /* the last sequence number seen */
    size_t shown;
};

static void audit_print_entry(const struct audit *audit, const json_t *entry)
{
    char when[SAY_WHEN_BYTES];
    OWN_BUF struct buf line = {0};
    if (audit->json) {
        (void)json_dumpf(entry, stdout, JSON_COMPACT);
        printf("\n");
        return;
    }
    buf_printf(&line, "%s  %-18s  %-18s", say_when(field_time(entry, "time"), when), field_text(entry, "who"),
               field_text(entry, "what"));
    if (!audit->key && field_text(entry, "key")[0])
        buf_printf(&line, "  %s", field_text(entry, "key"));
    if (field_given(entry, "version"))
        buf_printf(&line, "  version %lld", (long long)field_number(entry, "version"));
    static const char *const words[] = {"state", "verdict"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (field_text(entry, words[i])[0])
            buf_printf(&line, "  %s", field_text(entry, words[i]));
    OWN_BUF struct buf evidence = {0};
    say_evidence(&evidence, entry);
    if (evidence.length > 0)
        buf_printf(&line, "  %s", buf_text(&evidence));
    if (field_text(entry, "detail")[0] && !strstr(buf_text(&line), field_text(entry, "detail")))
        buf_printf(&line, "  %s", field_text(entry, "detail"));
    printf("%s\n", buf_text(&line));
}

/* One page from audit->after on. *ret_more: there is another. */
static enum err_code audit_page(struct audit *audit, bool *ret_more, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *page = NULL;
    buf_printf(&path, "/v1/audit?after=%lld&limit=%d", (long long)audit->after, AGENT_PAGE);
    TRY(agent_get(audit->cli, buf_text(&path), &page, err));
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach (json_object_get(page, "audit"), index, entry) {
        int64_t seq = field_number(entry, "seq");
        if (seq > audit->after)
            audit->after = seq;
        if (audit->key && strcmp(field_text(entry, "key"), audit->key) != 0)
            continue;
        audit_print_entry(audit, entry);
        audit->shown++;
    }
    *ret_more = field_given(page, "next") && index > 0;
    return ERR_OK;
}

static enum err_code audit_print(struct audit *audit, struct err *err)
{
    for (bool more = true; more;)
        TRY(audit_page(audit, &more, err));
    (void)fflush(stdout);
    return ERR_OK;
}

static enum err_code audit_watch(struct audit *audit, struct err *err)
{
    OWN_FOLLOW struct follow follow = FOLLOW_NONE;
    TRY(follow_begin(&follow, audit->cli->clock, 0, err));
    do {
        TRY(audit_print(audit, err));
    } while (follow_pause(&follow, AUDIT_PAUSE_MS) == FOLLOW_GOES_ON);
    return ERR_OK;
}

static enum err_code audit_verify(struct cli *cli, struct err *err)
{
    OWN(json_free) json_t *answer = NULL;
    TRY(agent_send(cli, "POST", "/v1/audit/verify", NULL, &answer, err));
    printf("The audit log is whole: %lld entries, none edited, removed or cut off.\n",
           (long long)field_number(answer, "entries"));
    return ERR_OK;
}

static enum err_code audit_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    struct audit audit = {.cli = cli, .json = args_has(args, "json")};
    if (args_has(args, "verify"))
        return audit_verify(cli, err);
    if (args_has(args, "key")) {
        TRY(key_parse(cli, args_value(args, "key"), &key, err));
        audit.key = key.text;
    }
    return args_has(args, "follow") ? audit_watch(&audit, err) : audit_print(&audit, err);
}

static enum err_code history_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    struct audit audit = {.cli = cli, .json = args_has(args, "json"), .key = key.text};
    TRY(audit_print(&audit, err));
    if (audit.shown == 0)
        return err_set(err, ERR_NOT_FOUND, "the audit log says nothing of %s", key.text);
    return ERR_OK;
}

const struct command command_audit = {
    .name = "audit",
    .group = GROUP_VAULT,
    .summary = "the audit log: who read or changed what",
    .usage = "[--key KEY] [--follow] [--json] | --verify",
    .notes = "--verify reads the whole log and checks that nothing was edited, removed or cut off.",
    .example = "keyturn audit --follow\nkeyturn audit --verify",
    .options = {{"key", "KEY", "only entries of this key"},
                {"follow", NULL, "go on and show new ones as they come"},
                {"verify", NULL, "check the whole log"},
                {"json", NULL, "one JSON object a line, as in the log"}},
    .run = audit_run,
};

const struct command command_history = {
    .name = "history",
    .group = GROUP_KEYS,
    .summary = "what happened to a key, from the audit log",
    .usage = "KEY [--json]",
    .example = "keyturn history live/reporting",
    .options = {{"json", NULL, "one JSON object a line, as in the log"}},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = history_run,
};
