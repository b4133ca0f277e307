/* What a file's place is, whatever path leads to it. A path is not that: a symlink, a mount in a second place or
 * a folder that is exported and mounted again lead to one file by several. What makes it out is its folder, which
 * has a number on its device, and the name in it. (Not the file's own number: each put makes a new file.) */
#include "delivery_private.h"

#include "base/limits.h"

#include <string.h>
#include <sys/stat.h>

/* The folder that a path leads to now. False: it is not there, or not to be looked at. */
static bool spot_folder(const char *path, struct stat *ret_status)
{
    char folder[LIMIT_PATH_BYTES];
    const char *slash = strrchr(path, '/');
    size_t length = slash && slash > path ? (size_t)(slash - path) : 1;
    if (length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return stat(folder, ret_status) == 0;
}

static const char *spot_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014): each bit of the number decides about each of the result. */
static uint64_t spot_mix(uint64_t number)
{
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9U;
    number = (number ^ number >> 27) * 0x94d049bb133111ebU;
    return number ^ number >> 31;
}

static uint64_t spot_of(const struct stat *folder, const char *name)
{
    uint64_t spot = spot_mix((uint64_t)folder->st_dev + 1);
    spot = spot_mix(spot ^ (uint64_t)folder->st_ino);
    for (; *name; name++)
        spot = spot_mix(spot ^ (unsigned char)*name);
    return spot ? spot : 1;
}

uint64_t delivery_place_spot(const struct delivery_place *place)
{
    struct stat folder;
    return fstat(place->folder, &folder) == 0 ? spot_of(&folder, place->name) : 0;
}

uint64_t delivery_spot(const struct delivery *delivery)
{
    struct stat folder;
    if (delivery->kind != DELIVERY_FILE || !spot_folder(delivery->path, &folder))
        return 0;
    return spot_of(&folder, spot_name(delivery->path));
}

bool delivery_same_file(const char *a, const char *b)
{
    struct stat one, other;
    if (strcmp(a, b) == 0)
        return true;
    return strcmp(spot_name(a), spot_name(b)) == 0 && spot_folder(a, &one) && spot_folder(b, &other) &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
