/* Names, durations, times and masks, as people and files write them. */
#ifndef KEYTURN_BASE_TEXT_H
#define KEYTURN_BASE_TEXT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it a name: 1 to 64 of [A-Za-z0-9._-], starting alphanumeric? what says
 * which name in the message ("the key's name"). ERR_LIMIT too long, else ERR_INVALID. */
enum err_code text_check_name(const char *name, const char *what, struct err *err) ERR_MUST_CHECK;

/* Is it valid UTF-8 of at most max_bytes without control characters? */
enum err_code text_check_utf8(const char *text, size_t max_bytes, const char *what, struct err *err)
    ERR_MUST_CHECK;

/* "30d", "24h", "1h30m", "90s", "250ms", "0" to milliseconds: units w d h m s ms, each at
 * most once, largest first. ERR_INVALID names text and the form expected. At most 100 years. */
enum err_code text_parse_duration(const char *text, int64_t *ret_ms, struct err *err) ERR_MUST_CHECK;

/* value in decimal, without a NUL, at the end of out; returns its first digit. For what is written
 * very often: printf takes five times as long. */
enum { TEXT_DIGITS_BYTES = 20 };
const char *text_digits(uint64_t value, char out[TEXT_DIGITS_BYTES]);

enum { TEXT_DURATION_BYTES = 48, TEXT_TIME_BYTES = 32, TEXT_MASK_BYTES = 40, TEXT_HEX_ID_BYTES = 33 };

/* For a person: two units where they say it exactly, as of a duration somebody
 * chose ("1h30m"), else the largest alone, as of an age ("3m", "41d"); days from
 * two on; "now" under a second. Negative values are written by their size. */
const char *text_format_duration(int64_t ms, char out[TEXT_DURATION_BYTES]);

/* RFC 3339 in UTC: "2026-11-23T14:02:07.123Z", of the years 0 to 9999 (times
 * outside are written as the first or last of them). Parsing takes any offset
 * and any number of decimals (milliseconds are kept) and no leap second. */
const char *text_format_time(int64_t wall_ms, char out[TEXT_TIME_BYTES]);
enum err_code text_parse_time(const char *text, int64_t *ret_wall_ms, struct err *err) ERR_MUST_CHECK;
/* The same for exactly what text_format_time writes, without its NUL: a list has many. False for all else. */
enum { TEXT_TIME_LENGTH = sizeof "2026-11-23T14:02:07.123Z" - 1 };
bool text_read_time(const char text[TEXT_TIME_LENGTH], int64_t *ret_wall_ms);
/* "2027-03-01", which is its beginning in UTC, or a time as above. */
enum err_code text_parse_date(const char *text, int64_t *ret_wall_ms, struct err *err) ERR_MUST_CHECK;

/* The mask of a secret, all that is ever shown of it: its prefix of at most 16
 * bytes up to the last '_' or '-' (only where the rest has at least 8 bytes),
 * "…", and the last 4 bytes where at least 16 bytes stay hidden; "…" alone for
 * short ones. Bytes that are not printable ASCII are never shown. */
const char *text_mask(const unsigned char *secret, size_t length, char out[TEXT_MASK_BYTES]);

/* "environment/name" split and checked; each out holds LIMIT_NAME_BYTES + 1. */
enum err_code text_split_key(const char *key, char *ret_environment, char *ret_name, struct err *err)
    ERR_MUST_CHECK;

/* The two joined again, of at most LIMIT_NAME_BYTES each. */
enum { TEXT_KEY_BYTES = 130 };
const char *text_join_key(const char *environment, const char *name, char out[TEXT_KEY_BYTES]);

/* text (NULL: "") into out of that size (not 0), cut where it is longer. */
void text_copy(char *out, size_t size, const char *text);

/* Glob match with '*' and '?' only, over the whole text. */
bool text_glob(const char *pattern, const char *text);

/* 16 bytes to 32 lower-case hex digits and back; false when malformed. */
const char *text_hex_id(const unsigned char id[16], char out[TEXT_HEX_ID_BYTES]);
bool text_parse_hex_id(const char *text, unsigned char ret_id[16]);

#endif
