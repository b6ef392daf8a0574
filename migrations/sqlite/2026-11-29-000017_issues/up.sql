-- Issues (对接难点问题): what stands in the way of connecting data and systems, who owes the next move, until when.
CREATE TABLE issues (
    id          INTEGER   PRIMARY KEY NOT NULL,
    -- The number people call it by: 难点-2026-0001.
    year        INTEGER   NOT NULL,
    ordinal     INTEGER   NOT NULL,
    kind        TEXT      NOT NULL,
    title       TEXT      NOT NULL,
    text        TEXT      NOT NULL,
    raised_by   BIGINT    NOT NULL REFERENCES departments (id),
    owed_by     BIGINT    NOT NULL REFERENCES departments (id),
    -- The key of what the program found; none when a person raised it.
    cause       TEXT,
    state       TEXT      NOT NULL,
    open        BOOLEAN   NOT NULL,
    version     BIGINT    NOT NULL,
    -- The rung of the ladder of disputes, who has it in hand there, and whose move it is.
    rung        INTEGER   NOT NULL,
    handler_id  BIGINT    REFERENCES departments (id),
    turn        TEXT      NOT NULL,
    -- Due so many working days after a day; none when the day was agreed.
    start_on    DATE      NOT NULL,
    days        INTEGER,
    due_on      DATE      NOT NULL,
    provisional BOOLEAN   NOT NULL,
    opened_at   TIMESTAMP NOT NULL,
    opened_by   TEXT      NOT NULL,
    opener_id   BIGINT,
    -- Changes of the ledger after this change set are proof.
    proof_seq   BIGINT    NOT NULL,
    proposer_id BIGINT,
    proposer    TEXT      NOT NULL,
    -- JSON: what it was closed with, and what was decided at the present rung; empty when nothing.
    proof       TEXT      NOT NULL,
    decision    TEXT      NOT NULL,
    closed_at   TIMESTAMP,
    closed_by   TEXT,
    outcome     TEXT      NOT NULL,
    reopened    INTEGER   NOT NULL
);
CREATE UNIQUE INDEX issues_number ON issues (year, ordinal);
CREATE UNIQUE INDEX issues_cause ON issues (cause) WHERE open AND cause IS NOT NULL;
CREATE INDEX issues_raised ON issues (raised_by, open);
CREATE INDEX issues_owed ON issues (owed_by, open);
CREATE INDEX issues_handler ON issues (handler_id, open);
CREATE INDEX issues_due ON issues (open, due_on, id);

-- What it is about.
CREATE TABLE issue_entries (
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    entry_id BIGINT NOT NULL REFERENCES entries (id),
    PRIMARY KEY (issue_id, entry_id)
);
CREATE INDEX issue_entries_entry ON issue_entries (entry_id);

-- What was done, the first act first; never changed.
CREATE TABLE issue_steps (
    id            INTEGER   PRIMARY KEY NOT NULL,
    issue_id      BIGINT    NOT NULL REFERENCES issues (id),
    version       BIGINT    NOT NULL,
    at            TIMESTAMP NOT NULL,
    act           TEXT      NOT NULL,
    from_state    TEXT      NOT NULL,
    to_state      TEXT      NOT NULL,
    rung          INTEGER   NOT NULL,
    turn          TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    department_id BIGINT,
    note          TEXT      NOT NULL,
    detail        TEXT      NOT NULL
);
CREATE INDEX issue_steps_issue ON issue_steps (issue_id, id);
CREATE INDEX issue_steps_at ON issue_steps (at, act);

-- Files, as those of entries.
CREATE TABLE issue_files (
    id         INTEGER   PRIMARY KEY NOT NULL,
    issue_id   BIGINT    NOT NULL REFERENCES issues (id),
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
CREATE INDEX issue_files_issue ON issue_files (issue_id, id);
CREATE INDEX issue_files_digest ON issue_files (digest);

-- Working days an issue has, of which version of the calendar the due dates are, when people were reminded.
CREATE TABLE issue_head (
    id          BIGINT  NOT NULL PRIMARY KEY,
    days        INTEGER NOT NULL,
    calendar    INTEGER NOT NULL,
    reminded_on DATE
);
INSERT INTO issue_head (id, days, calendar) VALUES (1, 10, 0);
CREATE TRIGGER issue_steps_keep_update BEFORE UPDATE ON issue_steps BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER issue_steps_keep_delete BEFORE DELETE ON issue_steps BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
