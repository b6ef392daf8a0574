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
CREATE TRIGGER approval_answers_keep BEFORE UPDATE OR DELETE ON approval_answers FOR EACH ROW EXECUTE FUNCTION history_only_grows();

-- An opinion is asked of an expert by account, or of a department: then whoever answers for it does.
ALTER TABLE review_opinions ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE review_opinions ADD COLUMN department_id BIGINT REFERENCES departments (id);
ALTER TABLE review_opinions ADD COLUMN giver_id BIGINT;
ALTER TABLE review_opinions ADD COLUMN giver TEXT NOT NULL DEFAULT '';
UPDATE review_opinions SET giver_id = account_id, giver = name WHERE given_at IS NOT NULL;
DROP INDEX review_opinions_once;
CREATE UNIQUE INDEX review_opinions_once ON review_opinions (submission_id, round, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX review_opinions_office ON review_opinions (submission_id, round, department_id) WHERE department_id IS NOT NULL;
CREATE INDEX review_opinions_department ON review_opinions (department_id, open);

-- The stage board counts by search words; the few that were removed are found here.
CREATE INDEX entries_removed ON entries (register, id) WHERE NOT present;
-- Which entries stand at a step since when.
CREATE INDEX stage_steps_standing ON stage_steps (to_step, at, entry_id);
-- Whose move it is.
CREATE INDEX submissions_entry ON submissions (entry_id, id);
