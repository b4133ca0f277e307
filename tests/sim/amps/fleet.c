/* The simulated devices: GET /battery and GET /vehicle. */
#include "request.h"

#include "base/buf.h"

enum { BATTERIES = 120, VEHICLES = 60, PAGE_MAX = 50, PAGE_OTHERWISE = 20 };

typedef void write_item(struct buf *out, int64_t number);

static void write_battery(struct buf *out, int64_t number)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "id", number);
    json_put_integer(out, "stateOfChargePercent", (number * 37) % 101);
    json_put_string(out, "status", number % 3 ? "idle" : "charging");
    json_put_object_close(out);
}

static void write_vehicle(struct buf *out, int64_t number)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "id", number);
    json_put_integer(out, "rangeKm", 120 + (number * 53) % 280);
    json_put_boolean(out, "pluggedIn", number % 2 == 0);
    json_put_object_close(out);
}

static void write_page(struct amps_request *request, int64_t total, write_item *write)
{
    struct amps_page page = {.total = total};
    if (!amps_page_read(request, PAGE_MAX, PAGE_OTHERWISE, &page))
        return;
    request->exchange->status = 200;
    amps_page_open(request);
    for (int64_t i = page.offset; i < total && i < page.offset + page.limit; i++)
        write(request->exchange->out, i + 1);
    amps_page_close(request, &page);
}

void amps_battery_list(struct amps_request *request)
{
    write_page(request, BATTERIES, write_battery);
}

void amps_vehicle_list(struct amps_request *request)
{
    write_page(request, VEHICLES, write_vehicle);
}
