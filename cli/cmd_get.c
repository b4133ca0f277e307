/* The one command that many programs start often: it asks once, parses no JSON
 * and prints with write(2), so that the secret is in locked memory alone, and
 * the rest need not be locked, which takes a tenth of a millisecond. */
#include "agent.h"
#include "table.h"

#include "base/text.h"

#include <string.h>

struct get_answer {
    struct cli *cli;
    struct secret *secret; /* of one that comes in pieces, until it is whole; owned */
    bool written;
};

static void get_answer_release(struct get_answer *answer)
{
    secret_free(answer->secret);
}

static enum err_code get_gather(struct get_answer *answer, const struct http_head *head, const void *bytes,
                                size_t length, struct err *err)
{
    if (!answer->secret) {
        int64_t capacity = head->length > 0 ? head->length : LIMIT_SECRET_BYTES;
        if (capacity > LIMIT_SECRET_BYTES)
            return err_set(err, ERR_LIMIT, "the agent's answer is longer than a secret may be");
        answer->secret = secret_new((size_t)capacity);
    }
    if (!answer->secret)
        return err_set(err, ERR_MEMORY, "no locked memory for the key");
    if (secret_append(answer->secret, bytes, length) != ERR_OK)
        return err_set(err, ERR_LIMIT, "the agent's answer is longer than a secret may be");
    return ERR_OK;
}

/* Most are whole at once, and lie in the stream's locked memory already. */
static enum err_code get_take(void *context, const struct http_head *head, const void *bytes, size_t length,
                              struct err *err)
{
    struct get_answer *answer = context;
    if (answer->secret || head->length < 0 || (uint64_t)head->length != length)
        return get_gather(answer, head, bytes, length, err);
    answer->written = true;
    return cli_write(answer->cli, bytes, length, err);
}

static enum err_code get_ask(struct cli *cli, const char *path, const char *consumer, struct err *err)
{
    const struct http_request request = {
        .method = "GET", .path = path, .accept = "application/octet-stream", .consumer = consumer};
    __attribute__((cleanup(get_answer_release))) struct get_answer answer = {.cli = cli};
    TRY(stream_lock(&cli->client.stream, err));
    TRY(agent_stream(cli, &request, get_take, &answer, err));
    if (answer.secret)
        return cli_write(cli, secret_peek(answer.secret), secret_length(answer.secret), err);
    return answer.written ? ERR_OK : err_set(err, ERR_FORMAT, "the agent answered with nothing");
}

static enum err_code get_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    int64_t version = 0;
    OWN_BUF struct buf path = {0};
    const char *consumer = args_value(args, "as");
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    if (consumer && text_check_name(consumer, "--as NAME", err) != ERR_OK)
        return cli_misused(cli, err->code);
    enum err_code code = args_number(args, "version", 1, UINT32_MAX, &version, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    buf_printf(&path, "/v1/keys/%s/secret", key.text);
    if (version > 0)
        buf_printf(&path, "?version=%lld", (long long)version);
    TRY(secret_init(err));
    TRY(get_ask(cli, buf_text(&path), consumer, err));
    return output_is_terminal() ? cli_write(cli, "\n", 1, err) : ERR_OK;
}

const struct command command_get = {
    .name = "get",
    .group = GROUP_KEYS,
    .summary = "print a key's secret",
    .usage = "KEY [--version N] [--as NAME]",
    .notes = "The bytes as they are, with a line feed only on a terminal. Each reading is in the audit log.\n"
             "Who reads is known by its account; --as tells apart what runs as one: keyturn consumers KEY.",
    .example = "curl -H \"x-api-key: $(keyturn get live/production-app)\" https://api.amps.ai/battery",
    .options = {{"version", "N", "that version instead of the current one"},
                {"as", "NAME", "the consumer's name, where several read as one user"}},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = get_run,
};
