/* Keys in trees and in git: those that the vault holds, by their hashes, and
 * what has the shape of one, by the providers' patterns. Nothing that is found is printed whole. */
#include "agent.h"
#include "field.h"
#include "finder.h"
#include "leaked.h"
#include "patterns.h"
#include "sweep.h"
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    struct cli *cli;
    const struct args *args;
    struct patterns patterns;
    struct tree tree;
    struct sweep_result found;
    struct leaked_batch batch;
    bool knows_held; /* the agent tells which of them are ours */
};

/* --- What to look for --------------------------------------------------------- */

/* A hook must work where no agent runs: then only the shapes are looked for. */
static enum err_code scan_patterns(struct scan *scan, struct err *err)
{
    struct err why = {0};
    const char *folder = args_value(scan->args, "definitions");
    enum err_code code = patterns_from_agent(scan->cli, &scan->patterns, &why);
    scan->knows_held = code == ERR_OK;
    if (code == ERR_OK)
        return folder ? patterns_from_folder(folder, &scan->patterns, err) : ERR_OK;
    if (code != ERR_LOCKED && !scan->cli->reached_nobody)
        return err_set(err, code, "%s", why.message);
    scan->cli->reached_nobody = false;
    (void)fprintf(stderr, "keyturn: %s\n  Only shapes are looked for, not the vault's own keys.\n", why.message);
    patterns_release(&scan->patterns);
    return patterns_from_folder(folder, &scan->patterns, err);
}

/* --- Where to look -------------------------------------------------------------- */

static const char *scan_repository(const struct scan *scan)
{
    const char *path = args_word(scan->args, 0);
    return path ? path : ".";
}

static enum err_code scan_sources(struct scan *scan, struct err *err)
{
    const struct args *args = scan->args;
    bool staged = args_has(args, "staged");
    if (staged && args_has(args, "history"))
        return cli_misuse(scan->cli, err, "--staged and --history exclude each other");
    if ((staged || args_has(args, "history")) && args->word_count > 1)
        return cli_misuse(scan->cli, err, "--staged and --history look at one repository");
    if (staged)
        return tree_add_staged(&scan->tree, scan_repository(scan), err);
    if (args_has(args, "history"))
        return tree_add_history(&scan->tree, scan_repository(scan), err);
    if (args->word_count == 0)
        return cli_misuse(scan->cli, err, "which files? Name files or folders, or look with --staged or --history");
    for (size_t i = 0; i < args->word_count; i++)
        TRY(tree_add(&scan->tree, args_word(args, i), args_has(args, "no-ignore"), err));
    return ERR_OK;
}

static enum err_code scan_sweep(struct scan *scan, struct err *err)
{
    OWN(finder_free) struct finder *finder = NULL;
    const char **words = calloc(scan->patterns.word_count + 1, sizeof(char *));
    if (!words)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < scan->patterns.word_count; i++)
        words[i] = scan->patterns.words[i];
    enum err_code code = finder_new(words, scan->patterns.word_count, &finder, err);
    free(words);
    TRY(code);
    const struct sweep sweep = {.tree = &scan->tree,
                                .folder = scan_repository(scan),
                                .finder = finder,
                                .patterns = scan->patterns.items,
                                .pattern_count = scan->patterns.count};
    return sweep_run(&sweep, &scan->found, err);
}

/* --- What it is -------------------------------------------------------------------- */

static enum err_code scan_identify(struct scan *scan, struct err *err)
{
    if (!scan->knows_held)
        return ERR_OK;
    for (size_t i = 0; i < scan->found.count; i++) {
        const struct sweep_spot *spot = &scan->found.spots[i];
        for (size_t word = 0; word < spot->word_count; word++)
            leaked_batch_add(&scan->batch, spot->words[word], 0);
        TRY(leaked_batch_flush(&scan->batch, false, err));
    }
    return leaked_batch_flush(&scan->batch, true, err);
}

/* The key that the spot holds, as the agent said; NULL: none of ours. */
static const json_t *scan_match(const struct scan *scan, const struct sweep_spot *spot)
{
    size_t index = 0;
    const json_t *match = NULL;
    json_array_foreach (scan->batch.found, index, match)
        for (size_t word = 0; word < spot->word_count; word++)
            if (strcmp(field_text(match, "fingerprint"), spot->words[word]) == 0)
                return match;
    return NULL;
}

struct scan_totals {
    size_t held, dead, unknown;
};

static void scan_json_spot(struct buf *out, const struct scan *scan, const struct sweep_spot *spot,
                           const json_t *match)
{
    const struct tree_source *source = &scan->tree.sources[spot->source];
    const struct sweep_pattern *pattern = match ? NULL : &scan->patterns.items[spot->pattern];
    json_put_object_open(out, NULL);
    json_put_string(out, "path", source->path);
    json_put_string(out, "object", source->id[0] ? source->id : NULL);
    json_put_integer(out, "line", (int64_t)spot->line);
    json_put_string(out, "mask", match ? field_text(match, "mask") : spot->mask);
    json_put_string(out, "key", match ? field_text(match, "key") : NULL);
    if (match)
        json_put_integer(out, "version", field_number(match, "version"));
    else
        json_put_null(out, "version");
    json_put_string(out, "state", match ? field_text(match, "state") : NULL);
    json_put_string(out, "provider", pattern ? pattern->provider : NULL);
    json_put_string(out, "environment", pattern ? pattern->environment : NULL);
    json_put_object_close(out);
}

static void scan_print_spot(struct buf *out, const struct scan *scan, const struct sweep_spot *spot,
                            const json_t *match)
{
    const struct tree_source *source = &scan->tree.sources[spot->source];
    buf_printf(out, "%s:%zu: ", source->path, spot->line);
    if (match)
        buf_printf(out, "%s is %s, version %lld, %s", field_text(match, "mask"), field_text(match, "key"),
                   (long long)field_number(match, "version"), field_text(match, "state"));
    else
        buf_printf(out, "%s looks like a key of %s (%s) that the vault does not hold", spot->mask,
                   scan->patterns.items[spot->pattern].provider, scan->patterns.items[spot->pattern].environment);
    if (source->id[0])
        buf_printf(out, "  (git log --all --find-object=%.12s)", source->id);
    buf_text_add(out, "\n");
}

/* The same line once, however many words of it led there. */
static bool scan_is_repeated(const struct scan *scan, size_t i)
{
    const struct sweep_spot *spot = &scan->found.spots[i];
    if (i == 0 || spot[-1].source != spot->source || spot[-1].line != spot->line)
        return false;
    return spot[-1].word_count == spot->word_count && memcmp(spot[-1].words, spot->words, sizeof spot->words) == 0;
}

static void scan_write(const struct scan *scan, struct buf *out, struct scan_totals *totals)
{
    bool json = args_has(scan->args, "json");
    for (size_t i = 0; i < scan->found.count; i++) {
        const struct sweep_spot *spot = &scan->found.spots[i];
        const json_t *match = scan_match(scan, spot);
        if ((!match && spot->pattern == SWEEP_NO_PATTERN) || scan_is_repeated(scan, i))
            continue;
        bool dead = match && strcmp(field_text(match, "state"), "dead") == 0;
        totals->held += match && !dead;
        totals->dead += dead;
        totals->unknown += !match;
        (json ? scan_json_spot : scan_print_spot)(out, scan, spot, match);
    }
}

static void scan_write_figures(const struct scan *scan, struct buf *out)
{
    const struct sweep_result *found = &scan->found;
    json_put_integer(out, "files", (int64_t)found->scanned);
    json_put_integer(out, "bytes", (int64_t)found->bytes);
    json_put_integer(out, "binary", (int64_t)found->binary);
    json_put_integer(out, "large", (int64_t)found->large);
    json_put_integer(out, "unread", (int64_t)found->unread);
    json_put_boolean(out, "knows_held", scan->knows_held);
}

static void scan_print_figures(const struct scan *scan)
{
    const struct sweep_result *found = &scan->found;
    (void)fprintf(stderr, "%zu files looked through, %.1f MB", found->scanned, (double)found->bytes / 1e6);
    if (found->binary > 0)
        (void)fprintf(stderr, "; %zu binary", found->binary);
    if (found->large > 0)
        (void)fprintf(stderr, "; %zu larger than 64 MiB, not looked at", found->large);
    if (found->unread > 0)
        (void)fprintf(stderr, "; %zu not readable", found->unread);
    if (scan->patterns.vague > 0)
        (void)fprintf(stderr, "; %zu patterns have no fixed part, so unknown keys of theirs are not seen",
                      scan->patterns.vague);
    (void)fprintf(stderr, "\n");
}

static enum err_code scan_report(const struct scan *scan, struct err *err)
{
    OWN_BUF struct buf out = {0};
    struct scan_totals totals = {0};
    bool json = args_has(scan->args, "json");
    if (json) {
        json_put_object_open(&out, NULL);
        json_put_array_open(&out, "found");
    }
    scan_write(scan, &out, &totals);
    if (json) {
        json_put_array_close(&out);
        scan_write_figures(scan, &out);
        json_put_object_close(&out);
        buf_text_add(&out, "\n");
    }
    if (!buf_ok(&out))
        return err_set(err, ERR_MEMORY, "out of memory");
    (void)fputs(buf_text(&out), stdout);
    (void)fflush(stdout);
    if (!json)
        scan_print_figures(scan);
    if (totals.held + totals.unknown > 0)
        return err_set(err, ERR_STATE, "found %zu of the vault's keys that %s not dead, and %zu unknown", totals.held,
                       totals.held == 1 ? "is" : "are", totals.unknown);
    if (scan->found.unread > 0)
        return err_set(err, ERR_IO, "%zu files could not be read, so this proves nothing of them", scan->found.unread);
    return ERR_OK;
}

static enum err_code scan_all(struct scan *scan, struct err *err)
{
    TRY(secret_init(err));
    secret_lock_all();
    TRY(leaked_batch_begin(scan->cli, &scan->batch, err));
    TRY(scan_sources(scan, err));
    TRY(scan_patterns(scan, err));
    TRY(scan_sweep(scan, err));
    TRY(scan_identify(scan, err));
    return scan_report(scan, err);
}

static enum err_code scan_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct scan scan = {.cli = cli, .args = args};
    enum err_code code = scan_all(&scan, err);
    leaked_batch_release(&scan.batch);
    sweep_release(&scan.found);
    tree_release(&scan.tree);
    patterns_release(&scan.patterns);
    return code;
}

const struct command command_scan = {
    .name = "scan",
    .group = GROUP_EMERGENCY,
    .summary = "find keys in files and in git",
    .usage = "PATH… | --staged [FOLDER] | --history [FOLDER] [--no-ignore] [--json]",
    .notes = "Finds the vault's keys by their hashes, and what looks like a key of a provider. Nothing is printed\n"
             "but masks. Ends with 0 when there is nothing, and with 1 when a key was found that is not dead:\n"
             "fit for CI and for .git/hooks/pre-commit (keyturn scan --staged).\n\n"
             "In a work tree of git it looks at what git tracks or would add; --no-ignore looks at all. A line\n"
             "with keyturn:ignore in it is passed over, and what a pattern in .keyturnignore of the folder matches.\n"
             "Binary files (a NUL among the first 8000 bytes) and those over 64 MiB are passed over. Without an\n"
             "agent, or with a locked vault, only shapes are looked for.",
    .example = "keyturn scan src deploy.log\n"
               "keyturn scan --staged\n"
               "keyturn scan --history --json",
    .options = {{"staged", NULL, "what is staged in the repository"},
                {"history", NULL, "all that the repository's refs reach"},
                {"no-ignore", NULL, "look at what .gitignore names, too"},
                {"definitions", "FOLDER", "provider definitions to take patterns from"},
                OPTION_JSON},
    .needs_no_start = true,
    .least = 0,
    .most = 10000,
    .run = scan_run,
};
