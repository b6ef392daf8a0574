-- What this installation says of the work calendar beside what is shipped: years and days.
CREATE TABLE calendar_years (
    year      INTEGER NOT NULL PRIMARY KEY,
    published BOOLEAN NOT NULL,
    source    TEXT    NOT NULL
);
-- `kind`: off, work, or none for an ordinary day.
CREATE TABLE calendar_days (
    day    DATE NOT NULL PRIMARY KEY,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    source TEXT NOT NULL
);
-- A time limit as this installation counts by it, where that differs from what is shipped.
CREATE TABLE time_limit_settings (
    rule_id     TEXT    NOT NULL PRIMARY KEY,
    enabled     BOOLEAN NOT NULL,
    amount      INTEGER,
    unit        TEXT,
    region      TEXT    NOT NULL,
    valid_from  DATE,
    valid_until DATE,
    source      TEXT    NOT NULL,
    version     INTEGER NOT NULL
);
-- One row: `calendar` counts changes of the calendar, `limits` those of the limits.
CREATE TABLE almanac_head (
    id       BIGINT  NOT NULL PRIMARY KEY,
    calendar INTEGER NOT NULL,
    limits   INTEGER NOT NULL
);
INSERT INTO almanac_head (id, calendar, limits) VALUES (1, 1, 1);

-- What falls due, derived from entries; `deadline_head` says up to which change set and by which calendar.
CREATE TABLE deadlines (
    entry_id      BIGINT  NOT NULL REFERENCES entries (id),
    rule          TEXT    NOT NULL,
    department_id BIGINT  NOT NULL,
    limit_id      TEXT    NOT NULL,
    start_on      DATE,
    opens_on      DATE,
    due_on        DATE    NOT NULL,
    provisional   BOOLEAN NOT NULL,
    warn_on       DATE    NOT NULL,
    lapse_on      DATE,
    done          BOOLEAN NOT NULL,
    done_on       DATE,
    late          BOOLEAN NOT NULL,
    level         INTEGER NOT NULL,
    level_on      DATE,
    PRIMARY KEY (entry_id, rule)
);
CREATE INDEX deadlines_due ON deadlines (done, due_on, entry_id);
CREATE INDEX deadlines_department ON deadlines (department_id, done, due_on);
CREATE TABLE deadline_head (
    id          BIGINT NOT NULL PRIMARY KEY,
    seq         BIGINT NOT NULL,
    calendar    INTEGER NOT NULL,
    limits      INTEGER NOT NULL,
    fingerprint TEXT   NOT NULL,
    reminded_on DATE,
    writes      BIGINT NOT NULL
);
INSERT INTO deadline_head (id, seq, calendar, limits, fingerprint, writes) VALUES (1, 0, 0, 0, '', 0);

-- What people are told; the same thing once.
CREATE TABLE notices (
    id         INTEGER   NOT NULL PRIMARY KEY,
    account_id BIGINT    NOT NULL REFERENCES accounts (id),
    at         TIMESTAMP NOT NULL,
    kind       TEXT      NOT NULL,
    text       TEXT      NOT NULL,
    href       TEXT      NOT NULL,
    read_at    TIMESTAMP,
    dedupe     TEXT      NOT NULL
);
CREATE UNIQUE INDEX notices_once ON notices (account_id, dedupe);
CREATE INDEX notices_account ON notices (account_id, id);
CREATE INDEX notices_unread ON notices (account_id) WHERE read_at IS NULL;
-- Letters on their way.
CREATE TABLE mails (
    id       INTEGER   NOT NULL PRIMARY KEY,
    address  TEXT      NOT NULL,
    subject  TEXT      NOT NULL,
    body     TEXT      NOT NULL,
    made_at  TIMESTAMP NOT NULL,
    state    TEXT      NOT NULL,
    attempts INTEGER   NOT NULL,
    tried_at TIMESTAMP,
    fault    TEXT      NOT NULL
);
CREATE INDEX mails_state ON mails (state, id);
