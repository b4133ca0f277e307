#include "smartcols.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t member;
} functions[] = {
#define SMARTCOLS_FUNCTION(name) {"scols_" #name, offsetof(struct smartcols, name)},
    SMARTCOLS(SMARTCOLS_FUNCTION)
#undef SMARTCOLS_FUNCTION
};

const struct smartcols *smartcols_load(void)
{
    static struct smartcols loaded;
    static bool whole;
    if (whole)
        return &loaded;
    void *library = dlopen("libsmartcols.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return NULL;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *function = dlsym(library, functions[i].name);
        if (!function)
            return NULL;
        memcpy((char *)&loaded + functions[i].member, &function, sizeof function);
    }
    whole = true;
    return &loaded;
}
