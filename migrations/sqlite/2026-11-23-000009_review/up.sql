-- Submissions (送审): one open one of a kind for an entry; what was done with them, and by whom.
CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY NOT NULL,
    entry_id      BIGINT    NOT NULL REFERENCES entries (id),
    kind          TEXT      NOT NULL,
    state         TEXT      NOT NULL,
    open          BOOLEAN   NOT NULL,
    version       BIGINT    NOT NULL,
    round         BIGINT    NOT NULL,
    department_id BIGINT    NOT NULL REFERENCES departments (id),
    bureau_id     BIGINT    REFERENCES departments (id),
    season        TEXT      NOT NULL,
    reason        TEXT      NOT NULL,
    reason_class  TEXT      NOT NULL,
    -- What a change request proposes: {field: {"old": …, "new": …}}.
    proposed      TEXT      NOT NULL,
    -- The entry as it was handed in: its version and the SM3 of its document.
    form_revision INTEGER,
    form_digest   TEXT      NOT NULL,
    gate_version  BIGINT,
    opened_at     TIMESTAMP NOT NULL,
    opened_by     TEXT      NOT NULL,
    opener_id     BIGINT,
    submitted_at  TIMESTAMP,
    submitter     TEXT,
    submitter_id  BIGINT,
    state_since   TIMESTAMP NOT NULL,
    decided_at    TIMESTAMP,
    decided_by    TEXT,
    outcome       TEXT      NOT NULL,
    opinion       TEXT      NOT NULL,
    merged_into   BIGINT    REFERENCES entries (id)
);
CREATE UNIQUE INDEX submissions_one_open ON submissions (entry_id, kind) WHERE open;
CREATE INDEX submissions_state ON submissions (state, department_id);
CREATE INDEX submissions_bureau ON submissions (bureau_id, state);
CREATE INDEX submissions_season ON submissions (kind, season);

CREATE TABLE submission_acts (
    id            INTEGER PRIMARY KEY NOT NULL,
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    round         BIGINT    NOT NULL,
    version       BIGINT    NOT NULL,
    at            TIMESTAMP NOT NULL,
    act           TEXT      NOT NULL,
    from_state    TEXT      NOT NULL,
    to_state      TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    department_id BIGINT,
    opinion       TEXT      NOT NULL,
    change_set    BIGINT,
    detail        TEXT      NOT NULL
);
CREATE UNIQUE INDEX submission_acts_once ON submission_acts (submission_id, version);

-- Who is asked for an opinion: an expert by account.
CREATE TABLE review_opinions (
    id            INTEGER PRIMARY KEY NOT NULL,
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    entry_id      BIGINT    NOT NULL REFERENCES entries (id),
    round         BIGINT    NOT NULL,
    account_id    BIGINT    NOT NULL,
    name          TEXT      NOT NULL,
    office        TEXT      NOT NULL,
    open          BOOLEAN   NOT NULL,
    version       BIGINT    NOT NULL,
    assigned_at   TIMESTAMP NOT NULL,
    assigned_by   TEXT      NOT NULL,
    score         INTEGER,
    verdict       TEXT      NOT NULL,
    opinion       TEXT      NOT NULL,
    given_at      TIMESTAMP
);
CREATE UNIQUE INDEX review_opinions_once ON review_opinions (submission_id, round, account_id);
CREATE INDEX review_opinions_account ON review_opinions (account_id, open);

-- Faults found in a review: a thread each, that must be settled.
CREATE TABLE findings (
    id            INTEGER PRIMARY KEY NOT NULL,
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    field         TEXT      NOT NULL,
    text          TEXT      NOT NULL,
    state         TEXT      NOT NULL,
    version       BIGINT    NOT NULL,
    raised_at     TIMESTAMP NOT NULL,
    raiser        TEXT      NOT NULL,
    raiser_id     BIGINT,
    settled_at    TIMESTAMP,
    settler       TEXT
);
CREATE INDEX findings_submission ON findings (submission_id);

CREATE TABLE finding_notes (
    id            INTEGER PRIMARY KEY NOT NULL,
    finding_id    BIGINT    NOT NULL REFERENCES findings (id),
    at            TIMESTAMP NOT NULL,
    act           TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    text          TEXT      NOT NULL
);
CREATE INDEX finding_notes_finding ON finding_notes (finding_id);

-- What was approved, on which day, as which version: never changed.
CREATE TABLE approvals (
    id            INTEGER PRIMARY KEY NOT NULL,
    entry_id      BIGINT    NOT NULL REFERENCES entries (id),
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    kind          TEXT      NOT NULL,
    outcome       TEXT      NOT NULL,
    day           DATE      NOT NULL,
    at            TIMESTAMP NOT NULL,
    revision      INTEGER   NOT NULL,
    digest        TEXT      NOT NULL,
    -- 分; 1 万元 = 1,000,000 分.
    asked         BIGINT,
    amount        BIGINT,
    gate_version  BIGINT,
    number        TEXT      NOT NULL,
    bureau_id     BIGINT    REFERENCES departments (id),
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    change_set    BIGINT
);
CREATE INDEX approvals_entry ON approvals (entry_id);

CREATE TABLE approval_cuts (
    approval_id   BIGINT    NOT NULL REFERENCES approvals (id),
    ordinal       INTEGER   NOT NULL,
    item          TEXT      NOT NULL,
    amount        BIGINT    NOT NULL,
    reason        TEXT      NOT NULL,
    PRIMARY KEY (approval_id, ordinal)
);

-- Steps that entries took, with the gate that judged them.
CREATE TABLE stage_steps (
    id            INTEGER PRIMARY KEY NOT NULL,
    entry_id      BIGINT    NOT NULL REFERENCES entries (id),
    at            TIMESTAMP NOT NULL,
    arrow         TEXT      NOT NULL,
    from_step     TEXT      NOT NULL,
    to_step       TEXT      NOT NULL,
    gate          TEXT      NOT NULL,
    gate_version  BIGINT,
    submission_id BIGINT    REFERENCES submissions (id),
    carried_by    BIGINT    REFERENCES entries (id),
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    note          TEXT      NOT NULL,
    change_set    BIGINT    NOT NULL
);
CREATE INDEX stage_steps_entry ON stage_steps (entry_id, id);

-- Review sheets that were printed: their check code answers whether a paper is what the ledger held.
CREATE TABLE review_sheets (
    id            INTEGER PRIMARY KEY NOT NULL,
    code          TEXT      NOT NULL,
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    version       BIGINT    NOT NULL,
    content       TEXT      NOT NULL,
    digest        TEXT      NOT NULL,
    head_seq      BIGINT    NOT NULL,
    at            TIMESTAMP NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL
);
CREATE UNIQUE INDEX review_sheets_code ON review_sheets (code);

CREATE TRIGGER approvals_keep_update BEFORE UPDATE ON approvals BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER approvals_keep_delete BEFORE DELETE ON approvals BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER approval_cuts_keep_update BEFORE UPDATE ON approval_cuts BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER approval_cuts_keep_delete BEFORE DELETE ON approval_cuts BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER stage_steps_keep_update BEFORE UPDATE ON stage_steps BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER stage_steps_keep_delete BEFORE DELETE ON stage_steps BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER submission_acts_keep_update BEFORE UPDATE ON submission_acts BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER submission_acts_keep_delete BEFORE DELETE ON submission_acts BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER finding_notes_keep_update BEFORE UPDATE ON finding_notes BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER finding_notes_keep_delete BEFORE DELETE ON finding_notes BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

CREATE TRIGGER review_sheets_keep_update BEFORE UPDATE ON review_sheets BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER review_sheets_keep_delete BEFORE DELETE ON review_sheets BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
