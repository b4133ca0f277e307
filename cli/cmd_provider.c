#include "agent.h"
#include "base/text.h"
#include "examine.h"
#include "field.h"
#include "provider_test.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

/* --- check ------------------------------------------------------------------- */

/* "FILE:7: actions.probe: no rule …" */
static void provider_print_notes(const json_t *report, const char *list, const char *kind)
{
    size_t index = 0;
    const json_t *note = NULL;
    json_array_foreach (json_object_get(report, list), index, note) {
        printf("%s", field_text(note, "file"));
        if (field_given(note, "line"))
            printf(":%lld", (long long)field_number(note, "line"));
        printf(": %s%s%s%s\n", kind, field_text(note, "field"), field_given(note, "field") ? ": " : "",
               field_text(note, "problem"));
    }
}

static void provider_print_environments(const json_t *provider)
{
    size_t index = 0;
    const json_t *one = NULL;
    json_array_foreach (json_object_get(provider, "environments"), index, one)
        printf("%-13s %s (%s)  %s  keys %s\n", index == 0 ? "environments" : "", field_text(one, "name"),
               field_text(one, "class"), field_text(one, "base_url"), field_text(one, "key_pattern"));
}

static void provider_print_action(const json_t *action)
{
    const char *kind = field_text(action, "kind");
    size_t index = 0;
    const json_t *part = NULL;
    printf("%-13s ", field_text(action, "action"));
    if (strcmp(kind, "manual") == 0)
        printf("a person: %s", field_text(action, "instructions"));
    if (strcmp(kind, "program") == 0)
        printf("a program: %s", field_text(action, "program"));
    json_array_foreach (json_object_get(action, "requests"), index, part)
        printf("%s%s %s", index > 0 ? ", then " : "", field_text(part, "method"), field_text(part, "url"));
    if (field_given(action, "credential"))
        printf("  with %s", field_text(action, "credential"));
    json_array_foreach (json_object_get(action, "verdicts"), index, part)
        printf("%s%s", index > 0 ? ", " : "  → ", json_string_value(part));
    printf("\n");
}

static void provider_print_settings(const json_t *provider)
{
    size_t index = 0;
    const json_t *setting = NULL;
    json_array_foreach (json_object_get(provider, "settings"), index, setting) {
        const char *title = field_text(setting, "title");
        printf("%-13s %s", index == 0 ? "settings" : "", field_text(setting, "name"));
        if (field_true(setting, "needed"))
            printf(" is needed");
        else
            printf(" = %s", field_text(setting, "value"));
        printf("%s%s%s\n", title[0] ? "  (" : "", title, title[0] ? ")" : "");
    }
}

static void provider_add_limit(struct buf *out, const json_t *limits, const char *name, const char *words)
{
    OWN_BUF struct buf time = {0};
    say_seconds(&time, field_seconds(limits, name));
    buf_printf(out, ", %s %s", words, buf_text(&time));
}

static void provider_print_limits(const json_t *provider)
{
    const json_t *limits = json_object_get(provider, "limits");
    OWN_BUF struct buf text = {0};
    buf_printf(&text, "%lld at once", (long long)field_number(limits, "parallel"));
    if (field_number(limits, "per_second"))
        buf_printf(&text, ", %lld a second", (long long)field_number(limits, "per_second"));
    if (field_number(limits, "keys"))
        buf_printf(&text, ", %lld keys at most", (long long)field_number(limits, "keys"));
    buf_printf(&text, ", %lld answers in a row prove", (long long)field_number(limits, "settle"));
    provider_add_limit(&text, limits, "settle_interval_s", "one each");
    provider_add_limit(&text, limits, "propagation_s", "birth and death seen within");
    printf("%-13s %s\n", "limits", buf_text(&text));
}

static void provider_print_report(const json_t *report)
{
    const json_t *provider = json_object_get(report, "provider");
    size_t mistakes = json_array_size(json_object_get(report, "mistakes"));
    size_t warnings = json_array_size(json_object_get(report, "warnings"));
    size_t index = 0;
    const json_t *action = NULL;
    if (!field_true(report, "good")) {
        provider_print_notes(report, "mistakes", "");
        printf("%zu mistake%s: the agent would not start with it.\n", mistakes, mistakes == 1 ? "" : "s");
        return;
    }
    printf("%-13s %s  \"%s\"\n", "provider", field_text(provider, "name"), field_text(provider, "title"));
    provider_print_environments(provider);
    json_array_foreach (json_object_get(provider, "actions"), index, action)
        provider_print_action(action);
    provider_print_settings(provider);
    provider_print_limits(provider);
    provider_print_notes(report, "warnings", "warning: ");
    printf("Good: no mistakes, %zu warning%s.\n", warnings, warnings == 1 ? "" : "s");
}

static enum err_code provider_check(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *report = NULL;
    const char *path = args_word(args, 1);
    if (!path || args_word(args, 2))
        return cli_misuse(cli, err, "say which file: keyturn provider check FILE");
    TRY(examine_file(path, &report, err));
    if (args_has(args, "json")) {
        (void)json_dumpf(report, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        provider_print_report(report);
    }
    if (!field_true(report, "good")) {
        err->message[0] = '\0'; /* said already */
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err_code provider_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *verb = args_word(args, 0);
    if (strcmp(verb, "check") == 0)
        return provider_check(cli, args, err);
    if (strcmp(verb, "test") == 0)
        return provider_test(cli, args, err);
    return cli_misuse(cli, err, "provider check FILE or test NAME; not “%s”", verb);
}

const struct command command_provider = {
    .name = "provider",
    .group = GROUP_VAULT,
    .summary = "whether a definition of a provider is right",
    .usage = "check FILE [--json] | test NAME [--environment NAME] [--credential KEY] [--yes] [--json]",
    .notes = "check reads a definition as the agent would, and NAME.settings beside it, and says every mistake\n"
             "with its line, or what the definition can do and what is worth a second look. It needs no agent.\n"
             "Exit status 1 when there is a mistake.\n\n"
             "test makes a key of its own at the provider, proves it, kills it and proves it dead, by an\n"
             "ordinary rotation and revocation of the vault, so that none is left behind whatever happens.\n"
             "It shows each request without secrets, each answer and the rule that it matched, how long\n"
             "birth and death took, and the rules that no answer matched. A person who must make or revoke\n"
             "the key is told so. In the sandbox, unless an environment is named.",
    .example = "keyturn provider check ~/.config/keyturn/providers.d/acme.yaml\n"
               "keyturn provider test acme --environment live",
    .options = {{"environment", "NAME", "make the key for that environment: sandbox"},
                {"credential", "KEY", "the key of the vault that the provider's requests use"},
                OPTION_STDIN,
                OPTION_FD,
                OPTION_YES,
                OPTION_JSON},
    .words = {"check", "test"},
    .least = 1,
    .most = 2,
    .run = provider_run,
};
