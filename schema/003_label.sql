-- Labels of keys that were asked for and whose making has no known end, until it has one. Due when
-- the provider is asked again whether such a key came.
CREATE TABLE label (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    parent BLOB NOT NULL REFERENCES "key" (id),
    name_index BLOB CHECK (length(name_index) = 32),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    due_at_ms INTEGER CHECK (due_at_ms > 0),
    meta BLOB NOT NULL CHECK (length(meta) >= 16),
    secret BLOB CHECK (length(secret) >= 16)
) STRICT;
CREATE UNIQUE INDEX label_name_index ON label (name_index) WHERE name_index IS NOT NULL;
CREATE INDEX label_due ON label (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
CREATE INDEX label_parent ON label (parent, id);
