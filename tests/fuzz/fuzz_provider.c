/* Definitions of providers: YAML in, and what is loaded can be used. */
#include "fuzz.h"

#include "provider/provider.h"

static void use_actions(const struct provider *provider, const struct provider_environment *environment,
                        const struct secret *secret)
{
    const struct provider_subject subject = {
        .environment = environment, .key = "live/reporting", .label = "label", .id = "id", .secret = secret};
    OWN(action_values_free) struct action_values *values = NULL;
    FUZZ_CHECK(provider_values(provider, &subject, &values, NULL) == ERR_OK);
    for (int action = 0; action < PROVIDER_ACTION_COUNT; action++) {
        const struct action_spec *spec = provider_spec(provider, (enum provider_action)action);
        OWN_BUF struct buf text = {0};
        OWN_BUF struct buf link = {0};
        FUZZ_CHECK(spec || !provider_can(provider, (enum provider_action)action));
        if (spec && spec->manual &&
            provider_manual(provider, (enum provider_action)action, &subject, &text, &link, NULL) == ERR_OK)
            FUZZ_CHECK(buf_ok(&text) && buf_ok(&link));
    }
}

static void use(const struct provider *provider)
{
    OWN(secret_free) struct secret *secret = fuzz_secret((const uint8_t *)"sk_live_0123456789abcdef", 24);
    const struct provider_limits *limits = provider_limits(provider);
    FUZZ_CHECK(strlen(provider_name(provider)) > 0 && limits->settle > 0 && limits->parallel > 0);
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *environment = provider_environment_at(provider, i);
        const struct provider_environment *other = NULL;
        enum provider_shape shape = provider_shape(provider, environment, secret, &other);
        FUZZ_CHECK((shape == PROVIDER_SHAPE_OTHER) == (other != NULL));
        FUZZ_CHECK(provider_environment_for(provider, environment->name, environment->class) == environment);
        use_actions(provider, environment, secret);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    struct err err = {0};
    OWN(provider_free) struct provider *provider = NULL;
    if (provider_load_text("fuzz.yaml", (const char *)data, size, &provider, &err) == ERR_OK)
        use(provider);
    else
        FUZZ_CHECK(!provider && err.message[0]);
    return 0;
}
