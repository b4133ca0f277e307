/* One line each: consumer TAB version TAB time in ms. Written here only, so it is not checked when read. */
#include "vault/receipts.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool receipts_next(const struct vault_text *receipts, const char **cursor, struct receipt *ret_receipt)
{
    const char *line = *cursor ? *cursor : receipts->data;
    if (!line || !*line)
        return false;
    const char *end = strchrnul(line, '\n');
    const char *version = memchr(line, '\t', (size_t)(end - line));
    size_t length = version ? (size_t)(version - line) : 0;
    if (length == 0 || length > RECEIPT_CONSUMER_BYTES)
        return false;
    memcpy(ret_receipt->consumer, line, length);
    ret_receipt->consumer[length] = '\0';
    char *rest = NULL;
    ret_receipt->version = (uint32_t)strtoul(version + 1, &rest, 10);
    ret_receipt->read_at_ms = strtoll(rest, NULL, 10);
    *cursor = *end ? end + 1 : end;
    return true;
}

bool receipts_find(const struct vault_text *receipts, const char *consumer, struct receipt *ret_receipt)
{
    const char *cursor = NULL;
    while (receipts_next(receipts, &cursor, ret_receipt))
        if (strcmp(ret_receipt->consumer, consumer) == 0)
            return true;
    return false;
}

size_t receipts_of_version(const struct vault_text *receipts, uint32_t version)
{
    size_t count = 0;
    const char *cursor = NULL;
    struct receipt receipt;
    while (receipts_next(receipts, &cursor, &receipt))
        count += receipt.version == version;
    return count;
}

/* Whom to forget when all places are taken: who read that version first. "": nobody has. */
static void choose_leaver(const struct vault_text *receipts, uint32_t version, char ret_consumer[RECEIPT_CONSUMER_BYTES + 1])
{
    int64_t first = INT64_MAX;
    const char *cursor = NULL;
    struct receipt receipt;
    ret_consumer[0] = '\0';
    while (receipts_next(receipts, &cursor, &receipt))
        if (receipt.version == version && receipt.read_at_ms < first) {
            first = receipt.read_at_ms;
            memcpy(ret_consumer, receipt.consumer, sizeof receipt.consumer);
        }
}

static void write_line(struct buf *out, const struct receipt *receipt)
{
    buf_printf(out, "%s\t%" PRIu32 "\t%" PRId64 "\n", receipt->consumer, receipt->version, receipt->read_at_ms);
}

/* All but those of two consumers; *ret_left: how many are left. */
static void write_others(struct buf *out, const struct vault_text *receipts, const char *consumer, const char *leaver,
                         size_t *ret_left)
{
    const char *cursor = NULL;
    struct receipt receipt;
    *ret_left = 0;
    while (receipts_next(receipts, &cursor, &receipt)) {
        if (strcmp(receipt.consumer, consumer) == 0 || strcmp(receipt.consumer, leaver) == 0)
            continue;
        write_line(out, &receipt);
        ++*ret_left;
    }
}

static enum err_code replace_text(struct vault_text *receipts, struct buf *lines, struct err *err)
{
    char *copy = buf_ok(lines) ? strdup(buf_text(lines)) : NULL;
    if (!copy)
        return err_set(err, ERR_MEMORY, "out of memory for a receipt");
    free(receipts->data);
    *receipts = (struct vault_text){.data = copy, .length = strlen(copy)};
    return ERR_OK;
}

enum err_code receipts_note(struct vault_text *receipts, const struct receipt *receipt, struct err *err)
{
    OWN_BUF struct buf lines = {0};
    struct receipt before;
    char leaver[RECEIPT_CONSUMER_BYTES + 1] = "";
    size_t left = 0;
    bool known = receipts_find(receipts, receipt->consumer, &before);
    write_others(&lines, receipts, receipt->consumer, "", &left);
    if (!known && left >= RECEIPTS_MOST) {
        choose_leaver(receipts, receipt->version, leaver);
        if (!leaver[0])
            return ERR_OK;
        buf_clear(&lines);
        write_others(&lines, receipts, receipt->consumer, leaver, &left);
    }
    write_line(&lines, receipt);
    return replace_text(receipts, &lines, err);
}

enum err_code receipts_forget(struct vault_text *receipts, const char *consumer, struct err *err)
{
    OWN_BUF struct buf lines = {0};
    struct receipt receipt;
    size_t left = 0;
    if (!receipts_find(receipts, consumer, &receipt))
        return err_set(err, ERR_NOT_FOUND, "no consumer \"%s\" has read this key", consumer);
    write_others(&lines, receipts, consumer, "", &left);
    return replace_text(receipts, &lines, err);
}
