DROP INDEX submissions_entry;
DROP INDEX stage_steps_standing;
DROP INDEX entries_removed;
CREATE TABLE review_opinions_old (
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
INSERT INTO review_opinions_old
    SELECT id, submission_id, entry_id, round, account_id, name, office, open, version, assigned_at, assigned_by,
           score, verdict, opinion, given_at
    FROM review_opinions WHERE account_id IS NOT NULL;
DROP TABLE review_opinions;
ALTER TABLE review_opinions_old RENAME TO review_opinions;
CREATE UNIQUE INDEX review_opinions_once ON review_opinions (submission_id, round, account_id);
CREATE INDEX review_opinions_account ON review_opinions (account_id, open);
DROP TABLE approval_answers;
ALTER TABLE approvals DROP COLUMN duplicate_run;
