/* The dashboard as a page, for a person who tries Keyturn out: a table of keys,
 * a form that makes one and buttons that revoke. It needs no script. */
#include "dashboard.h"

#include "base/text.h"
#include "common/form.h"

#include <string.h>

static const char page_start[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Amps simulator: API keys</title>\n"
    "<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid #ccc}form{display:inline}code{background:#eee;padding:.1rem .3rem}"
    ".revoked{color:#777}</style></head><body>\n"
    "<h1>API keys</h1>\n<p>This is a simulator: its keys open nothing but itself.</p>\n";
static const char make_form[] =
    "<form method=\"post\" action=\"/page/make\"><label>Name <input name=\"name\" maxlength=\"100\" required></label>\n"
    "<label>Environment <select name=\"environment\"><option>sandbox</option><option>live</option></select></label>\n"
    "<button>Create key</button></form>\n";
static const char table_start[] = "<table><tr><th>Name</th><th>Environment</th><th>Key</th><th>State</th>"
                                  "<th>Created</th><th>Last used</th><th></th></tr>\n";

static void html_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buf_text_add(out, "&amp;");
            break;
        case '<':
            buf_text_add(out, "&lt;");
            break;
        case '>':
            buf_text_add(out, "&gt;");
            break;
        case '"':
            buf_text_add(out, "&quot;");
            break;
        default:
            buf_add(out, text, 1);
        }
    }
}

static void write_row(struct buf *out, const struct key *key)
{
    char mask[TEXT_MASK_BYTES];
    char made[TEXT_TIME_BYTES];
    char used[TEXT_TIME_BYTES];
    buf_printf(out, "<tr class=\"%s\"><td>", key_state_name(key->state));
    html_text(out, key->name);
    buf_printf(out, "</td><td>%s</td><td><code>%s</code></td><td>%s</td><td>%s</td><td>%s</td><td>",
               key_environment_name(key->environment),
               text_mask((const unsigned char *)key->secret, strlen(key->secret), mask), key_state_name(key->state),
               text_format_time(key->made_wall_ms, made),
               key->used_wall_ms ? text_format_time(key->used_wall_ms, used) : "never");
    if (key->state != KEY_REVOKED)
        buf_printf(out,
                   "<form method=\"post\" action=\"/page/revoke\"><input type=\"hidden\" name=\"id\" value=\"%s\">"
                   "<button>Revoke</button></form>",
                   key->id);
    buf_text_add(out, "</td></tr>\n");
}

/* notice: HTML above the table, or NULL. */
static void write_page(struct dashboard_request *request, const char *notice)
{
    struct buf *out = request->exchange->out;
    request->exchange->content_type = "text/html; charset=utf-8";
    buf_text_add(out, page_start);
    if (notice)
        buf_text_add(out, notice);
    buf_text_add(out, make_form);
    buf_text_add(out, table_start);
    for (size_t i = keys_count(request->amps->keys); i-- > 0;)
        write_row(out, keys_at(request->amps->keys, i));
    buf_text_add(out, "</table></body></html>\n");
}

void dashboard_page_show(struct dashboard_request *request)
{
    write_page(request, NULL);
}

static void refuse(struct dashboard_request *request, const char *why)
{
    OWN_BUF struct buf notice = {0};
    buf_text_add(&notice, "<p><strong>");
    html_text(&notice, why);
    buf_text_add(&notice, "</strong></p>\n");
    request->exchange->status = 400;
    write_page(request, buf_text(&notice));
}

void dashboard_page_make(struct dashboard_request *request)
{
    char name[KEY_NAME_BYTES];
    char environment_text[16];
    enum key_environment environment = KEY_SANDBOX;
    struct err err = {0};
    OWN_BUF struct buf notice = {0};
    if (!form_field(&request->exchange->body, "name", name, sizeof name) ||
        !form_field(&request->exchange->body, "environment", environment_text, sizeof environment_text) ||
        !key_environment_parse(environment_text, &environment)) {
        refuse(request, "A name of at most 100 bytes and an environment are needed.");
        return;
    }
    struct key_wish wish = dashboard_wish(request->amps, name, environment);
    if (keys_make(request->amps->keys, &wish, &request->subject, &err) != ERR_OK) {
        refuse(request, err.message);
        return;
    }
    request->effect = "made";
    buf_printf(&notice, "<p>The new key, shown only now: <code>%s</code></p>\n", request->subject->secret);
    write_page(request, buf_text(&notice));
}

/* Sends the browser back to the page, so that a reload does not ask again. */
void dashboard_page_revoke(struct dashboard_request *request)
{
    char id[KEY_ID_BYTES];
    if (form_field(&request->exchange->body, "id", id, sizeof id))
        request->subject = keys_by_id(request->amps->keys, id);
    if (!request->subject) {
        refuse(request, "There is no such key.");
        return;
    }
    if (keys_revoke(request->amps->keys, request->subject, request->amps->settings.death_lag_ms))
        request->effect = "revoked";
    request->exchange->status = 303;
    request->exchange->location = "/";
}
