/* libcurl copies what it sends and receives into buffers of its own: the head
 * of each request, a small body, the receive buffer, the user of a signature.
 * Its memory comes from here, so that each of these copies is wiped when
 * libcurl frees it. What this does not reach: the buffers of OpenSSL and
 * nghttp2, which have allocators of their own, the kernel's socket buffers, and
 * the buffers of a handle that is kept for the next request. */
#include "http/http.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void http_memory_free(void *memory)
{
    if (!memory)
        return;
    secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

/* realloc would leave the old bytes behind when it moves them. */
static void *http_memory_resize(void *memory, size_t size)
{
    if (memory && size <= malloc_usable_size(memory))
        return memory;
    void *larger = malloc(size);
    if (larger && memory) {
        memcpy(larger, memory, malloc_usable_size(memory));
        http_memory_free(memory);
    }
    return larger;
}

enum err_code http_init(struct err *err)
{
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, http_memory_free, http_memory_resize,
                                         strdup, calloc);
    if (code != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl does not start: %s", curl_easy_strerror(code));
    return ERR_OK;
}
