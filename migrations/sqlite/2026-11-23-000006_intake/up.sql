-- A file on its way into the ledger: who brought it, where it lies, what was asked for, what its preview came to.
ALTER TABLE imports ADD COLUMN account_id    BIGINT;
ALTER TABLE imports ADD COLUMN department_id BIGINT;
ALTER TABLE imports ADD COLUMN changed_at    TIMESTAMP;
ALTER TABLE imports ADD COLUMN version       BIGINT NOT NULL DEFAULT 1;
ALTER TABLE imports ADD COLUMN stored        TEXT   NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN size          BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN options       TEXT   NOT NULL DEFAULT '{}';
ALTER TABLE imports ADD COLUMN report        TEXT   NOT NULL DEFAULT '{}';
ALTER TABLE imports ADD COLUMN touched       TEXT   NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN rounds        BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN round         BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN head_seq      BIGINT;
ALTER TABLE imports ADD COLUMN plan_digest   TEXT   NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN message       TEXT   NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN request_key   TEXT   NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN undone        TEXT   NOT NULL DEFAULT '';
CREATE INDEX imports_account ON imports (account_id, file_digest);

-- What a preview shows, row by row. Each check of an import writes a round of its own; only the last one is shown.
CREATE TABLE import_rows (
    import_id     BIGINT  NOT NULL,
    round         BIGINT  NOT NULL,
    sheet         BIGINT  NOT NULL,
    line          BIGINT  NOT NULL,
    outcome       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    register      TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    department_id BIGINT,
    fields        TEXT    NOT NULL,
    cells         TEXT    NOT NULL,
    problems      TEXT    NOT NULL,
    texts         TEXT    NOT NULL,
    PRIMARY KEY (import_id, round, sheet, line)
);
CREATE INDEX import_rows_outcome ON import_rows (import_id, round, outcome, sheet, line);

-- Cells that somebody corrected on the page; laid over the file whenever it is read. Line 0: every cell of the column
-- that says the same.
CREATE TABLE import_corrections (
    id         INTEGER   NOT NULL PRIMARY KEY,
    import_id  BIGINT    NOT NULL,
    sheet      BIGINT    NOT NULL,
    line       BIGINT    NOT NULL,
    place      BIGINT    NOT NULL,
    said       TEXT      NOT NULL,
    text       TEXT      NOT NULL,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    at         TIMESTAMP NOT NULL
);
CREATE INDEX import_corrections_import ON import_corrections (import_id, id);

-- Work that outlives a request and a restart.
CREATE TABLE jobs (
    id          INTEGER   NOT NULL PRIMARY KEY,
    kind        TEXT      NOT NULL,
    subject     BIGINT,
    account_id  BIGINT,
    actor       TEXT      NOT NULL,
    payload     TEXT      NOT NULL,
    state       TEXT      NOT NULL,
    attempts    BIGINT    NOT NULL,
    done        BIGINT    NOT NULL,
    total       BIGINT,
    message     TEXT      NOT NULL,
    claimed_by  TEXT,
    heartbeat   TIMESTAMP,
    created_at  TIMESTAMP NOT NULL,
    started_at  TIMESTAMP,
    finished_at TIMESTAMP
);
CREATE INDEX jobs_state ON jobs (state, id);
CREATE INDEX jobs_subject ON jobs (subject, id);
