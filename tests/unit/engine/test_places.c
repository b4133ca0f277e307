/* A look at a folder may take for as long as a dead mount lasts. So none is on the loop, nor while the vault is read:
 * stat is this file's own here, which says who looks and holds up a worker. Two paths come to lead to one folder
 * as by a mount: that of one key is moved to the other's path, and leads there by a link. */
#include "engine_fixture.h"

#include <fcntl.h>

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    char folder[300]; /* looks at it are counted; "": at none */
    pthread_t loop, reader;
    unsigned on_loop, on_reader, on_workers;
    bool hold; /* a worker waits in its look until this is false */
} looks = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void note_look(void)
{
    if (pthread_equal(pthread_self(), looks.loop)) {
        looks.on_loop++;
    } else if (pthread_equal(pthread_self(), looks.reader)) {
        looks.on_reader++;
    } else {
        looks.on_workers++;
        while (looks.hold)
            pthread_cond_wait(&looks.changed, &looks.mutex);
    }
}

int stat(const char *path, struct stat *ret_status)
{
    pthread_mutex_lock(&looks.mutex);
    if (strcmp(path, looks.folder) == 0)
        note_look();
    pthread_mutex_unlock(&looks.mutex);
    return fstatat(AT_FDCWD, path, ret_status, 0);
}

static void watch(struct fixture *fixture, const char *name, bool hold)
{
    pthread_mutex_lock(&looks.mutex);
    snprintf(looks.folder, sizeof looks.folder, "%s/%s", fixture->folder, name);
    looks.loop = fixture->thread;
    looks.reader = pthread_self();
    looks.on_loop = looks.on_reader = looks.on_workers = 0;
    looks.hold = hold;
    pthread_mutex_unlock(&looks.mutex);
}

static void let_go(void)
{
    pthread_mutex_lock(&looks.mutex);
    looks.hold = false;
    pthread_cond_broadcast(&looks.changed);
    pthread_mutex_unlock(&looks.mutex);
}

static unsigned looks_of(const unsigned *who)
{
    pthread_mutex_lock(&looks.mutex);
    unsigned count = *who;
    pthread_mutex_unlock(&looks.mutex);
    return count;
}

static void wait_for_look(void)
{
    for (int left = 12000; left > 0 && looks_of(&looks.on_loop) + looks_of(&looks.on_workers) == 0; left--)
        fixture_sleep();
}

static void change(struct fixture *fixture, const char *from, const char *to,
                   int operation(const char *from, const char *to))
{
    char old[400], new[400];
    snprintf(old, sizeof old, "%s/%s", fixture->folder, from);
    snprintf(new, sizeof new, "%s/%s", fixture->folder, to);
    assert_int_equal(operation(old, new), 0);
}

static void make_folder(struct fixture *fixture, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* A key that is put into the folder of its name. */
static void add(struct fixture *fixture, const char *name)
{
    char definition[600];
    snprintf(definition, sizeof definition, "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/%s/key\"}",
             fixture->folder, name);
    const char *deliveries[] = {definition};
    struct engine_key_draft draft = {.environment = "live",
                                     .name = name,
                                     .provider = "fs",
                                     .fields = ENGINE_GRACE,
                                     .grace_ms = 0,
                                     .deliveries = deliveries,
                                     .delivery_count = 1};
    make_folder(fixture, name);
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, name, key.current_number == 1 && key.rotation_state == 0);
}

/* Holder's folder is now at other's path, too. */
static void become_one(struct fixture *fixture)
{
    change(fixture, "other", "away", rename);
    change(fixture, "holder", "other", rename);
    change(fixture, "other", "holder", symlink);
}

static void become_two(struct fixture *fixture)
{
    fixture_remove(fixture, "holder");
    change(fixture, "other", "holder", rename);
    change(fixture, "away", "other", rename);
}

static void begin(struct fixture *fixture)
{
    add(fixture, "holder");
    add(fixture, "other");
    become_one(fixture);
}

static int keep_delivery(void *context, const struct vault_row *record, struct err *err)
{
    struct vault_delivery *delivery = context;
    (void)err;
    *delivery = *(const struct vault_delivery *)record;
    delivery->definition = (struct vault_text){0};
    return VAULT_STOP;
}

static struct vault_delivery delivery_of(struct fixture *fixture, const char *name)
{
    struct vault_key key = fixture_key(fixture, name);
    struct vault_delivery delivery = {0};
    GOOD(vault_children(fixture->session, VAULT_DELIVERY, key.row.id, keep_delivery, &delivery, &good_err));
    return delivery;
}

/* As where a key is shown. */
static bool is_shared(struct fixture *fixture, const char *name, size_t size, char *ret_text)
{
    struct vault_delivery delivery = delivery_of(fixture, name);
    OWN(vault_snapshot_end) struct vault_session *seen = NULL;
    GOOD(vault_snapshot(fixture->session, &seen, &good_err));
    return engine_place_is_shared(fixture->engine, seen, &delivery, size, ret_text);
}

static const char HELD[] = "it is a place of live/holder already; name another, or keyturn deliver live/holder remove 1";

static void rotate_other(struct fixture *fixture)
{
    GOOD(engine_rotate(fixture->engine, "test", "live", "other", NULL, &good_err));
}

static void refuse_other(struct fixture *fixture)
{
    rotate_other(fixture);
    WAIT_FOR(fixture, "other", key.rotation_state == 0);
    assert_int_equal(fixture_key(fixture, "other").current_number, 1);
    assert_memory_equal(delivery_of(fixture, "other").detail, HELD, sizeof HELD - 1);
}

static void test_whose_a_file_is_is_looked_at_by_the_worker_that_would_touch_it_and_the_loop_goes_on(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    watch(fixture, "holder", true);
    rotate_other(fixture);
    wait_for_look();
    GOOD(engine_key_probe(fixture->engine, "test", "live", "holder", &good_err));
    let_go();
    WAIT_FOR(fixture, "other", key.rotation_state == 0);
    assert_int_equal(fixture_key(fixture, "other").current_number, 1);
    assert_memory_equal(delivery_of(fixture, "other").detail, HELD, sizeof HELD - 1);
    assert_int_equal(looks_of(&looks.on_loop), 0);
    assert_true(looks_of(&looks.on_workers) > 0);
}

static void test_that_a_place_is_shared_is_told_without_a_look(void **state)
{
    struct fixture *fixture = *state;
    char text[ERR_MESSAGE_BYTES] = "";
    begin(fixture);
    assert_false(is_shared(fixture, "other", sizeof text, text));
    refuse_other(fixture);
    watch(fixture, "holder", false);
    assert_true(is_shared(fixture, "other", sizeof text, text));
    assert_memory_equal(text, HELD, sizeof HELD - 1);
    assert_false(is_shared(fixture, "holder", sizeof text, text));
    assert_int_equal(looks_of(&looks.on_reader), 0);
    assert_int_equal(looks_of(&looks.on_loop), 0);

    GOOD(engine_delivery_remove(fixture->engine, "test", "live", "holder", 1, &good_err));
    assert_false(is_shared(fixture, "other", sizeof text, text));
}

static void test_a_place_is_free_when_its_holder_leads_there_no_longer(void **state)
{
    struct fixture *fixture = *state;
    char text[ERR_MESSAGE_BYTES] = "";
    begin(fixture);
    refuse_other(fixture);
    become_two(fixture);
    rotate_other(fixture);
    WAIT_FOR(fixture, "other", key.current_number > 1 && key.rotation_state == 0);
    assert_false(is_shared(fixture, "other", sizeof text, text));

    /* Its folder alone moves to where the other is put: it has a claim, and leads there no longer. */
    change(fixture, "other", "away", rename);
    change(fixture, "holder", "other", rename);
    watch(fixture, "holder", false);
    uint32_t before = fixture_key(fixture, "other").current_number;
    rotate_other(fixture);
    WAIT_FOR(fixture, "other", key.current_number > before && key.rotation_state == 0);
    assert_int_equal(looks_of(&looks.on_loop), 0);
    assert_true(looks_of(&looks.on_workers) > 0);
}

/* A dead mount does not keep the store from being checked: a due time that was edited in it is found. */
static void test_S8_the_store_is_checked_while_a_look_at_a_place_goes_on(void **state)
{
    struct fixture *fixture = *state;
    char command[400];
    add(fixture, "holder");
    fixture_stop(fixture);
    snprintf(command, sizeof command, "sqlite3 '%s/vault.db' 'UPDATE key SET due_at_ms = due_at_ms + 1'", fixture->folder);
    assert_int_equal(system(command), 0);
    fixture_start(fixture);
    watch(fixture, "holder", true);
    fixture_unlock(fixture);
    wait_for_look();
    for (int left = 12000; left > 0 && vault_state(fixture->vault) != VAULT_LOCKED; left--)
        fixture_sleep();
    let_go();
    assert_int_equal(vault_state(fixture->vault), VAULT_LOCKED);
}

#define PLACES_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACES_TEST(test_whose_a_file_is_is_looked_at_by_the_worker_that_would_touch_it_and_the_loop_goes_on),
        PLACES_TEST(test_that_a_place_is_shared_is_told_without_a_look),
        PLACES_TEST(test_a_place_is_free_when_its_holder_leads_there_no_longer),
        PLACES_TEST(test_S8_the_store_is_checked_while_a_look_at_a_place_goes_on),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
