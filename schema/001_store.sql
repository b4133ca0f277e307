-- The first format of the store: records of one shape, the head, the slots.
--
-- In clear are random ids, blind indexes, parents, revisions and due times.
-- meta, secret and sealed are sealed elsewhere and end in their 16-byte tag.
-- The small columns come first, so that reading them never reaches overflow
-- pages. Tables keep their rowid: measured with 100,000 keys and versions,
-- WITHOUT ROWID made inserts slower by 70 %, and rows past 1,000 bytes spill
-- into overflow pages (a file of 569 MB instead of 224 MB).
--
-- user_version is set by the program, in the same transaction.

PRAGMA application_id = 0x4b745631; -- "KtV1"

-- A key: name_index is of its environment and name.
CREATE TABLE "key" (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB CHECK (parent IS NULL),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX key_name_index ON "key" (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX key_due ON "key" (due_at_ms, id) WHERE due_at_ms IS NOT NULL;

-- A version of a key: name_index is of the secret's fingerprint, NULL once
-- wiped; secret is the sealed secret.
CREATE TABLE version (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB NOT NULL REFERENCES "key" (id),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX version_name_index ON version (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX version_due ON version (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX version_parent ON version (parent, id);

-- A place that a key's secret is put.
CREATE TABLE delivery (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB NOT NULL REFERENCES "key" (id),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX delivery_name_index ON delivery (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX delivery_parent ON delivery (parent, id);

-- A rotation of a key, open or ended; due when its next step is.
CREATE TABLE rotation (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB NOT NULL REFERENCES "key" (id),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX rotation_name_index ON rotation (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX rotation_due ON rotation (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX rotation_parent ON rotation (parent, id);

-- A revocation of a version of a key; due when its next step is.
CREATE TABLE revocation (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB NOT NULL REFERENCES "key" (id),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX revocation_name_index ON revocation (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX revocation_due ON revocation (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX revocation_parent ON revocation (parent, id);

-- A group of revocations with a reason.
CREATE TABLE incident (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB CHECK (parent IS NULL),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX incident_name_index ON incident (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX incident_due ON incident (due_at_ms, id) WHERE due_at_ms IS NOT NULL;

-- Audit lines that are committed here and not yet known durable in the log.
CREATE TABLE pending (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB CHECK (parent IS NULL),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX pending_name_index ON pending (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX pending_due ON pending (due_at_ms, id) WHERE due_at_ms IS NOT NULL;

-- The head: one sealed row, replaced in each transaction.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL CHECK (length(sealed) >= 16)
) STRICT;

-- Slots, in clear: each wraps the root key.
CREATE TABLE slot (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 4294967295),
    blob BLOB NOT NULL CHECK (length(blob) >= 1)
) STRICT;
