/* An incident as it goes on: a line a key when it is dead or needs somebody, and
 * a report at the end. For `revoke` and `incident show`. */
#ifndef KEYTURN_CLI_WATCH_H
#define KEYTURN_CLI_WATCH_H

#include "cli.h"
#include "follow.h"

#include <jansson.h>

/* Look until every version of the incident is proved dead, nothing more can happen by itself,
 * the time is up or ^C; print the report, or with json the incident's document alone. ERR_OK: all are dead,
 * or some wait for a person (then cli->waits is set). ERR_BUSY: some are not dead yet. ERR_STATE: some
 * were to be replaced and were not, so they live. Blocks. */
enum err_code watch_incident(struct cli *cli, int64_t incident, struct follow *follow, bool json, struct err *err)
    ERR_MUST_CHECK;

/* How many are dead after how long, and which are not, with what a person must do. */
void watch_print_report(const json_t *incident);

#endif
