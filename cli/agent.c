#include "agent.h"

#include "autostart.h"
#include "plain.h"
#include "problem.h"

#include <stdio.h>
#include <string.h>

static enum err_code agent_reach(struct cli *cli, struct err *err)
{
    if (cli->socket.path[0] == '\0')
        TRY(socket_choose(cli->socket_option, &cli->socket, err));
    enum err_code code = client_open(&cli->client, cli->socket.path, err);
    if (code == ERR_NOT_FOUND && cli->socket.own && cli->may_start) {
        TRY(autostart_agent(cli->socket.path, err));
        code = client_open(&cli->client, cli->socket.path, err);
    } else if (code == ERR_NOT_FOUND) {
        return err_set(err, code, "no agent listens on %s. Start one: keyturnd --socket %s",
                       cli->socket.path, cli->socket.path);
    }
    return code;
}

/* Reading again is safe; anything else may have taken effect. */
static enum err_code agent_lost(const struct http_request *request, enum err_code code, struct err *err)
{
    if (code != ERR_UNCERTAIN || strcmp(request->method, "GET") == 0)
        return code;
    char what[ERR_MESSAGE_BYTES];
    memcpy(what, err->message, sizeof what);
    return err_set(err, code, "%.200s; what was asked may have been done. Look: keyturn status", what);
}

static enum err_code agent_exchange(struct cli *cli, const struct http_request *request, http_sink *sink,
                                    void *context, struct http_head *ret_head, struct err *err)
{
    cli->reached_nobody = true;
    TRY(agent_reach(cli, err));
    bool kept = cli->client.used;
    enum err_code code = client_call(&cli->client, request, sink, context, ret_head, err);
    /* The agent may close an idle connection just as we ask. */
    if (code == ERR_UNCERTAIN && kept && strcmp(request->method, "GET") == 0) {
        TRY(agent_reach(cli, err));
        code = client_call(&cli->client, request, sink, context, ret_head, err);
    }
    if (code != ERR_OK)
        return agent_lost(request, code, err);
    cli->reached_nobody = false;
    return ERR_OK;
}

/* Where a body goes: into memory when it is a problem or nobody else takes it. */
struct agent_body {
    struct buf text;
    http_sink *sink;
    void *context;
};

static bool agent_is_good(int status)
{
    return status >= 200 && status < 300;
}

static enum err_code agent_take(void *context, const struct http_head *head, const void *bytes,
                                size_t length, struct err *err)
{
    struct agent_body *body = context;
    if (body->sink && agent_is_good(head->status))
        return body->sink(body->context, head, bytes, length, err);
    if (length > AGENT_ANSWER_BYTES - body->text.length)
        return err_set(err, ERR_LIMIT, "the agent's answer has more than %d MiB",
                       AGENT_ANSWER_BYTES / (1024 * 1024));
    buf_add(&body->text, bytes, length);
    return buf_ok(&body->text) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

enum err_code agent_stream(struct cli *cli, const struct http_request *request, http_sink *sink,
                           void *context, struct err *err)
{
    struct agent_body body = {.sink = sink, .context = context};
    struct http_head head = {0};
    enum err_code code = agent_exchange(cli, request, agent_take, &body, &head, err);
    if (code == ERR_OK && !agent_is_good(head.status))
        code = problem_take(&head, &body.text, err);
    buf_release(&body.text);
    return code;
}

static enum err_code agent_parse(const struct buf *text, json_t **ret_json, struct err *err)
{
    *ret_json = NULL;
    if (text->length == 0)
        return ERR_OK;
    json_error_t bad;
    *ret_json = json_loadb(text->data, text->length, 0, &bad);
    if (!*ret_json)
        return err_set(err, ERR_FORMAT, "the agent's answer is not JSON: %s at byte %d", bad.text,
                       bad.position);
    return ERR_OK;
}

/* Texts as they are. */
static enum err_code agent_ask_exact(struct cli *cli, const struct http_request *request, json_t **ret_json,
                                     struct err *err)
{
    struct agent_body body = {0};
    struct http_head head = {0};
    enum err_code code = agent_exchange(cli, request, agent_take, &body, &head, err);
    if (code == ERR_OK && !agent_is_good(head.status))
        code = problem_take(&head, &body.text, err);
    if (code == ERR_OK && ret_json)
        code = agent_parse(&body.text, ret_json, err);
    buf_release(&body.text);
    return code;
}

static enum err_code agent_ask(struct cli *cli, const struct http_request *request, json_t **ret_json,
                               struct err *err)
{
    TRY(agent_ask_exact(cli, request, ret_json, err));
    if (ret_json && *ret_json)
        plain_json(*ret_json);
    return ERR_OK;
}

enum err_code agent_get_exact(struct cli *cli, const char *path, json_t **ret_json, struct err *err)
{
    const struct http_request request = {.method = "GET", .path = path};
    TRY(agent_ask_exact(cli, &request, ret_json, err));
    if (!*ret_json)
        return err_set(err, ERR_FORMAT, "the agent answered %s with nothing", path);
    return ERR_OK;
}

enum err_code agent_get(struct cli *cli, const char *path, json_t **ret_json, struct err *err)
{
    const struct http_request request = {.method = "GET", .path = path};
    TRY(agent_ask(cli, &request, ret_json, err));
    if (!*ret_json)
        return err_set(err, ERR_FORMAT, "the agent answered %s with nothing", path);
    return ERR_OK;
}

enum err_code agent_send(struct cli *cli, const char *method, const char *path, const struct buf *body,
                         json_t **ret_json, struct err *err)
{
    struct http_request request = {.method = method, .path = path};
    if (body) {
        if (!buf_ok(body))
            return err_set(err, ERR_MEMORY, "out of memory");
        request.body = buf_text(body);
        request.body_length = body->length;
    }
    return agent_ask(cli, &request, ret_json, err);
}

enum err_code agent_send_secret(struct cli *cli, const char *path, const struct secret *body,
                                int timeout_ms, json_t **ret_json, struct err *err)
{
    const struct http_request request = {
        .method = "POST",
        .path = path,
        .body = secret_peek(body),
        .body_length = secret_length(body),
        .timeout_ms = timeout_ms,
    };
    return agent_ask(cli, &request, ret_json, err);
}

enum err_code agent_list(struct cli *cli, const char *path, const char *name, json_t **ret_array,
                         struct err *err)
{
    OWN(json_free) json_t *all = json_array();
    OWN_BUF struct buf next = {0};
    do {
        OWN_BUF struct buf query = {0};
        buf_printf(&query, "%s%climit=%d", path, strchr(path, '?') ? '&' : '?', AGENT_PAGE);
        if (next.length > 0)
            agent_add_query(&query, '&', "cursor", buf_text(&next));
        OWN(json_free) json_t *page = NULL;
        TRY(agent_get(cli, buf_text(&query), &page, err));
        json_t *rows = json_object_get(page, name);
        if (!json_is_array(rows) || json_array_extend(all, rows) != 0)
            return err_set(err, ERR_FORMAT, "the agent's answer has no list of %s", name);
        const char *cursor = json_string_value(json_object_get(page, "next"));
        buf_clear(&next);
        buf_text_add(&next, cursor ? cursor : "");
    } while (next.length > 0);
    *ret_array = GIVE(all);
    return ERR_OK;
}

static bool agent_is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~", c));
}

void agent_add_query(struct buf *path, char before, const char *name, const char *value)
{
    buf_printf(path, "%c%s=", before, name);
    for (const char *at = value; *at; at++) {
        if (agent_is_unreserved(*at))
            buf_add(path, at, 1);
        else
            buf_printf(path, "%%%02X", (unsigned)(unsigned char)*at);
    }
}
