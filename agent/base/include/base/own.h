/* Ownership by scope: OWN frees when the scope ends, GIVE hands over.
 *
 *     OWN(secret_free) struct secret *key = secret_new(32);
 *     ...
 *     *ret_key = GIVE(key);
 *
 * OWN takes a free function of the form  struct x *x_free(struct x *)  that
 * accepts NULL, declared once with OWN_DEFINE(struct x, x_free). */
#ifndef KEYTURN_BASE_OWN_H
#define KEYTURN_BASE_OWN_H

#include <unistd.h>

#define OWN_DEFINE(type, free_function)                                                            \
    static inline void own_##free_function(type **pointer)                                         \
    {                                                                                              \
        if (*pointer)                                                                              \
            free_function(*pointer);                                                               \
        *pointer = NULL;                                                                           \
    }                                                                                              \
    _Static_assert(1, "semicolon")

#define OWN(free_function) __attribute__((cleanup(own_##free_function)))

#define GIVE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) give_value = (pointer);                                                \
        (pointer) = NULL;                                                                          \
        give_value;                                                                                \
    })

/* OWN_FD closes a descriptor; GIVE_FD leaves -1 behind. */
static inline void own_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
#define OWN_FD __attribute__((cleanup(own_fd)))
#define GIVE_FD(fd)                                                                                \
    __extension__({                                                                                \
        int give_fd = (fd);                                                                        \
        (fd) = -1;                                                                                 \
        give_fd;                                                                                   \
    })

#endif
