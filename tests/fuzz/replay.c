/* Runs a target over the files of folders, without libFuzzer: so the corpus, and
 * with it every input that once did harm, is a test of every build. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>

enum { REPLAY_FILE_BYTES = 4 * 1024 * 1024 };

static void replay_file(const char *path)
{
    struct err err = {0};
    OWN_BUF struct buf bytes = {0};
    if (file_read(path, REPLAY_FILE_BYTES, &bytes, &err) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    /* Exactly as many bytes as the file has, so that a sanitizer sees what is read past them. */
    uint8_t *exact = malloc(bytes.length ? bytes.length : 1);
    FUZZ_CHECK(exact);
    if (bytes.length > 0)
        memcpy(exact, bytes.data, bytes.length);
    LLVMFuzzerTestOneInput(exact, bytes.length);
    free(exact);
}

static unsigned replay_folder(const char *folder)
{
    unsigned files = 0;
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        exit(1);
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        replay_file(path);
        files++;
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    unsigned files = 0;
    for (int i = 1; i < argc; i++)
        files += replay_folder(argv[i]);
    printf("%u inputs\n", files);
    return files > 0 ? 0 : 1;
}
