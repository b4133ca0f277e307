-- What people are to be told, until they were: one row for each message and channel. Due when it
-- is sent, or tried again.
CREATE TABLE notice (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB CHECK (parent IS NULL),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX notice_name_index ON notice (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX notice_due ON notice (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
