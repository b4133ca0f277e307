#include "routes.h"

#include "base/text.h"
#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "/v1/keys/{environment}/{name}"

static const struct route routes[] = {
    {.method = "GET", .pattern = "/v1/health", .handle = handle_health, .what = ACCESS_HEALTH, .status = 200},
    {.method = "GET", .pattern = "/metrics", .handle = handle_metrics, .what = ACCESS_LIST, .status = 200},

    {.method = "GET", .pattern = "/v1/vault", .handle = handle_vault_show, .what = ACCESS_LIST, .status = 200},
    {.method = "POST", .pattern = "/v1/vault/init", .handle = handle_vault_init, .what = ACCESS_ADMIN,
     .status = 201, .takes_body = true, .blocks = true},
    {.method = "POST", .pattern = "/v1/vault/unlock", .handle = handle_vault_unlock, .what = ACCESS_ADMIN,
     .status = 200, .takes_body = true, .blocks = true},
    {.method = "POST", .pattern = "/v1/vault/lock", .handle = handle_vault_lock, .what = ACCESS_ADMIN,
     .status = 204, .blocks = true},
    {.method = "POST", .pattern = "/v1/vault/slots", .handle = handle_slot_add, .what = ACCESS_ADMIN,
     .status = 201, .takes_body = true, .blocks = true},
    {.method = "DELETE", .pattern = "/v1/vault/slots/{number}", .handle = handle_slot_remove,
     .what = ACCESS_ADMIN, .status = 204, .blocks = true},

    {.method = "GET", .pattern = "/v1/keys", .handle = handle_keys_list, .what = ACCESS_LIST, .status = 200},
    {.method = "POST", .pattern = "/v1/keys", .handle = handle_key_add, .what = ACCESS_ADMIN, .status = 201,
     .takes_body = true, .blocks = true},
    {.method = "GET", .pattern = KEY, .handle = handle_key_show, .what = ACCESS_LIST, .status = 200},
    {.method = "PATCH", .pattern = KEY, .handle = handle_key_change, .what = ACCESS_ADMIN, .status = 200,
     .takes_body = true, .blocks = true},
    {.method = "DELETE", .pattern = KEY, .handle = handle_key_remove, .what = ACCESS_ADMIN, .status = 204,
     .blocks = true},
    {.method = "GET", .pattern = KEY "/secret", .handle = handle_secret, .what = ACCESS_READ, .status = 200},
    {.method = "DELETE", .pattern = KEY "/consumers", .handle = handle_consumer_forget, .what = ACCESS_ADMIN,
     .status = 204, .blocks = true},
    {.method = "POST", .pattern = KEY "/probe", .handle = handle_key_probe, .what = ACCESS_ROTATE, .status = 202,
     .blocks = true},
    {.method = "GET", .pattern = KEY "/trace", .handle = handle_trace, .what = ACCESS_ADMIN, .status = 200,
     .blocks = true},
    {.method = "GET", .pattern = KEY "/deliveries", .handle = handle_deliveries_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "POST", .pattern = KEY "/deliveries", .handle = handle_delivery_add, .what = ACCESS_ADMIN,
     .status = 201, .takes_body = true, .blocks = true},
    {.method = "DELETE", .pattern = KEY "/deliveries/{number}", .handle = handle_delivery_remove,
     .what = ACCESS_ADMIN, .status = 204, .blocks = true},
    {.method = "POST", .pattern = KEY "/rotations", .handle = handle_rotation_open, .what = ACCESS_ROTATE,
     .status = 201, .blocks = true},

    {.method = "GET", .pattern = "/v1/rotations", .handle = handle_rotations_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "GET", .pattern = "/v1/rotations/{id}", .handle = handle_rotation_show, .what = ACCESS_LIST,
     .status = 200},
    {.method = "POST", .pattern = "/v1/rotations/{id}/stage", .handle = handle_rotation_stage,
     .what = ACCESS_ROTATE, .status = 200, .takes_body = true, .blocks = true},
    {.method = "POST", .pattern = "/v1/rotations/{id}/cancel", .handle = handle_rotation_move,
     .what = ACCESS_ROTATE, .status = 200, .blocks = true, .argument = ENGINE_CANCEL},
    {.method = "POST", .pattern = "/v1/rotations/{id}/retry", .handle = handle_rotation_move,
     .what = ACCESS_ROTATE, .status = 200, .blocks = true, .argument = ENGINE_RETRY},
    {.method = "POST", .pattern = "/v1/rotations/{id}/rollback", .handle = handle_rotation_move,
     .what = ACCESS_ROTATE, .status = 200, .blocks = true, .argument = ENGINE_ROLL_BACK},
    {.method = "POST", .pattern = "/v1/rotations/{id}/go-on", .handle = handle_rotation_move,
     .what = ACCESS_ROTATE, .status = 200, .blocks = true, .argument = ENGINE_GO_ON},

    {.method = "GET", .pattern = "/v1/revocations", .handle = handle_revocations_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "POST", .pattern = "/v1/revocations", .handle = handle_revoke, .what = ACCESS_REVOKE,
     .status = 201, .takes_body = true, .blocks = true},
    {.method = "POST", .pattern = "/v1/revocations/plan", .handle = handle_revoke_plan, .what = ACCESS_REVOKE,
     .status = 200, .takes_body = true, .blocks = true},
    {.method = "GET", .pattern = "/v1/revocations/{id}", .handle = handle_revocation_show, .what = ACCESS_LIST,
     .status = 200},
    {.method = "POST", .pattern = "/v1/revocations/{id}/look", .handle = handle_revocation_look,
     .what = ACCESS_REVOKE, .status = 202, .blocks = true},
    {.method = "GET", .pattern = "/v1/incidents", .handle = handle_incidents_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "GET", .pattern = "/v1/incidents/{number}", .handle = handle_incident_show, .what = ACCESS_LIST,
     .status = 200},

    {.method = "GET", .pattern = "/v1/notices", .handle = handle_notices_list, .what = ACCESS_LIST, .status = 200},

    {.method = "POST", .pattern = "/v1/reconciliation", .handle = handle_reconcile, .what = ACCESS_REVOKE,
     .status = 202, .takes_body = true, .blocks = true},
    {.method = "GET", .pattern = "/v1/reconciliation", .handle = handle_reconciliation_show, .what = ACCESS_LIST,
     .status = 200, .blocks = true},
    {.method = "GET", .pattern = "/v1/labels", .handle = handle_labels_list, .what = ACCESS_LIST, .status = 200},
    {.method = "DELETE", .pattern = "/v1/labels/{id}", .handle = handle_label_forget, .what = ACCESS_ROTATE,
     .status = 204, .blocks = true},
    {.method = "POST", .pattern = "/v1/labels/{id}/look", .handle = handle_label_look, .what = ACCESS_ROTATE,
     .status = 202, .blocks = true},

    {.method = "POST", .pattern = "/v1/identify", .handle = handle_identify, .what = ACCESS_LIST, .status = 200,
     .takes_body = true, .blocks = true},
    {.method = "GET", .pattern = "/v1/providers", .handle = handle_providers_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "GET", .pattern = "/v1/providers/{name}", .handle = handle_provider_show, .what = ACCESS_LIST,
     .status = 200},
    {.method = "GET", .pattern = "/v1/environments", .handle = handle_environments_list, .what = ACCESS_LIST,
     .status = 200},
    {.method = "GET", .pattern = "/v1/audit", .handle = handle_audit_list, .what = ACCESS_LIST, .status = 200},
    {.method = "POST", .pattern = "/v1/audit/verify", .handle = handle_audit_verify, .what = ACCESS_LIST,
     .status = 200, .blocks = true},
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

const struct route *route_at(size_t index)
{
    return index < ROUTE_COUNT ? &routes[index] : NULL;
}

/* --- Placeholders ---------------------------------------------------------- */

static bool route_take_name(const char *part, size_t length, char out[LIMIT_NAME_BYTES + 1])
{
    if (length == 0 || length > LIMIT_NAME_BYTES)
        return false;
    memcpy(out, part, length);
    out[length] = '\0';
    return text_check_name(out, "the name", NULL) == ERR_OK;
}

static bool route_take_environment(struct request_path *path, const char *part, size_t length)
{
    return route_take_name(part, length, path->environment);
}

static bool route_take_key_name(struct request_path *path, const char *part, size_t length)
{
    return route_take_name(part, length, path->name);
}

static bool route_take_id(struct request_path *path, const char *part, size_t length)
{
    char hex[TEXT_HEX_ID_BYTES];
    if (length != sizeof hex - 1)
        return false;
    memcpy(hex, part, length);
    hex[length] = '\0';
    return text_parse_hex_id(hex, path->id);
}

static bool route_take_number(struct request_path *path, const char *part, size_t length)
{
    enum { DIGITS = 9 };
    if (length == 0 || length > DIGITS || part[0] == '0')
        return false;
    uint32_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (part[i] < '0' || part[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(part[i] - '0');
    }
    path->number = number;
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct request_path *path, const char *part, size_t length);
} placeholders[] = {
    {"{environment}", route_take_environment},
    {"{name}", route_take_key_name},
    {"{id}", route_take_id},
    {"{number}", route_take_number},
};

static bool route_take(const char *pattern, size_t pattern_length, const char *part, size_t length,
                       struct request_path *path)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++)
        if (strlen(placeholders[i].name) == pattern_length &&
            memcmp(placeholders[i].name, pattern, pattern_length) == 0)
            return placeholders[i].take(path, part, length);
    return false;
}

/* --- Matching -------------------------------------------------------------- */

/* Are the parts as many, and the words the same? Every request asks this of most rows, so what
 * stands in the place of a placeholder is looked at only where all else fits. */
static bool route_fits(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        const char *part = ++path;
        if (*++pattern == '{') {
            pattern = strchrnul(pattern, '/');
            path = strchrnul(path, '/');
            if (path == part)
                return false;
            continue;
        }
        while (*pattern && *pattern != '/' && *pattern == *path)
            pattern++, path++;
        if ((*pattern && *pattern != '/') || (*path && *path != '/'))
            return false;
    }
    return *pattern == '\0' && *path == '\0';
}

/* Of a path that fits. False: a placeholder cannot be what stands in its place. */
static bool route_take_parts(const char *pattern, const char *path, struct request_path *ret_path)
{
    while (*pattern == '/') {
        const char *pattern_end = strchrnul(++pattern, '/');
        const char *path_end = strchrnul(++path, '/');
        if (*pattern == '{' && !route_take(pattern, (size_t)(pattern_end - pattern), path, (size_t)(path_end - path),
                                           ret_path))
            return false;
        pattern = pattern_end;
        path = path_end;
    }
    return true;
}

static bool route_is_method(const struct route *route, const char *method)
{
    bool head = strcmp(method, "HEAD") == 0;
    return strcmp(route->method, head ? "GET" : method) == 0;
}

static void route_allow(const struct route *route, char allow[64])
{
    size_t length = strlen(allow);
    bool get = strcmp(route->method, "GET") == 0;
    (void)snprintf(allow + length, 64 - length, "%s%s%s", length ? ", " : "", route->method, get ? ", HEAD" : "");
}

enum err_code route_find(const char *method, const char *path, const struct route **ret_route,
                         struct request_path *ret_path, char ret_allow[64], struct err *err)
{
    bool shape = false;
    ret_allow[0] = '\0';
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!route_fits(routes[i].pattern, path))
            continue;
        shape = true;
        if (!route_take_parts(routes[i].pattern, path, ret_path))
            continue;
        if (route_is_method(&routes[i], method)) {
            *ret_route = &routes[i];
            return ERR_OK;
        }
        route_allow(&routes[i], ret_allow);
    }
    if (ret_allow[0])
        return err_set(err, ERR_INVALID, "%.16s is not for this; it takes %s", method, ret_allow);
    if (shape)
        return err_set(err, ERR_NOT_FOUND, "there is nothing of that name; names are 1 to %d of [A-Za-z0-9._-], "
                       "ids 32 hex digits, numbers from 1", LIMIT_NAME_BYTES);
    return err_set(err, ERR_NOT_FOUND, "there is no such route; schema/openapi.yaml lists them");
}
