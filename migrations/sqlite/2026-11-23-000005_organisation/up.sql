-- The organisation with its history, the people of the three filed roles, and their filings (备案).
ALTER TABLE departments ADD COLUMN bureau BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE departments ADD COLUMN unit BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE departments ADD COLUMN valid_from DATE;
ALTER TABLE departments ADD COLUMN valid_until DATE;
ALTER TABLE departments ADD COLUMN merged_into BIGINT;
ALTER TABLE departments ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
UPDATE departments SET unit = TRUE WHERE parent_id IS NOT NULL;
-- One data bureau in a region; the program says it in words before this refuses.
CREATE UNIQUE INDEX departments_bureau ON departments (region) WHERE bureau;

CREATE TABLE department_events (
    id            INTEGER NOT NULL PRIMARY KEY,
    department_id BIGINT    NOT NULL,
    kind          TEXT      NOT NULL,
    true_from     DATE,
    recorded_at   TIMESTAMP NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    reason        TEXT      NOT NULL,
    before        TEXT      NOT NULL,
    after         TEXT      NOT NULL
);
CREATE INDEX department_events_department ON department_events (department_id, id);

CREATE TABLE people (
    id            INTEGER NOT NULL PRIMARY KEY,
    name          TEXT      NOT NULL,
    name_key      TEXT      NOT NULL,
    department_id BIGINT    NOT NULL REFERENCES departments (id),
    post          TEXT      NOT NULL,
    office        TEXT      NOT NULL,
    background    TEXT      NOT NULL,
    phone         TEXT      NOT NULL,
    mobile        TEXT      NOT NULL,
    email         TEXT      NOT NULL,
    account_id    BIGINT,
    active        BOOLEAN   NOT NULL,
    confirmed_on  DATE,
    revision      BIGINT    NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    changed_at    TIMESTAMP NOT NULL
);
CREATE INDEX people_department ON people (department_id, name_key);
CREATE UNIQUE INDEX people_account ON people (account_id) WHERE account_id IS NOT NULL;

-- Both days count: `from_on` is the first, `until_on` the last.
CREATE TABLE appointments (
    id            INTEGER NOT NULL PRIMARY KEY,
    person_id     BIGINT    NOT NULL REFERENCES people (id),
    department_id BIGINT    NOT NULL REFERENCES departments (id),
    role          TEXT      NOT NULL,
    from_on       DATE      NOT NULL,
    until_on      DATE,
    change        TEXT      NOT NULL,
    reason        TEXT      NOT NULL,
    end_change    TEXT,
    end_reason    TEXT      NOT NULL,
    ended_by      BIGINT,
    void          BOOLEAN   NOT NULL,
    revision      BIGINT    NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    made_by       TEXT      NOT NULL
);
CREATE INDEX appointments_department ON appointments (department_id, role, from_on);
CREATE INDEX appointments_person ON appointments (person_id);

CREATE TABLE filings (
    id             INTEGER NOT NULL PRIMARY KEY,
    department_id  BIGINT    NOT NULL REFERENCES departments (id),
    bureau_id      BIGINT,
    appointment_id BIGINT    NOT NULL REFERENCES appointments (id),
    former_id      BIGINT,
    role           TEXT      NOT NULL,
    change         TEXT      NOT NULL,
    reason         TEXT      NOT NULL,
    state          TEXT      NOT NULL,
    form           TEXT      NOT NULL,
    revision       BIGINT    NOT NULL,
    made_at        TIMESTAMP NOT NULL,
    made_by        TEXT      NOT NULL,
    submitted_at   TIMESTAMP,
    submitter_id   BIGINT,
    submitter      TEXT,
    answered_at    TIMESTAMP,
    answerer       TEXT,
    answer         TEXT      NOT NULL
);
CREATE INDEX filings_department ON filings (department_id, state, id);
CREATE INDEX filings_bureau ON filings (bureau_id, state, id);
CREATE INDEX filings_appointment ON filings (appointment_id);

CREATE TABLE filing_steps (
    id         INTEGER NOT NULL PRIMARY KEY,
    filing_id  BIGINT    NOT NULL,
    at         TIMESTAMP NOT NULL,
    act        TEXT      NOT NULL,
    from_state TEXT      NOT NULL,
    to_state   TEXT      NOT NULL,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    note       TEXT      NOT NULL,
    form       TEXT      NOT NULL
);
CREATE INDEX filing_steps_filing ON filing_steps (filing_id, id);

-- Stamped scans (盖章扫描件) of a filing.
CREATE TABLE filing_papers (
    id         INTEGER NOT NULL PRIMARY KEY,
    filing_id  BIGINT    NOT NULL REFERENCES filings (id),
    name       TEXT      NOT NULL,
    media_type TEXT      NOT NULL,
    size       BIGINT    NOT NULL,
    digest     TEXT      NOT NULL,
    content    BLOB NOT NULL,
    added_at   TIMESTAMP NOT NULL,
    added_by   TEXT      NOT NULL
);
CREATE INDEX filing_papers_filing ON filing_papers (filing_id, id);

CREATE TRIGGER department_events_keep BEFORE UPDATE ON department_events BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER department_events_stay BEFORE DELETE ON department_events BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER filing_steps_keep BEFORE UPDATE ON filing_steps BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER filing_steps_stay BEFORE DELETE ON filing_steps BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
