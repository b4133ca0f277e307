/* Lists as the command line reads them while they arrive: in pieces of any size
 * they must read the same. */
#include "fuzz.h"

#include "scan.h"

struct seen {
    struct buf all; /* each row and a line feed */
};

/* Each value as each kind: what is read of it differs, that there are values does not. */
static enum err_code look(const char *text, size_t length, unsigned kinds, struct err *err)
{
    struct scan_values values = scan_values(text, length);
    char *out = malloc(length + 3);
    char *at = out;
    for (unsigned i = 0; i < 3; i++, kinds /= 4) {
        if (kinds % 4 == 0)
            at = scan_text(&values, at);
        else if (kinds % 4 == 1)
            (void)scan_time(&values);
        else if (kinds % 4 == 2)
            FUZZ_CHECK(scan_number(&values) >= 0);
        else
            (void)scan_true(&values);
    }
    FUZZ_CHECK((size_t)(at - out) <= length + 3);
    free(out);
    return scan_values_end(&values, err);
}

static enum err_code row(void *context, const char *text, size_t length, struct err *err)
{
    struct seen *seen = context;
    buf_add(&seen->all, text, length);
    buf_add(&seen->all, "\n", 1);
    enum err_code code = look(text, length, 0, err);
    for (unsigned kinds = 1; kinds < 64; kinds++)
        FUZZ_CHECK(look(text, length, kinds, err) == code);
    return code;
}

static enum err_code feed(const uint8_t *data, size_t size, size_t step, struct seen *seen)
{
    struct scan_lines lines = {.row = row, .context = seen};
    enum err_code code = ERR_OK;
    for (size_t at = 0; code == ERR_OK && at < size; at += step)
        code = scan_feed(&lines, (const char *)data + at, size - at < step ? size - at : step, NULL);
    if (code == ERR_OK)
        code = scan_end(&lines, NULL);
    buf_release(&lines.part);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole = {0};
    struct seen pieces = {0};
    size_t step = size > 0 ? 1 + data[size - 1] % 7 : 1;
    enum err_code at_once = feed(data, size, size ? size : 1, &whole);
    enum err_code by_step = feed(data, size, step, &pieces);
    FUZZ_CHECK(at_once == by_step);
    FUZZ_CHECK(whole.all.length == pieces.all.length);
    FUZZ_CHECK(whole.all.length == 0 || memcmp(whole.all.data, pieces.all.data, whole.all.length) == 0);
    struct err err = {0};
    FUZZ_CHECK(look((const char *)data, size, 0, &err) == ERR_OK || err.message[0]);
    buf_release(&whole.all);
    buf_release(&pieces.all);
    return 0;
}
