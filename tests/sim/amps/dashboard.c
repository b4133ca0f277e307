/* The dashboard port: its routes, the control of faults and settings, and the
 * journal entries of what changes something. */
#include "dashboard.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dashboard_fail(struct dashboard_request *request, int status, const char *message)
{
    struct buf *out = request->exchange->out;
    request->exchange->status = status;
    buf_clear(out);
    json_put_object_open(out, NULL);
    json_put_string(out, "error", message);
    json_put_object_close(out);
}

void dashboard_fail_err(struct dashboard_request *request, const struct err *err)
{
    dashboard_fail(request, err->code == ERR_STATE ? 409 : 400, err->message);
}

static void journal_show(struct dashboard_request *request)
{
    const char *since = exchange_query(request->exchange, "since");
    journal_write(request->amps->journal, since ? strtoull(since, NULL, 10) : 0, request->exchange->out);
}

static void faults_show(struct dashboard_request *request)
{
    faults_write(request->amps->faults, request->exchange->out);
}

static void faults_add(struct dashboard_request *request)
{
    struct err err = {0};
    if (faults_arm(request->amps->faults, request->body, &err) != ERR_OK) {
        dashboard_fail_err(request, &err);
        return;
    }
    request->exchange->status = 201;
    request->effect = "faults armed";
    faults_show(request);
}

static void faults_drop(struct dashboard_request *request)
{
    faults_clear(request->amps->faults);
    request->effect = "faults cleared";
    faults_show(request);
}

static void settings_show(struct dashboard_request *request)
{
    amps_settings_write(&request->amps->settings, request->exchange->out);
}

static void settings_change(struct dashboard_request *request)
{
    struct err err = {0};
    if (amps_settings_read(&request->amps->settings, request->body, &err) != ERR_OK) {
        dashboard_fail_err(request, &err);
        return;
    }
    request->effect = "settings changed";
    settings_show(request);
}

static void admin_key_show(struct dashboard_request *request)
{
    struct buf *out = request->exchange->out;
    if (!request->amps->key_api) {
        dashboard_fail(request, 404, "there is no admin key without --key-api");
        return;
    }
    json_put_object_open(out, NULL);
    json_put_string(out, "key", request->amps->admin_key);
    json_put_object_close(out);
}

/* --- routes -------------------------------------------------------------- */

struct dashboard_route {
    const char *method;
    const char *pattern;
    void (*handle)(struct dashboard_request *request);
};

static const struct dashboard_route routes[] = {
    {"GET", "/", dashboard_page_show},
    {"POST", "/page/make", dashboard_page_make},
    {"POST", "/page/revoke", dashboard_page_revoke},
    {"GET", "/keys", dashboard_key_list},
    {"POST", "/keys", dashboard_key_make},
    {"POST", "/keys/revoke", dashboard_key_revoke_named},
    {"POST", "/keys/{}/revoke", dashboard_key_revoke},
    {"POST", "/keys/{}/rename", dashboard_key_rename},
    {"POST", "/keys/{}/set", dashboard_key_set},
    {"GET", "/journal", journal_show},
    {"GET", "/faults", faults_show},
    {"POST", "/faults", faults_add},
    {"DELETE", "/faults", faults_drop},
    {"GET", "/settings", settings_show},
    {"POST", "/settings", settings_change},
    {"GET", "/admin-key", admin_key_show},
};

static void handle(struct dashboard_request *request)
{
    const struct exchange *exchange = request->exchange;
    bool path_known = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!route_match(routes[i].pattern, exchange->path, request->argument))
            continue;
        path_known = true;
        if (strcmp(routes[i].method, exchange->method) != 0)
            continue;
        request->subject = request->argument[0] ? keys_by_id(request->amps->keys, request->argument) : NULL;
        routes[i].handle(request);
        return;
    }
    dashboard_fail(request, path_known ? 405 : 404, path_known ? "the method is not allowed here" : "no such path");
}

/* Only what changed something is a deed; looking is not. */
static void record(const struct dashboard_request *request)
{
    const struct exchange *exchange = request->exchange;
    struct journal_entry entry = {.port = "dashboard", .status = exchange->status, .effect = request->effect};
    snprintf(entry.method, sizeof entry.method, "%s", exchange->method);
    snprintf(entry.target, sizeof entry.target, "%s", exchange->target);
    if (request->subject) {
        memcpy(entry.key_id, request->subject->id, sizeof request->subject->id);
        memcpy(entry.key_name, request->subject->name, sizeof request->subject->name);
        entry.environment = key_environment_name(request->subject->environment);
    }
    journal_add(request->amps->journal, &entry);
}

void amps_dashboard_answer(void *context, struct exchange *exchange)
{
    struct amps *amps = context;
    struct dashboard_request request = {.amps = amps, .exchange = exchange};
    if (exchange->body.length > 0)
        request.body = json_loadb(exchange->body.data, exchange->body.length, JSON_REJECT_DUPLICATES, NULL);
    exchange->status = 200;
    pthread_mutex_lock(&amps->lock);
    handle(&request);
    if (strcmp(exchange->method, "GET") != 0)
        record(&request);
    pthread_mutex_unlock(&amps->lock);
    json_decref(request.body);
}
