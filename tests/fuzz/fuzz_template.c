/* Templates: the form is checked alone, then rendered as text and as a secret. */
#include "fuzz.h"

#include "action/values.h"

static struct action_values *values;

static void start(void)
{
    fuzz_start();
    if (values)
        return;
    values = action_values_new();
    struct secret *secret = secret_new(32);
    FUZZ_CHECK(values && secret && secret_set(secret, "s\"ecret/\x01\xff value", 16) == ERR_OK);
    FUZZ_CHECK(action_values_set(values, "name", "a \"name\" + é", NULL) == ERR_OK);
    FUZZ_CHECK(action_values_set(values, "empty", "", NULL) == ERR_OK);
    FUZZ_CHECK(action_values_set_secret(values, "secret", secret, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    OWN(secret_free) struct secret *secret = NULL;
    char *text = fuzz_string(data, size);
    enum err_code form = action_template_check(text, "template", &err);
    enum err_code as_text = action_render(text, values, "template", &out, &err);
    enum err_code as_secret = action_render_secret(text, values, "template", NULL, &secret, &err);
    FUZZ_CHECK(form == ERR_OK || (as_text != ERR_OK && as_secret != ERR_OK));
    FUZZ_CHECK(as_text == ERR_OK || out.length == 0);
    /* What may be shown holds no secret, and is the same bytes either way. */
    FUZZ_CHECK(out.length == 0 || strstr(text, "s\"ecret/") || !memmem(out.data, out.length, "s\"ecret/", 8));
    if (as_text == ERR_OK && as_secret == ERR_OK)
        FUZZ_CHECK(out.length == secret_length(secret) &&
                   (out.length == 0 || memcmp(out.data, secret_peek(secret), out.length) == 0));
    free(text);
    return 0;
}
