-- What was answered to the check for duplicates, as the decision found it: never changed.
ALTER TABLE approvals ADD COLUMN duplicate_run BIGINT;
CREATE TABLE approval_answers (
    approval_id BIGINT    NOT NULL REFERENCES approvals (id),
    ordinal     INTEGER   NOT NULL,
    other_id    BIGINT    NOT NULL REFERENCES entries (id),
    score       INTEGER   NOT NULL,
    strong      BOOLEAN   NOT NULL,
    verdict     TEXT      NOT NULL,
    reason      TEXT      NOT NULL,
    answered_by TEXT      NOT NULL,
    answered_at TIMESTAMP,
    PRIMARY KEY (approval_id, ordinal)
);
CREATE TRIGGER approval_answers_keep_update BEFORE UPDATE ON approval_answers BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER approval_answers_keep_delete BEFORE DELETE ON approval_answers BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;

-- An opinion is asked of an expert by account, or of a department: then whoever answers for it does.
CREATE TABLE review_opinions_new (
    id            INTEGER PRIMARY KEY NOT NULL,
    submission_id BIGINT    NOT NULL REFERENCES submissions (id),
    entry_id      BIGINT    NOT NULL REFERENCES entries (id),
    round         BIGINT    NOT NULL,
    account_id    BIGINT,
    department_id BIGINT    REFERENCES departments (id),
    name          TEXT      NOT NULL,
    office        TEXT      NOT NULL,
    open          BOOLEAN   NOT NULL,
    version       BIGINT    NOT NULL,
    assigned_at   TIMESTAMP NOT NULL,
    assigned_by   TEXT      NOT NULL,
    score         INTEGER,
    verdict       TEXT      NOT NULL,
    opinion       TEXT      NOT NULL,
    given_at      TIMESTAMP,
    giver_id      BIGINT,
    giver         TEXT      NOT NULL
);
INSERT INTO review_opinions_new
    SELECT id, submission_id, entry_id, round, account_id, NULL, name, office, open, version, assigned_at, assigned_by,
           score, verdict, opinion, given_at, CASE WHEN given_at IS NULL THEN NULL ELSE account_id END,
           CASE WHEN given_at IS NULL THEN '' ELSE name END
    FROM review_opinions;
DROP TABLE review_opinions;
ALTER TABLE review_opinions_new RENAME TO review_opinions;
CREATE UNIQUE INDEX review_opinions_once ON review_opinions (submission_id, round, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX review_opinions_account ON review_opinions (account_id, open);
CREATE UNIQUE INDEX review_opinions_office ON review_opinions (submission_id, round, department_id) WHERE department_id IS NOT NULL;
CREATE INDEX review_opinions_department ON review_opinions (department_id, open);

-- The stage board counts by search words; the few that were removed are found here.
CREATE INDEX entries_removed ON entries (register, id) WHERE NOT present;
-- Which entries stand at a step since when.
CREATE INDEX stage_steps_standing ON stage_steps (to_step, at, entry_id);
-- Whose move it is.
CREATE INDEX submissions_entry ON submissions (entry_id, id);
