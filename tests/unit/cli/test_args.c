#include "args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(words) ((int)(sizeof(words) / sizeof((words)[0])))

static enum err_code parse(const char *command, int count, char *const *words, struct args *args,
                           struct err *err)
{
    return args_parse(command_find(command), count, words, args, err);
}

static void test_options_stand_anywhere(void **state)
{
    (void)state;
    char *words[] = {"--provider=amps", "live/x", "--label", "a=b"};
    struct err err;
    OWN_ARGS struct args args = {0};
    assert_int_equal(parse("add", 4, words, &args, &err), ERR_OK);
    assert_string_equal(args_value(&args, "provider"), "amps");
    assert_string_equal(args_word(&args, 0), "live/x");
    assert_null(args_word(&args, 1));
    assert_false(args_has(&args, "unchecked"));
}

static void test_a_repeated_option_gives_all_its_values(void **state)
{
    (void)state;
    char *words[] = {"live/x", "--label", "a=b", "--label=c=d"};
    struct err err;
    OWN_ARGS struct args args = {0};
    size_t at = 0;
    assert_int_equal(parse("add", 4, words, &args, &err), ERR_OK);
    assert_string_equal(args_next(&args, "label", &at), "a=b");
    assert_string_equal(args_next(&args, "label", &at), "c=d");
    assert_null(args_next(&args, "label", &at));
}

static void test_two_dashes_end_the_options(void **state)
{
    (void)state;
    char *words[] = {"--", "--json"};
    struct err err;
    OWN_ARGS struct args args = {0};
    assert_int_equal(parse("get", COUNT(words), words, &args, &err), ERR_OK);
    assert_string_equal(args_word(&args, 0), "--json");
}

static const struct {
    const char *command;
    char *words[3];
    int count;
    const char *says;
} refusals[] = {
    {"list", {"--jsn"}, 1, "Did you mean --json?"},
    {"list", {"--frobnicate"}, 1, "See keyturn list --help"},
    {"list", {"--json=yes"}, 1, "takes no value"},
    {"list", {"--provider"}, 1, "needs a value"},
    {"list", {"-j"}, 1, "two dashes"},
    {"list", {"extra"}, 1, "one argument too many"},
    {"get", {NULL}, 0, "too little"},
};

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct err err = {0};
        struct args args;
        assert_int_equal(parse(refusals[i].command, refusals[i].count, refusals[i].words, &args, &err),
                         ERR_INVALID);
        if (!strstr(err.message, refusals[i].says))
            fail_msg("“%s” does not say “%s”", err.message, refusals[i].says);
    }
}

static void test_help_needs_no_arguments(void **state)
{
    (void)state;
    char *words[] = {"--help"};
    struct err err;
    OWN_ARGS struct args args = {0};
    assert_int_equal(parse("get", 1, words, &args, &err), ERR_OK);
    assert_true(args_has(&args, "help"));
}

static void test_numbers_have_limits(void **state)
{
    (void)state;
    static const struct {
        char *text;
        enum err_code code;
    } rows[] = {{"1", ERR_OK},        {"7", ERR_OK},       {"0", ERR_INVALID}, {"8", ERR_INVALID},
                {"-1", ERR_INVALID}, {"3x", ERR_INVALID}, {"", ERR_INVALID},  {"99999999999999999999", ERR_INVALID}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *words[] = {"live/x", "--version", rows[i].text};
        struct err err;
        OWN_ARGS struct args args = {0};
        int64_t value = 42;
        assert_int_equal(parse("get", COUNT(words), words, &args, &err), ERR_OK);
        assert_int_equal(args_number(&args, "version", 1, 7, &value, &err), rows[i].code);
        assert_int_equal(value == 42, rows[i].code != ERR_OK);
    }
}

/* Each row has what the help and the completion print. */
static void test_every_command_has_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < commands_count; i++) {
        const struct command *command = commands[i];
        assert_non_null(command->summary);
        assert_non_null(command->usage);
        assert_non_null(command->run);
        if (!command->example || !strstr(command->example, command->name))
            fail_msg("%s has no example of itself", command->name);
        assert_true(command->least <= command->most);
        assert_ptr_equal(command_find(command->name), command);
    }
}

/* S6: no command takes a secret as an argument or as an option's value. */
static void test_S6_no_option_takes_a_secret(void **state)
{
    (void)state;
    static const char *const words[] = {"secret", "passphrase", "password", "token", "value"};
    for (size_t i = 0; i < commands_count; i++)
        for (size_t j = 0; j < COMMAND_OPTIONS && commands[i]->options[j].name; j++)
            for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
                assert_false(commands[i]->options[j].value &&
                             strcmp(commands[i]->options[j].name, words[k]) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_stand_anywhere),
        cmocka_unit_test(test_a_repeated_option_gives_all_its_values),
        cmocka_unit_test(test_two_dashes_end_the_options),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_help_needs_no_arguments),
        cmocka_unit_test(test_numbers_have_limits),
        cmocka_unit_test(test_every_command_has_help),
        cmocka_unit_test(test_S6_no_option_takes_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
