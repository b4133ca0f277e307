/* Lists as the command line reads them while they arrive: in pieces of any size
 * they must read the same. */
#include "fuzz.h"

#include "scan.h"

enum { VALUES = 3 };

struct seen {
    struct buf all; /* each row and a line feed */
};

static void look(struct scan_value value)
{
    char *out = malloc(value.length + 1);
    size_t length = scan_text(value, out);
    FUZZ_CHECK(length < value.length && strlen(out) <= length);
    FUZZ_CHECK(!(scan_true(value) && length > 0));
    (void)scan_number(value);
    (void)scan_time(value);
    free(out);
}

static enum err_code row(void *context, const char *text, size_t length, struct err *err)
{
    struct seen *seen = context;
    struct scan_value values[VALUES];
    buf_add(&seen->all, text, length);
    buf_add(&seen->all, "\n", 1);
    TRY(scan_values(text, length, values, VALUES, err));
    for (size_t i = 0; i < VALUES; i++)
        look(values[i]);
    return ERR_OK;
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
    FUZZ_CHECK(strcmp(buf_text(&whole.all), buf_text(&pieces.all)) == 0);
    struct err err = {0};
    struct scan_value values[VALUES];
    FUZZ_CHECK(scan_values((const char *)data, size, values, VALUES, &err) == ERR_OK || err.message[0]);
    buf_release(&whole.all);
    buf_release(&pieces.all);
    return 0;
}
