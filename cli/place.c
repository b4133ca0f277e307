#include "place.h"

#include "field.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const place_formats[] = {"raw", "env", "json"};

static bool place_is_format(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof place_formats / sizeof place_formats[0]; i++)
        if (strlen(place_formats[i]) == length && memcmp(place_formats[i], text, length) == 0)
            return true;
    return false;
}

static enum err_code place_absolute(const char *path, size_t length, struct buf *out, struct err *err)
{
    if (path[0] != '/') {
        char folder[PATH_MAX];
        if (!getcwd(folder, sizeof folder))
            return err_set_errno(err, errno, "cannot tell the working folder");
        buf_printf(out, "%s/", folder);
    }
    buf_add(out, path, length);
    return ERR_OK;
}

enum err_code place_write_file(struct cli *cli, const char *text, const char *class, const char *name,
                               struct buf *json, struct err *err)
{
    size_t path_length = strcspn(text, ":");
    const char *format = text[path_length] ? text + path_length + 1 : "raw";
    size_t format_length = strcspn(format, ":");
    const char *variable = format[format_length] ? format + format_length + 1 : "";
    if (path_length == 0 || !place_is_format(format, format_length))
        return cli_misuse(cli, err, "a file is PATH, PATH:raw, PATH:json or PATH:env:VARIABLE, not “%s”", text);
    if ((strncmp(format, "env", 3) == 0) != (variable[0] != '\0'))
        return cli_misuse(cli, err, "the format env names the key, and no other does: PATH:env:VARIABLE");
    OWN_BUF struct buf path = {0};
    TRY(place_absolute(text, path_length, &path, err));
    json_put_object_open(json, name);
    json_put_string(json, "kind", "file");
    json_put_string(json, "class", class);
    json_put_string(json, "path", buf_text(&path));
    json_put_string_n(json, "format", format, format_length);
    if (variable[0] != '\0')
        json_put_string(json, "variable", variable);
    json_put_object_close(json);
    return ERR_OK;
}

enum err_code place_write_json(struct cli *cli, const char *text, const char *name, struct buf *json,
                               struct err *err)
{
    json_error_t bad = {.text = "it is no object"};
    json_t *parsed = json_loads(text, 0, &bad);
    bool object = json_is_object(parsed);
    json_decref(parsed);
    if (!object)
        return cli_misuse(cli, err, "the delivery is to be a JSON object: %s", bad.text);
    json_put_raw(json, name, text, strlen(text));
    return ERR_OK;
}

void place_say_problems(const json_t *deliveries)
{
    size_t index = 0;
    const json_t *delivery = NULL;
    json_array_foreach (deliveries, index, delivery)
        if (field_given(delivery, "problem"))
            printf("delivery %lld: %s.\n", (long long)field_number(delivery, "delivery"),
                   field_text(delivery, "problem"));
}
