/* Which delivery has which file. Two of one path are refused when they are configured; that two paths lead to one
 * file can come about later, by a mount. So each file is claimed by the delivery that first touches it, or is first
 * looked at after unlocking, and another is refused before it touches anything.
 *
 * A claim is a number made of the folder and the name (delivery_spot), so a folder that was removed and made anew
 * may bring a claim that nobody has: the one who claims is then looked at once more, by its path, and gives way. */
#include "internal.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLAIMS_FIRST = 64 };

void places_init(struct places *places)
{
    (void)pthread_mutex_init(&places->mutex, NULL);
}

void places_release(struct places *places)
{
    (void)pthread_mutex_destroy(&places->mutex);
    free(places->claims);
}

/* --- Claims -------------------------------------------------------------------- */

/* The claim of that number, or the free room where it would be. */
static struct place_claim *claim_at(struct place_claim *claims, size_t room, uint64_t spot)
{
    size_t at = spot & (room - 1);
    while (claims[at].spot && claims[at].spot != spot)
        at = (at + 1) & (room - 1);
    return &claims[at];
}

/* Three quarters are used at most. */
static bool make_room(struct places *places)
{
    size_t room = places->room ? 2 * places->room : CLAIMS_FIRST;
    if ((places->count + 1) * 4 <= places->room * 3)
        return true;
    struct place_claim *claims = calloc(room, sizeof *claims);
    if (!claims)
        return false;
    for (size_t i = 0; i < places->room; i++)
        if (places->claims[i].spot)
            *claim_at(claims, room, places->claims[i].spot) = places->claims[i];
    free(places->claims);
    places->claims = claims;
    places->room = room;
    return true;
}

static void part(struct places *places, const uint8_t id[VAULT_ID_BYTES])
{
    for (size_t i = 0; i < places->shared_count; i++)
        if (id_equal(places->shared[i].delivery_id, id))
            places->shared[i--] = places->shared[--places->shared_count];
}

/* True: it is this delivery's now. Without memory it is nobody's, and everybody may. */
static bool claim(struct places *places, uint64_t spot, const uint8_t id[VAULT_ID_BYTES],
                  uint8_t ret_holder[VAULT_ID_BYTES])
{
    bool mine = true;
    (void)pthread_mutex_lock(&places->mutex);
    if (spot && make_room(places)) {
        struct place_claim *place = claim_at(places->claims, places->room, spot);
        if (!place->spot) {
            *place = (struct place_claim){.spot = spot};
            memcpy(place->delivery_id, id, VAULT_ID_BYTES);
            places->count++;
        }
        mine = id_equal(place->delivery_id, id);
        memcpy(ret_holder, place->delivery_id, VAULT_ID_BYTES);
    }
    if (mine)
        part(places, id);
    (void)pthread_mutex_unlock(&places->mutex);
    return mine;
}

/* Whoever claimed it has it no longer. */
static void pass(struct places *places, uint64_t spot, const uint8_t id[VAULT_ID_BYTES])
{
    (void)pthread_mutex_lock(&places->mutex);
    struct place_claim *place = claim_at(places->claims, places->room, spot);
    if (place->spot)
        memcpy(place->delivery_id, id, VAULT_ID_BYTES);
    (void)pthread_mutex_unlock(&places->mutex);
}

static void share(struct places *places, const uint8_t id[VAULT_ID_BYTES], const uint8_t holder[VAULT_ID_BYTES])
{
    (void)pthread_mutex_lock(&places->mutex);
    part(places, id);
    if (places->shared_count < PLACES_SHARED) {
        struct place_shared *shared = &places->shared[places->shared_count++];
        memcpy(shared->delivery_id, id, VAULT_ID_BYTES);
        memcpy(shared->holder_id, holder, VAULT_ID_BYTES);
    }
    (void)pthread_mutex_unlock(&places->mutex);
}

/* --- Whose it is ------------------------------------------------------------------ */

/* Does the other still lead there? Then text says whose it is, and what to do. Where it cannot be read it does. */
static bool is_held(struct engine *engine, struct vault_session *session, const struct delivery *delivery,
                    const uint8_t holder[VAULT_ID_BYTES], size_t size, char *ret_text)
{
    struct vault_delivery record = {0};
    struct vault_key key = {0};
    struct err err = {0};
    OWN(delivery_free) struct delivery *other = NULL;
    if (vault_get(session, VAULT_DELIVERY, holder, &record.row, &err) != ERR_OK)
        return err.code != ERR_NOT_FOUND;
    bool held = delivery_parse("delivery", record.definition.data, record.definition.length, engine->options.sinks,
                               &other, &err) != ERR_OK ||
                delivery_same_place(other, delivery);
    if (held && vault_get(session, VAULT_KEY, record.row.parent, &key.row, &err) == ERR_OK)
        (void)snprintf(ret_text, size,
                       "it is a place of %s/%s already; name another, or keyturn deliver %s/%s remove %u. There it is %s",
                       key.environment, key.name, key.environment, key.name, record.order, record.target);
    vault_record_release(VAULT_KEY, &key.row);
    vault_record_release(VAULT_DELIVERY, &record.row);
    return held;
}

bool places_may_touch(void *context, uint64_t spot)
{
    struct flight *flight = context;
    if (claim(&flight->engine->places, spot, flight->delivery_id, flight->held_by))
        return true;
    flight->held_spot = spot;
    return false;
}

bool places_give_way(struct engine *engine, struct flight *flight)
{
    char *text = flight->delivered.detail;
    if (is_held(engine, engine->session, flight->delivery, flight->held_by, sizeof flight->delivered.detail, text)) {
        share(&engine->places, flight->delivery_id, flight->held_by);
        return false;
    }
    pass(&engine->places, flight->held_spot, flight->delivery_id);
    flight->held_spot = 0;
    return true;
}

/* --- After unlocking ---------------------------------------------------------------- */

/* Some are read at once and then looked at: locking waits for who reads the vault, and a look may block. */
enum { LOOK_PLACES = 128 };
struct places_look {
    struct engine *engine;
    struct vault_session *session;
    struct vault_row rows[LOOK_PLACES];
    struct delivery *deliveries[LOOK_PLACES]; /* owned */
    size_t count;
};

static enum err_code say_shared(const struct places_look *look, const struct vault_row *record,
                                const struct delivery *delivery, const uint8_t holder[VAULT_ID_BYTES], struct err *err)
{
    char text[ERR_MESSAGE_BYTES] = "it is a place of another delivery already";
    struct vault_key key = {0};
    if (!is_held(look->engine, look->session, delivery, holder, sizeof text, text)) {
        pass(&look->engine->places, delivery_spot(delivery), record->id);
        return ERR_OK;
    }
    TRY(vault_get(look->session, VAULT_KEY, record->parent, &key.row, err));
    log_warning("engine", "%s/%s: %s: %s", key.environment, key.name, delivery_target(delivery), text);
    vault_record_release(VAULT_KEY, &key.row);
    share(&look->engine->places, record->id, holder);
    return ERR_OK;
}

static int gather(void *context, const struct vault_row *record, struct err *err)
{
    struct places_look *look = context;
    const struct vault_text *text = &((const struct vault_delivery *)record)->definition;
    struct err unreadable = {0};
    (void)err;
    look->rows[look->count] = *record;
    look->count += delivery_parse("delivery", text->data, text->length, look->engine->options.sinks,
                                  &look->deliveries[look->count], &unreadable) == ERR_OK;
    return ERR_OK;
}

static enum err_code look_at(const struct places_look *look, size_t at, struct err *err)
{
    const struct vault_row *row = &look->rows[at];
    uint8_t holder[VAULT_ID_BYTES];
    if (claim(&look->engine->places, delivery_spot(look->deliveries[at]), row->id, holder))
        return ERR_OK;
    return say_shared(look, row, look->deliveries[at], holder, err);
}

static enum err_code look_at_all(struct places_look *look, struct err *err)
{
    struct vault_span span = VAULT_SPAN_BEFORE_ALL;
    for (;;) {
        bool found = false;
        enum err_code code = vault_span_next(look->session, VAULT_DELIVERY, LOOK_PLACES, &span, &found, err);
        if (code != ERR_OK || !found)
            return code;
        look->count = 0;
        code = vault_scan(look->session, VAULT_DELIVERY, &span, gather, look, err);
        for (size_t i = 0; i < look->count; i++) {
            if (code == ERR_OK)
                code = look_at(look, i, err);
            look->deliveries[i] = delivery_free(look->deliveries[i]);
        }
        TRY(code);
    }
}

/* Locked before its end, it has seen a part: the others are claimed when they are touched. */
void places_look(struct engine *engine)
{
    struct err err = {0};
    struct places_look look = {.engine = engine};
    OWN(vault_session_free) struct vault_session *session = NULL;
    enum err_code code = vault_session_new(engine->vault, NULL, &session, &err);
    look.session = session;
    if (code == ERR_OK)
        code = look_at_all(&look, &err);
    if (code != ERR_OK && code != ERR_LOCKED)
        log_error("engine", "the places of deliveries were not looked at: %s", err.message);
}

bool engine_place_is_shared(struct engine *engine, struct vault_session *session,
                            const struct vault_delivery *delivery, size_t size, char *ret_text)
{
    struct places *places = &engine->places;
    OWN(delivery_free) struct delivery *place = NULL;
    uint8_t holder[VAULT_ID_BYTES];
    struct err err = {0};
    bool found = false;
    (void)pthread_mutex_lock(&places->mutex);
    for (size_t i = 0; i < places->shared_count && !found; i++) {
        found = id_equal(places->shared[i].delivery_id, delivery->row.id);
        memcpy(holder, places->shared[i].holder_id, VAULT_ID_BYTES);
    }
    (void)pthread_mutex_unlock(&places->mutex);
    return found &&
           delivery_parse("delivery", delivery->definition.data, delivery->definition.length, engine->options.sinks,
                          &place, &err) == ERR_OK &&
           is_held(engine, session, place, holder, size, ret_text);
}
