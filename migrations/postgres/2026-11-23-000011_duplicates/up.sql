-- Checks for duplicates that were kept: what an entry was compared with, and what was answered.
CREATE TABLE duplicate_batches (
    id         BIGINT    NOT NULL PRIMARY KEY,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    title      TEXT      NOT NULL,
    entries    TEXT      NOT NULL,
    at         TIMESTAMP NOT NULL
);

CREATE TABLE duplicate_runs (
    id            BIGINT    NOT NULL PRIMARY KEY,
    entry_id      BIGINT    NOT NULL,
    submission_id BIGINT,
    batch_id      BIGINT,
    review        BOOLEAN   NOT NULL,
    digest        TEXT      NOT NULL,
    compared      BIGINT    NOT NULL,
    hidden        BIGINT    NOT NULL,
    listed        TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    at            TIMESTAMP NOT NULL
);
CREATE INDEX duplicate_runs_entry ON duplicate_runs (entry_id, id);
CREATE INDEX duplicate_runs_batch ON duplicate_runs (batch_id, id);

CREATE TABLE duplicate_hits (
    id          BIGINT    NOT NULL PRIMARY KEY,
    run_id      BIGINT    NOT NULL,
    entry_id    BIGINT    NOT NULL,
    other_id    BIGINT    NOT NULL,
    score       INTEGER   NOT NULL,
    strong      BOOLEAN   NOT NULL,
    phase       BOOLEAN   NOT NULL,
    parts       TEXT      NOT NULL,
    words       TEXT      NOT NULL,
    digest      TEXT      NOT NULL,
    verdict     TEXT,
    reason      TEXT      NOT NULL,
    account_id  BIGINT,
    answered_by TEXT,
    answered_at TIMESTAMP,
    version     BIGINT    NOT NULL
);
CREATE UNIQUE INDEX duplicate_hits_run ON duplicate_hits (run_id, other_id);
CREATE INDEX duplicate_hits_pair ON duplicate_hits (entry_id, other_id, id);

-- 统建清单 and 负面清单, kept by the data bureau of a region; empty as shipped.
CREATE TABLE build_lists (
    id            BIGINT    NOT NULL PRIMARY KEY,
    kind          TEXT      NOT NULL,
    department_id BIGINT    NOT NULL,
    region        TEXT      NOT NULL,
    category      TEXT      NOT NULL,
    name          TEXT      NOT NULL,
    description   TEXT      NOT NULL,
    capability    TEXT      NOT NULL,
    own_part      TEXT      NOT NULL,
    clause        TEXT      NOT NULL,
    advice        TEXT      NOT NULL,
    version       BIGINT    NOT NULL,
    actor         TEXT      NOT NULL,
    at            TIMESTAMP NOT NULL,
    removed_at    TIMESTAMP
);
CREATE INDEX build_lists_kind ON build_lists (kind, region, id);

-- Entries that were merged: the removed one points at the one that stays.
CREATE TABLE entry_merges (
    id          BIGINT    NOT NULL PRIMARY KEY,
    kept_id     BIGINT    NOT NULL,
    dropped_id  BIGINT    NOT NULL,
    seq         BIGINT    NOT NULL,
    attachments TEXT      NOT NULL,
    reason      TEXT      NOT NULL,
    actor       TEXT      NOT NULL,
    at          TIMESTAMP NOT NULL,
    undone_seq  BIGINT,
    undone_by   TEXT
);
CREATE INDEX entry_merges_kept ON entry_merges (kept_id, id);
CREATE INDEX entry_merges_dropped ON entry_merges (dropped_id, id);
