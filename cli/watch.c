#include "watch.h"

#include "agent.h"
#include "field.h"
#include "say.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the report names one by one; the rest is in the incident. */
enum { WATCH_NAMED_MOST = 50, WATCH_PAUSE_TIMES = 4 };

struct watch {
    struct cli *cli;
    json_t *said; /* what is watched → the line last printed */
    bool json;
    bool counts; /* standard error is a terminal: a line that counts */
};

/* How far an incident is. */
struct watch_state {
    size_t count, dead, waits, lost; /* lost: a replacement failed, and the version lives */
};

static bool watch_is(const json_t *row, const char *state)
{
    return strcmp(field_text(row, "state"), state) == 0;
}

static bool watch_is_replaced(const json_t *replacement)
{
    return watch_is(replacement, "retiring") || watch_is(replacement, "done");
}

static struct watch_state watch_state_of(const json_t *incident)
{
    struct watch_state state = {.count = (size_t)field_number(incident, "count"),
                                .dead = (size_t)field_number(incident, "dead")};
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach (json_object_get(incident, "revocations"), index, row)
        state.waits += !watch_is(row, "dead") && field_true(row, "waits_for_person");
    json_array_foreach (json_object_get(incident, "replacements"), index, row) {
        bool lost = watch_is(row, "failed");
        state.lost += lost;
        state.waits += !lost && !watch_is_replaced(row) && field_true(row, "waits_for_person");
    }
    return state;
}

/* --- A line a key ---------------------------------------------------------- */

/* What there is to say; nothing while it goes on by itself. */
static void watch_say_revocation(struct buf *out, const json_t *row)
{
    if (watch_is(row, "dead")) {
        buf_text_add(out, "dead: ");
        say_evidence(out, json_object_get(row, "evidence"));
        return;
    }
    if (field_true(row, "waits_for_person")) {
        buf_text_add(out, "waiting for you: ");
        size_t before = out->length;
        say_instructions(out, json_object_get(row, "instructions"));
        if (out->length > before)
            return;
    }
    buf_text_add(out, field_text(row, "detail"));
}

static void watch_say_replacement(struct buf *out, const json_t *row)
{
    if (watch_is(row, "failed"))
        buf_printf(out, "not replaced, and alive: %s", field_text(row, "detail"));
    else if (watch_is_replaced(row))
        buf_printf(out, "replaced by version %lld", (long long)field_number(row, "new_version"));
    else if (field_true(row, "waits_for_person"))
        buf_printf(out, "waiting for you: %s", field_text(row, "detail"));
}

static void watch_clear_count(const struct watch *watch)
{
    if (watch->counts)
        (void)fputs("\r\033[K", stderr);
}

static void watch_line(struct watch *watch, const char *id, const json_t *row, const struct buf *text, int64_t ms)
{
    char elapsed[SAY_WHEN_BYTES];
    if (text->length == 0 || strcmp(field_text(watch->said, id), buf_text(text)) == 0)
        return;
    (void)json_object_set_new(watch->said, id, json_string(buf_text(text)));
    if (watch->json)
        return;
    watch_clear_count(watch);
    printf("%s  %lld  %-60s  %s\n", field_text(row, "key"), (long long)field_number(row, "version"),
           buf_text(text), say_elapsed(ms, elapsed));
}

/* Once, until it is over: the words of a network's errors differ each time. */
static void watch_doubt(struct watch *watch, const json_t *row, int64_t ms)
{
    OWN_BUF struct buf id = {0};
    OWN_BUF struct buf text = {0};
    buf_printf(&id, "doubt %s", field_text(row, "id"));
    say_doubt(&text, row, clock_wall_ms(watch->cli->clock));
    if (text.length == 0 || watch_is(row, "dead"))
        (void)json_object_del(watch->said, buf_text(&id));
    else if (!json_object_get(watch->said, buf_text(&id)))
        watch_line(watch, buf_text(&id), row, &text, ms);
}

static void watch_show(struct watch *watch, const json_t *incident, int64_t elapsed_ms)
{
    size_t index = 0;
    const json_t *row = NULL;
    int64_t opened_ms = field_time(incident, "opened_at");
    json_array_foreach (json_object_get(incident, "replacements"), index, row) {
        OWN_BUF struct buf text = {0};
        OWN_BUF struct buf id = {0};
        buf_printf(&id, "replace %s", field_text(row, "key"));
        watch_say_replacement(&text, row);
        watch_line(watch, buf_text(&id), row, &text, elapsed_ms);
    }
    json_array_foreach (json_object_get(incident, "revocations"), index, row) {
        OWN_BUF struct buf text = {0};
        int64_t ended_ms = field_time(row, "ended_at");
        watch_say_revocation(&text, row);
        watch_line(watch, field_text(row, "id"), row, &text, ended_ms ? ended_ms - opened_ms : elapsed_ms);
        watch_doubt(watch, row, elapsed_ms);
    }
    (void)fflush(stdout);
}

static void watch_count(const struct watch *watch, const struct watch_state *state, int64_t elapsed_ms)
{
    char elapsed[SAY_WHEN_BYTES];
    if (!watch->counts)
        return;
    watch_clear_count(watch);
    (void)fprintf(stderr, "%zu of %zu dead", state->dead, state->count);
    if (state->waits > 0)
        (void)fprintf(stderr, ", %zu wait%s for you", state->waits, state->waits == 1 ? "s" : "");
    (void)fprintf(stderr, "  %s", say_elapsed(elapsed_ms, elapsed));
    (void)fflush(stderr);
}

/* --- The report ------------------------------------------------------------- */

struct watch_times {
    int64_t *ms; /* to the death of each, sorted */
    size_t count;
    const json_t *slowest;
};

static int watch_compare(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

static void watch_measure(const json_t *incident, struct watch_times *times)
{
    size_t index = 0;
    const json_t *row = NULL;
    int64_t longest_ms = -1;
    json_array_foreach (json_object_get(incident, "revocations"), index, row) {
        int64_t ended_ms = field_time(row, "ended_at");
        if (ended_ms == 0)
            continue;
        int64_t ms = ended_ms - field_time(incident, "opened_at");
        times->ms[times->count++] = ms;
        if (ms > longest_ms) {
            longest_ms = ms;
            times->slowest = row;
        }
    }
    qsort(times->ms, times->count, sizeof times->ms[0], watch_compare);
}

static void watch_print_times(const json_t *incident)
{
    size_t rows = json_array_size(json_object_get(incident, "revocations"));
    struct watch_times times = {.ms = calloc(rows + 1, sizeof(int64_t))};
    if (!times.ms)
        return;
    watch_measure(incident, &times);
    if (times.count > 1) {
        OWN_BUF struct buf text = {0};
        buf_text_add(&text, "Half were dead after ");
        say_seconds(&text, (double)times.ms[times.count / 2] / 1000);
        buf_text_add(&text, ", the last after ");
        say_seconds(&text, (double)times.ms[times.count - 1] / 1000);
        printf("%s: %s version %lld.\n", buf_text(&text), field_text(times.slowest, "key"),
               (long long)field_number(times.slowest, "version"));
    }
    free(times.ms);
}

static void watch_print_alive(const json_t *row, const struct buf *text, size_t *left)
{
    if (*left > 0)
        printf("  %s version %lld: %s\n", field_text(row, "key"), (long long)field_number(row, "version"),
               text->length > 0 ? buf_text(text) : field_text(row, "state"));
    *left -= *left > 0;
}

/* Not when it is asked again: that is past when it is read. */
static void watch_add_doubt(struct buf *text, const json_t *row)
{
    const json_t *doubt = json_object_get(row, "doubt");
    if (!json_is_object(doubt))
        return;
    if (text->length == 0)
        buf_text_add(text, field_text(row, "state"));
    buf_text_add(text, "; no clear answer: ");
    say_unclear(text, field_text(doubt, "detail"), field_number(doubt, "times"), 0, 0);
}

static void watch_print_not_dead(const json_t *incident, size_t not_dead)
{
    size_t index = 0;
    size_t left = WATCH_NAMED_MOST;
    const json_t *row = NULL;
    printf("Not dead:\n");
    json_array_foreach (json_object_get(incident, "replacements"), index, row) {
        OWN_BUF struct buf text = {0};
        watch_say_replacement(&text, row);
        if (watch_is(row, "failed"))
            buf_printf(&text, "\n    kill it without a new one: keyturn revoke %s --version %lld",
                       field_text(row, "key"), (long long)field_number(row, "version"));
        if (!watch_is_replaced(row))
            watch_print_alive(row, &text, &left);
    }
    json_array_foreach (json_object_get(incident, "revocations"), index, row) {
        OWN_BUF struct buf text = {0};
        watch_say_revocation(&text, row);
        watch_add_doubt(&text, row);
        if (!watch_is(row, "dead"))
            watch_print_alive(row, &text, &left);
    }
    if (not_dead > WATCH_NAMED_MOST)
        printf("  and %zu more: keyturn incident show %lld\n", not_dead - WATCH_NAMED_MOST,
               (long long)field_number(incident, "incident"));
}

void watch_print_report(const json_t *incident)
{
    struct watch_state state = watch_state_of(incident);
    OWN_BUF struct buf text = {0};
    buf_printf(&text, "%zu of %zu dead", state.dead, state.count);
    if (field_given(incident, "ended_at")) {
        int64_t ms = field_time(incident, "ended_at") - field_time(incident, "opened_at");
        buf_printf(&text, ", %lld s after you asked", (long long)(ms / 1000));
    }
    printf("%s.\n", buf_text(&text));
    watch_print_times(incident);
    if (state.dead < state.count)
        watch_print_not_dead(incident, state.count - state.dead);
}

/* --- Watching ----------------------------------------------------------------- */

static enum err_code watch_leave(struct watch *watch, const json_t *incident, enum follow_end end, struct err *err)
{
    struct watch_state state = watch_state_of(incident);
    long long number = (long long)field_number(incident, "incident");
    watch_clear_count(watch);
    if (watch->json) {
        (void)json_dumpf(incident, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        watch_print_report(incident);
        if (end != FOLLOW_GOES_ON)
            printf("%s; the agent goes on until each is proved dead: keyturn incident show %lld\n",
                   end == FOLLOW_TIMED_OUT ? "The time is up" : "Stopped looking", number);
    }
    if (state.dead == state.count)
        return ERR_OK;
    if (state.lost > 0)
        return err_set(err, ERR_STATE, "%zu of incident %lld %s not replaced and live%s on", state.lost, number,
                       state.lost == 1 ? "was" : "were", state.lost == 1 ? "s" : "");
    if (state.waits == 0)
        return err_set(err, ERR_BUSY, "%zu of incident %lld %s not proved dead yet", state.count - state.dead,
                       number, state.count - state.dead == 1 ? "is" : "are");
    watch->cli->waits = true;
    return ERR_OK;
}

static enum err_code watch_loop(struct watch *watch, const char *path, struct follow *follow, struct err *err)
{
    for (;;) {
        OWN(json_free) json_t *incident = NULL;
        int64_t before_ms = follow_elapsed_ms(follow);
        TRY(agent_get(watch->cli, path, &incident, err));
        int64_t elapsed_ms = follow_elapsed_ms(follow);
        struct watch_state state = watch_state_of(incident);
        watch_show(watch, incident, elapsed_ms);
        watch_count(watch, &state, elapsed_ms);
        if (state.dead + state.lost >= state.count)
            return watch_leave(watch, incident, FOLLOW_GOES_ON, err);
        /* Looking at thousands costs the agent time that it needs for killing. */
        int64_t pause_ms = WATCH_PAUSE_TIMES * (elapsed_ms - before_ms);
        enum follow_end end = follow_pause(follow, pause_ms > FOLLOW_PAUSE_MS ? (int)pause_ms : FOLLOW_PAUSE_MS);
        if (end != FOLLOW_GOES_ON)
            return watch_leave(watch, incident, end, err);
    }
}

enum err_code watch_incident(struct cli *cli, int64_t incident, struct follow *follow, bool json, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *said = json_object();
    struct watch watch = {.cli = cli, .said = said, .json = json, .counts = !json && output_is_terminal()};
    buf_printf(&path, "/v1/incidents/%lld", (long long)incident);
    return watch_loop(&watch, buf_text(&path), follow, err);
}
