-- Lists kept under a name: what was asked for, as the address spells it.
CREATE TABLE saved_views (
    id            INTEGER   NOT NULL PRIMARY KEY,
    register      TEXT      NOT NULL,
    name          TEXT      NOT NULL,
    account_id    BIGINT    NOT NULL,
    department_id BIGINT,
    shared        BOOLEAN   NOT NULL,
    query         TEXT      NOT NULL,
    at            TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (account_id, register, name);
CREATE INDEX saved_views_department ON saved_views (department_id, register);

-- Files that belong to entries; the bytes lie under their digest in the data folder.
CREATE TABLE attachments (
    id         INTEGER   NOT NULL PRIMARY KEY,
    entry_id   BIGINT    NOT NULL,
    kind       TEXT      NOT NULL,
    file_name  TEXT      NOT NULL,
    media_type TEXT      NOT NULL,
    size       BIGINT    NOT NULL,
    digest     TEXT      NOT NULL,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    at         TIMESTAMP NOT NULL,
    removed_at TIMESTAMP,
    removed_by TEXT
);
CREATE INDEX attachments_entry ON attachments (entry_id, id);
CREATE INDEX attachments_digest ON attachments (digest);

-- With which filter fields the words of the entries were made; they are made anew when the definitions change.
CREATE TABLE search_state (
    id          BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT   NOT NULL
);
INSERT INTO search_state (id, fingerprint) VALUES (1, '');
