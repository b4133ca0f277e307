/* The answer's body, which may hold a new secret: it grows in locked memory by
 * doubling, and each smaller piece is wiped when it is left. */
#include "transfer.h"

enum { HTTP_FIRST_BYTES = 1024 };

struct secret *http_grow(struct secret *old, size_t needed, size_t most, struct secret_arena *arena)
{
    if (old && secret_capacity(old) >= needed)
        return old;
    if (needed > most)
        return NULL;
    size_t capacity = old ? secret_capacity(old) : HTTP_FIRST_BYTES;
    while (capacity < needed)
        capacity *= 2;
    OWN(secret_free) struct secret *larger = secret_new_in(arena, capacity < most ? capacity : most);
    if (!larger)
        return NULL;
    if (old && secret_append(larger, secret_peek(old), secret_length(old)) != ERR_OK)
        return NULL;
    secret_free(old);
    return GIVE(larger);
}

/* How much to ask for at once: all of it where the answer says its length. */
static size_t http_announced(const struct http_transfer *transfer, size_t length)
{
    curl_off_t announced = -1;
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0 && (size_t)announced > length)
        return (size_t)announced;
    return length;
}

bool http_receive(struct http_transfer *transfer, const char *bytes, size_t length)
{
    struct secret *body = transfer->answer.body;
    size_t needed = body ? secret_length(body) + length : http_announced(transfer, length);
    if (needed > transfer->max_answer_bytes) {
        transfer->too_large = "the answer";
        transfer->limit_bytes = transfer->max_answer_bytes;
        return false;
    }
    struct secret *room = http_grow(body, needed, transfer->max_answer_bytes, transfer->arena);
    if (!room)
        return false;
    transfer->answer.body = room;
    return secret_append(room, bytes, length) == ERR_OK;
}
