/* Templates: the form is checked alone, then rendered as text and as a secret. */
#include "fuzz.h"

#include "action/values.h"

static struct action_values *values;
static struct action_values *others; /* the same, but for the secret */

static struct action_values *values_with(const char *content, size_t length)
{
    struct action_values *made = action_values_new();
    struct secret *secret = secret_new(32);
    FUZZ_CHECK(made && secret && secret_set(secret, content, length) == ERR_OK);
    FUZZ_CHECK(action_values_set(made, "name", "a \"name\" + é", NULL) == ERR_OK);
    FUZZ_CHECK(action_values_set(made, "empty", "", NULL) == ERR_OK);
    FUZZ_CHECK(action_values_set_secret(made, "secret", secret, NULL) == ERR_OK);
    return made;
}

static void start(void)
{
    fuzz_start();
    if (values)
        return;
    values = values_with("s\"ecret/\x01\xff value", 16);
    others = values_with("another, longer \x02/\"", 19);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    OWN_BUF struct buf other = {0};
    OWN(secret_free) struct secret *secret = NULL;
    char *text = fuzz_string(data, size);
    enum err_code form = action_template_check(text, "template", &err);
    enum err_code as_text = action_render(text, values, "template", &out, &err);
    enum err_code as_secret = action_render_secret(text, values, "template", NULL, &secret, &err);
    FUZZ_CHECK(form == ERR_OK || (as_text != ERR_OK && as_secret != ERR_OK));
    FUZZ_CHECK(as_text == ERR_OK || out.length == 0);
    /* What may be shown depends on no secret, and is the same bytes either way. */
    FUZZ_CHECK(action_render(text, others, "template", &other, &err) == as_text);
    FUZZ_CHECK(out.length == other.length);
    FUZZ_CHECK(out.length == 0 || memcmp(out.data, other.data, out.length) == 0);
    if (as_text == ERR_OK && as_secret == ERR_OK)
        FUZZ_CHECK(out.length == secret_length(secret) &&
                   (out.length == 0 || memcmp(out.data, secret_peek(secret), out.length) == 0));
    free(text);
    return 0;
}
