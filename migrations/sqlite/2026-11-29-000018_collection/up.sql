-- How datasets stand on the integrated platform, derived from entries; `collection_head` says up to which change set.
-- `standing`: timed, undated, untimed, uncollected or unstated. What depends on the day is asked with the day.
CREATE TABLE dataset_collection (
    entry_id      BIGINT  NOT NULL PRIMARY KEY REFERENCES entries (id),
    department_id BIGINT  NOT NULL,
    shared        BOOLEAN NOT NULL,
    opened        BOOLEAN NOT NULL,
    standing      TEXT    NOT NULL,
    mode          TEXT    NOT NULL,
    cycle         TEXT    NOT NULL,
    since         TEXT    NOT NULL,
    updated_on    DATE,
    due_on        DATE
);
CREATE INDEX dataset_collection_counts ON dataset_collection (department_id, standing, shared, opened, due_on);
CREATE INDEX dataset_collection_due ON dataset_collection (standing, due_on, entry_id);
CREATE TABLE collection_head (
    id          BIGINT NOT NULL PRIMARY KEY,
    seq         BIGINT NOT NULL,
    fingerprint TEXT   NOT NULL
);
INSERT INTO collection_head (id, seq, fingerprint) VALUES (1, 0, '');
