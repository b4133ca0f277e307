/* Lists as the command line reads them while they arrive: in pieces of any size
 * they must read the same. */
#include "fuzz.h"

#include "scan.h"

struct seen {
    struct buf all; /* each element and a line feed */
};

static void member(void *context, struct scan_value name, struct scan_value value)
{
    (void)context;
    char out[40];
    scan_text(value, out, sizeof out);
    FUZZ_CHECK(strnlen(out, sizeof out) < sizeof out);
    (void)scan_is(name, "key");
    (void)scan_number(value);
    FUZZ_CHECK(!(scan_true(value) && scan_null(value)));
}

static enum err_code element(void *context, const char *text, size_t length, struct err *err)
{
    struct seen *seen = context;
    buf_add(&seen->all, text, length);
    buf_add(&seen->all, "\n", 1);
    return scan_object(text, length, member, NULL, err);
}

static enum err_code split(const uint8_t *data, size_t size, size_t step, struct seen *seen)
{
    struct scan_splitter splitter = {.element = element, .context = seen};
    enum err_code code = ERR_OK;
    for (size_t at = 0; code == ERR_OK && at < size; at += step)
        code = scan_split(&splitter, (const char *)data + at, size - at < step ? size - at : step, NULL);
    buf_release(&splitter.part);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole = {0};
    struct seen pieces = {0};
    size_t step = size > 0 ? 1 + data[size - 1] % 7 : 1;
    enum err_code at_once = split(data, size, size ? size : 1, &whole);
    enum err_code by_step = split(data, size, step, &pieces);
    FUZZ_CHECK(at_once == by_step);
    if (at_once == ERR_OK)
        FUZZ_CHECK(strcmp(buf_text(&whole.all), buf_text(&pieces.all)) == 0);
    struct err err = {0};
    FUZZ_CHECK(scan_object((const char *)data, size, member, NULL, &err) == ERR_OK || err.message[0]);
    buf_release(&whole.all);
    buf_release(&pieces.all);
    return 0;
}
