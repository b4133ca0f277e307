#include "common/fault_kinds.h"

#include <stddef.h>
#include <string.h>

static const char type_json[] = "application/json";
static const char type_html[] = "text/html; charset=utf-8";

/* A page as a captive portal or a login wall shows it, with status 200. */
static const char login_page[] = "<!DOCTYPE html><html><head><title>Sign in</title></head>"
                                 "<body><form>Sign in to continue</form></body></html>\n";
static const char bad_gateway_page[] = "<html><head><title>502 Bad Gateway</title></head>"
                                       "<body><center><h1>502 Bad Gateway</h1></center></body></html>\n";
static const char blocked_page[] = "<html><head><title>Attention required</title></head>"
                                   "<body>Sorry, you have been blocked</body></html>\n";
/* Begins like a good answer and is no JSON. */
static const char garbage_json[] = "{\"success\": true, \"data\": {\"items\": [{\"id\": \x01\xff,,";

/* clang-format off */
static const struct fault_kind kinds[] = {
    {.name = "delay",           .way = FAULT_WAY_DELAY,   .effect = true},
    {.name = "timeout",         .way = FAULT_WAY_SILENCE, .effect = false},
    {.name = "timeout_after",   .way = FAULT_WAY_SILENCE, .effect = true},
    {.name = "reset_before",    .way = FAULT_WAY_RESET,   .effect = false},
    {.name = "reset_after",     .way = FAULT_WAY_RESET,   .effect = true},
    {.name = "slow_body",       .way = FAULT_WAY_DRIP,    .effect = true},
    {.name = "huge_body",       .way = FAULT_WAY_ENDLESS, .effect = true},
    {.name = "truncated",       .way = FAULT_WAY_CUT,     .effect = true},
    {.name = "padded",          .way = FAULT_WAY_PAD,     .effect = true},
    {.name = "status_500",      .way = FAULT_WAY_REPLACE, .effect = false, .meaning = FAULT_MEANS_INTERNAL, .status = 500},
    {.name = "status_502_html", .way = FAULT_WAY_REPLACE, .effect = false, .status = 502, .content_type = type_html, .body = bad_gateway_page},
    {.name = "waf_403",         .way = FAULT_WAY_REPLACE, .effect = false, .status = 403, .content_type = type_html, .body = blocked_page},
    {.name = "html_200",        .way = FAULT_WAY_REPLACE, .effect = false, .status = 200, .content_type = type_html, .body = login_page},
    {.name = "redirect",        .way = FAULT_WAY_REPLACE, .effect = false, .status = 302, .content_type = type_html, .body = "", .location = "/login"},
    {.name = "rate_429",        .way = FAULT_WAY_REPLACE, .effect = false, .meaning = FAULT_MEANS_RATE_LIMITED, .status = 429},
    {.name = "rate_401",        .way = FAULT_WAY_REPLACE, .effect = false, .meaning = FAULT_MEANS_RATE_LIMITED, .status = 401},
    {.name = "unauthorized",    .way = FAULT_WAY_REPLACE, .effect = false, .meaning = FAULT_MEANS_UNAUTHORIZED, .status = 401},
    {.name = "invalid_key",     .way = FAULT_WAY_REPLACE, .effect = false, .meaning = FAULT_MEANS_KEY_INVALID, .status = 401},
    {.name = "empty_200",       .way = FAULT_WAY_REPLACE, .effect = true,  .status = 200, .content_type = type_json, .body = ""},
    {.name = "garbage_json",    .way = FAULT_WAY_REPLACE, .effect = true,  .status = 200, .content_type = type_json, .body = garbage_json},
    {.name = "answer",          .way = FAULT_WAY_REPLACE, .effect = false, .status = 200, .content_type = type_json, .body = ""},
};
/* clang-format on */

const struct fault_kind *fault_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
