/* Which delivery has which file. Two of one path are refused when they are configured; that two paths lead to one
 * file can come about later, by a mount. So each file is claimed by the delivery that first touches it, or is first
 * looked at after unlocking, and another is refused before it touches anything.
 *
 * A claim is a number made of the folder and the name (delivery_spot), so a folder that was removed and made anew
 * may bring a claim that nobody has: the one who claims is then looked at once more, by its path, and gives way.
 *
 * A look may take for as long as a dead mount lasts. So each is on a worker, while neither the claims nor the vault
 * are locked; who shows a key is told what was found last. */
#include "places.h"

#include "engine_private.h"
#include "flights.h"

#include "base/log.h"
#include "delivery/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The holder leads there no longer: it is this delivery's, unless yet another was faster. */
static void pass(struct places *places, uint64_t spot, const uint8_t holder[VAULT_ID_BYTES],
                 const uint8_t id[VAULT_ID_BYTES])
{
    (void)pthread_mutex_lock(&places->mutex);
    struct place_claim *place = claim_at(places->claims, places->room, spot);
    if (place->spot && id_equal(place->delivery_id, holder))
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

/* Whose it is, and what to do. False: it is no delivery any more. Where it cannot be read it is one. */
static bool read_holder(struct vault_session *session, const uint8_t id[VAULT_ID_BYTES],
                        struct vault_delivery *ret_record, size_t size, char *ret_text)
{
    struct vault_key key = {0};
    struct err err = {0};
    (void)snprintf(ret_text, size, "it is a place of another delivery already");
    if (vault_get(session, VAULT_DELIVERY, id, &ret_record->row, &err) != ERR_OK)
        return err.code != ERR_NOT_FOUND;
    if (vault_get(session, VAULT_KEY, ret_record->row.parent, &key.row, &err) == ERR_OK)
        (void)snprintf(ret_text, size,
                       "it is a place of %s/%s already; name another, or keyturn deliver %s/%s remove %u. There it is %s",
                       key.environment, key.name, key.environment, key.name, ret_record->order, ret_record->target);
    vault_record_release(VAULT_KEY, &key.row);
    return true;
}

/* Does its path lead there now? Where that cannot be read it does. May block. */
static bool leads_to(const struct engine *engine, const struct vault_delivery *record, uint64_t spot)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    struct err unreadable = {0};
    return !record->definition.data ||
           delivery_parse("delivery", record->definition.data, record->definition.length, engine->options.sinks,
                          &delivery, &unreadable) != ERR_OK ||
           delivery_spot(delivery) == spot;
}

/* Make it this delivery's where its holder has given it up. False: it has not, and text says whose it is. */
static bool take_over(struct engine *engine, struct vault_session *session, uint64_t spot,
                      const uint8_t holder[VAULT_ID_BYTES], const uint8_t id[VAULT_ID_BYTES], size_t size,
                      char *ret_text)
{
    struct vault_delivery record = {0};
    bool held = read_holder(session, holder, &record, size, ret_text) && leads_to(engine, &record, spot);
    vault_record_release(VAULT_DELIVERY, &record.row);
    if (held)
        share(&engine->places, id, holder);
    else
        pass(&engine->places, spot, holder, id);
    return !held;
}

enum err_code places_may_touch(void *context, uint64_t spot, struct err *err)
{
    struct flight *flight = context;
    struct engine *engine = flight->engine;
    OWN(vault_session_free) struct vault_session *session = NULL;
    uint8_t holder[VAULT_ID_BYTES];
    char text[ERR_MESSAGE_BYTES];
    while (!claim(&engine->places, spot, flight->delivery_id, holder)) {
        flight->not_begun = true;
        if (!session)
            TRY(vault_session_new(engine->vault, NULL, &session, err));
        if (!take_over(engine, session, spot, holder, flight->delivery_id, sizeof text, text))
            return err_set(err, ERR_EXISTS, "%s", text);
    }
    flight->not_begun = false;
    return ERR_OK;
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

static enum err_code say_shared(const struct places_look *look, size_t at, const char *text, struct err *err)
{
    struct vault_key key = {0};
    TRY(vault_get(look->session, VAULT_KEY, look->rows[at].parent, &key.row, err));
    log_warning("engine", "%s/%s: %s: %s", key.environment, key.name, delivery_target(look->deliveries[at]), text);
    vault_record_release(VAULT_KEY, &key.row);
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
    struct engine *engine = look->engine;
    const uint8_t *id = look->rows[at].id;
    uint64_t spot = delivery_spot(look->deliveries[at]);
    uint8_t holder[VAULT_ID_BYTES];
    char text[ERR_MESSAGE_BYTES];
    while (!claim(&engine->places, spot, id, holder))
        if (!take_over(engine, look->session, spot, holder, id, sizeof text, text))
            return say_shared(look, at, text, err);
    return ERR_OK;
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
static void look(void *context)
{
    struct engine *engine = context;
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

static void look_done(void *context, bool cancelled)
{
    struct engine *engine = context;
    (void)cancelled;
    engine->places.looking = false;
}

void places_look(struct engine *engine)
{
    struct err err = {0};
    const struct work_job job = {.run = look, .done = look_done, .context = engine};
    if (engine->places.looking)
        return;
    engine->places.looking = true;
    if (work_submit(engine->work, &job, false, &err) == ERR_OK)
        return;
    engine->places.looking = false;
    log_error("engine", "the places of deliveries are not looked at: %s", err.message);
}

/* --- For people ------------------------------------------------------------------------ */

bool engine_place_is_shared(struct engine *engine, struct vault_session *session,
                            const struct vault_delivery *delivery, size_t size, char *ret_text)
{
    struct places *places = &engine->places;
    struct vault_delivery record = {0};
    uint8_t holder[VAULT_ID_BYTES];
    bool found = false;
    (void)pthread_mutex_lock(&places->mutex);
    for (size_t i = 0; i < places->shared_count && !found; i++) {
        found = id_equal(places->shared[i].delivery_id, delivery->row.id);
        memcpy(holder, places->shared[i].holder_id, VAULT_ID_BYTES);
    }
    (void)pthread_mutex_unlock(&places->mutex);
    bool shared = found && read_holder(session, holder, &record, size, ret_text);
    vault_record_release(VAULT_DELIVERY, &record.row);
    return shared;
}
