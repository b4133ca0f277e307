#include "sweep.h"

#include "candidates.h"
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SWEEP_AROUND_BYTES = 512, /* of the line around a hit that is looked at */
    SWEEP_THREADS_MOST = 64,
    SWEEP_VARIETY_LEAST = 10, /* different bytes in what is no placeholder */
    SWEEP_CAPITAL_PAIRS_LEAST = 2,
};
static const char sweep_ignore_mark[] = "keyturn:ignore";

struct sweep_work {
    const struct sweep *sweep;
    struct sweep_result *result;
    pthread_mutex_t mutex; /* of the result */
    atomic_size_t next;    /* source */
    atomic_bool no_memory;
};

struct sweeper {
    struct sweep_work *work;
    size_t index, count; /* this one of so many */
    unsigned char *text; /* owned, of capacity bytes; wiped at the end */
    size_t capacity;
};

/* --- One hit ------------------------------------------------------------------ */

struct sweep_look {
    const struct sweep *sweep;
    const unsigned char *hit;
    size_t hit_length;
    struct sweep_spot *spot;
};

/* Words of a manual are no keys: they repeat few letters, no digit is among them, and in "YourKeyHere"
 * no two capitals stand side by side, as they do in a random key of letters alone. */
static bool sweep_is_random(const unsigned char *bytes, size_t length)
{
    bool seen[256] = {false};
    size_t variety = 0, capital_pairs = 0;
    bool digit = false, small = false, capital = false;
    for (size_t i = 0; i < length; i++) {
        variety += !seen[bytes[i]];
        seen[bytes[i]] = true;
        digit |= bytes[i] >= '0' && bytes[i] <= '9';
        small |= bytes[i] >= 'a' && bytes[i] <= 'z';
        bool is_capital = bytes[i] >= 'A' && bytes[i] <= 'Z';
        capital_pairs += capital && is_capital;
        capital = is_capital;
    }
    return variety >= SWEEP_VARIETY_LEAST && (digit || (small && capital_pairs >= SWEEP_CAPITAL_PAIRS_LEAST));
}

static int sweep_match(const struct sweep *sweep, const unsigned char *bytes, size_t length)
{
    char word[SWEEP_AROUND_BYTES * 2 + 1];
    if (length >= sizeof word)
        return SWEEP_NO_PATTERN;
    memcpy(word, bytes, length);
    word[length] = '\0';
    int found = SWEEP_NO_PATTERN;
    for (size_t i = 0; i < sweep->pattern_count && found == SWEEP_NO_PATTERN; i++)
        if (regexec(&sweep->patterns[i].regex, word, 0, NULL, 0) == 0)
            found = (int)i;
    explicit_bzero(word, length);
    return found;
}

static bool sweep_has_word(const struct sweep_spot *spot, const char *hex)
{
    for (size_t i = 0; i < spot->word_count; i++)
        if (strcmp(spot->words[i], hex) == 0)
            return true;
    return false;
}

/* A word of the line that holds the hit. */
static void sweep_take(void *context, const unsigned char *bytes, size_t length)
{
    struct sweep_look *look = context;
    struct sweep_spot *spot = look->spot;
    const unsigned char *end = look->hit + look->hit_length;
    char hex[FINGERPRINT_HEX_BYTES];
    if (bytes > look->hit || bytes + length < end || spot->word_count == SWEEP_WORDS)
        return;
    fingerprint_hex(bytes, length, hex);
    if (sweep_has_word(spot, hex))
        return;
    memcpy(spot->words[spot->word_count++], hex, sizeof hex);
    int pattern = sweep_match(look->sweep, bytes, length);
    size_t before = (size_t)(look->hit - bytes);
    size_t rest = length - before - look->hit_length;
    if (pattern == SWEEP_NO_PATTERN || spot->pattern != SWEEP_NO_PATTERN || !sweep_is_random(end, rest))
        return;
    spot->pattern = pattern;
    (void)text_mask(bytes, length, spot->mask);
}

static bool sweep_keep(struct sweep_work *work, const struct sweep_spot *spot)
{
    struct sweep_result *result = work->result;
    bool kept = true;
    (void)pthread_mutex_lock(&work->mutex);
    if (result->count == result->capacity) {
        size_t capacity = result->capacity ? 2 * result->capacity : 64;
        void *grown = reallocarray(result->spots, capacity, sizeof result->spots[0]);
        kept = grown != NULL;
        if (kept) {
            result->spots = grown;
            result->capacity = capacity;
        }
    }
    if (kept)
        result->spots[result->count++] = *spot;
    (void)pthread_mutex_unlock(&work->mutex);
    return kept;
}

static void sweep_hit(struct sweep_work *work, size_t source, const unsigned char *text, size_t length,
                      const struct finder_hit *hit, size_t *line)
{
    const unsigned char *from = hit->at > SWEEP_AROUND_BYTES ? text + hit->at - SWEEP_AROUND_BYTES : text;
    const unsigned char *at = text + hit->at;
    size_t behind = length - hit->at < SWEEP_AROUND_BYTES ? length - hit->at : SWEEP_AROUND_BYTES;
    const unsigned char *before = memrchr(from, '\n', (size_t)(at - from));
    const unsigned char *end = memchr(at, '\n', behind);
    from = before ? before + 1 : from;
    end = end ? end : at + behind;
    struct sweep_spot spot = {.source = source, .line = *line, .pattern = SWEEP_NO_PATTERN};
    struct sweep_look look = {work->sweep, at, hit->length, &spot};
    if (memmem(from, (size_t)(end - from), sweep_ignore_mark, sizeof sweep_ignore_mark - 1))
        return;
    candidates_of_line(from, (size_t)(end - from), sweep_take, &look);
    if (spot.word_count > 0 && !sweep_keep(work, &spot))
        atomic_store(&work->no_memory, true);
}

static size_t sweep_lines(const unsigned char *text, size_t length)
{
    size_t lines = 0;
    const unsigned char *end = text + length;
    for (const unsigned char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

/* Lines are counted only as far as there is something to say. */
static void sweep_text(struct sweep_work *work, size_t source, const unsigned char *text, size_t length)
{
    struct finder_hit hit = {0};
    size_t line = 1;
    size_t counted = 0;
    for (size_t from = 0; finder_next(work->sweep->finder, text, length, from, &hit); from = hit.at + hit.length) {
        line += sweep_lines(text + counted, hit.at - counted);
        counted = hit.at;
        sweep_hit(work, source, text, length, &hit, &line);
    }
}

/* --- One source ------------------------------------------------------------------ */

static void sweep_count(struct sweep_work *work, size_t *figure, size_t bytes)
{
    (void)pthread_mutex_lock(&work->mutex);
    *figure += 1;
    work->result->bytes += bytes;
    (void)pthread_mutex_unlock(&work->mutex);
}

static bool sweep_room(struct sweeper *sweeper, size_t size)
{
    if (size <= sweeper->capacity)
        return true;
    unsigned char *grown = malloc(size);
    if (!grown)
        return false;
    if (sweeper->text)
        explicit_bzero(sweeper->text, sweeper->capacity);
    free(sweeper->text);
    sweeper->text = grown;
    sweeper->capacity = size;
    return true;
}

static void sweep_content(struct sweeper *sweeper, size_t source, size_t length)
{
    struct sweep_work *work = sweeper->work;
    size_t head = length < SWEEP_BINARY_BYTES ? length : SWEEP_BINARY_BYTES;
    if (head > 0 && memchr(sweeper->text, '\0', head)) {
        sweep_count(work, &work->result->binary, 0);
        return;
    }
    sweep_text(work, source, sweeper->text, length);
    sweep_count(work, &work->result->scanned, length);
}

static bool sweep_read(struct sweeper *sweeper, int fd, size_t size, size_t *ret_length)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(fd, sweeper->text + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *ret_length = length;
    return true;
}

static void sweep_file(struct sweeper *sweeper, size_t source)
{
    struct sweep_work *work = sweeper->work;
    const char *path = work->sweep->tree->sources[source].path;
    struct stat status;
    size_t length = 0;
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > SWEEP_FILE_BYTES) {
        sweep_count(work, &work->result->large, 0);
        return;
    }
    bool good = fd >= 0 && S_ISREG(status.st_mode) && sweep_room(sweeper, (size_t)status.st_size + 1) &&
                sweep_read(sweeper, fd, (size_t)status.st_size, &length);
    if (good) {
        sweep_content(sweeper, source, length);
        return;
    }
    (void)fprintf(stderr, "keyturn: cannot read %s: %s\n", path, fd < 0 || errno ? strerror(errno) : "no file");
    sweep_count(work, &work->result->unread, 0);
}

/* This thread's share of the objects, through a git of its own. */
static void sweep_objects(struct sweeper *sweeper)
{
    struct sweep_work *work = sweeper->work;
    const struct tree *tree = work->sweep->tree;
    OWN_BUF struct buf ids = {0};
    struct git_objects objects;
    struct err err = {0};
    size_t size = 0;
    bool blob = false;
    size_t source = sweeper->index;
    for (size_t i = sweeper->index; i < tree->count; i += sweeper->count)
        buf_printf(&ids, "%s\n", tree->sources[i].id);
    if (!buf_ok(&ids) || git_objects_open(work->sweep->folder, &ids, &objects, &err) != ERR_OK) {
        (void)fprintf(stderr, "keyturn: %s\n", err.message);
        sweep_count(work, &work->result->unread, 0);
        return;
    }
    for (; git_objects_next(&objects, &size, &blob); source += sweeper->count) {
        bool take = blob && size <= SWEEP_FILE_BYTES && sweep_room(sweeper, size + 1);
        if (size == 0 && !blob)
            continue;
        if (!git_objects_take(&objects, take ? sweeper->text : NULL, size))
            break;
        if (take)
            sweep_content(sweeper, source, size);
        else if (blob)
            sweep_count(work, &work->result->large, 0);
    }
    if (source < tree->count)
        sweep_count(work, &work->result->unread, 0);
    git_objects_close(&objects);
}

/* --- All of them --------------------------------------------------------------------- */

static void *sweep_thread(void *argument)
{
    struct sweeper *sweeper = argument;
    struct sweep_work *work = sweeper->work;
    const struct tree *tree = work->sweep->tree;
    if (tree->count > 0 && tree->sources[0].id[0] != '\0')
        sweep_objects(sweeper);
    else
        for (size_t i = atomic_fetch_add(&work->next, 1); i < tree->count; i = atomic_fetch_add(&work->next, 1))
            sweep_file(sweeper, i);
    if (sweeper->text)
        explicit_bzero(sweeper->text, sweeper->capacity);
    free(sweeper->text);
    return NULL;
}

static size_t sweep_threads(const struct sweep *sweep)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = sweep->threads ? sweep->threads : cores > 0 ? (size_t)cores : 1;
    threads = threads < sweep->tree->count ? threads : sweep->tree->count;
    return threads < SWEEP_THREADS_MOST ? threads : SWEEP_THREADS_MOST;
}

static int sweep_compare(const void *a, const void *b)
{
    const struct sweep_spot *first = a;
    const struct sweep_spot *second = b;
    if (first->source != second->source)
        return first->source < second->source ? -1 : 1;
    return (first->line > second->line) - (first->line < second->line);
}

enum err_code sweep_run(const struct sweep *sweep, struct sweep_result *ret_result, struct err *err)
{
    struct sweep_work work = {.sweep = sweep, .result = ret_result};
    struct sweeper sweepers[SWEEP_THREADS_MOST] = {0};
    pthread_t threads[SWEEP_THREADS_MOST];
    size_t count = sweep_threads(sweep);
    size_t started = 0;
    (void)pthread_mutex_init(&work.mutex, NULL);
    for (size_t i = 0; i < count; i++)
        sweepers[i] = (struct sweeper){.work = &work, .index = i, .count = count};
    while (started < count && pthread_create(&threads[started], NULL, sweep_thread, &sweepers[started]) == 0)
        started++;
    for (size_t i = started; i < count; i++)
        (void)sweep_thread(&sweepers[i]); /* its share is done here */
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_mutex_destroy(&work.mutex);
    if (atomic_load(&work.no_memory))
        return err_set(err, ERR_MEMORY, "out of memory for what was found");
    if (ret_result->count > 0)
        qsort(ret_result->spots, ret_result->count, sizeof ret_result->spots[0], sweep_compare);
    return ERR_OK;
}

void sweep_release(struct sweep_result *result)
{
    free(result->spots);
    *result = (struct sweep_result){0};
}
