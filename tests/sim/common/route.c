#include "common/route.h"

#include <string.h>

bool route_match(const char *pattern, const char *path, char argument[ROUTE_ARGUMENT_BYTES])
{
    const char *hole = strstr(pattern, "{}");
    argument[0] = '\0';
    if (!hole)
        return strcmp(pattern, path) == 0;

    size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t length = strcspn(path + before, "/");
    if (length == 0 || length >= ROUTE_ARGUMENT_BYTES || strcmp(path + before + length, hole + 2) != 0)
        return false;
    memcpy(argument, path + before, length);
    argument[length] = '\0';
    return true;
}
