-- Campaigns (年度核对): what a bureau asks its departments to declare anew, and what was frozen at the end.
CREATE TABLE campaigns (
    id          INTEGER PRIMARY KEY NOT NULL,
    title       TEXT      NOT NULL,
    year        INTEGER   NOT NULL,
    basis       TEXT      NOT NULL,
    bureau_id   BIGINT    NOT NULL REFERENCES departments (id),
    -- JSON: ["information_system", …] and {"information_system": ["main_function", …]}.
    registers   TEXT      NOT NULL,
    fields      TEXT      NOT NULL,
    -- The day whose versions of the gates count; none: gates are not asked.
    gates_on    DATE,
    due_on      DATE      NOT NULL,
    remind_days INTEGER   NOT NULL,
    state       TEXT      NOT NULL,
    version     BIGINT    NOT NULL,
    opened_at   TIMESTAMP NOT NULL,
    opened_by   TEXT      NOT NULL,
    opener_id   BIGINT,
    -- The ledger as it stood when the campaign was opened.
    opened_seq  BIGINT    NOT NULL,
    reminded_on DATE,
    closed_at   TIMESTAMP,
    closed_by   TEXT,
    closer_id   BIGINT,
    closed_seq  BIGINT,
    head        TEXT,
    entries     BIGINT,
    digest      TEXT,
    forced      TEXT
);
CREATE UNIQUE INDEX campaigns_once ON campaigns (bureau_id, year, title);

CREATE TABLE campaign_departments (
    campaign_id    BIGINT    NOT NULL REFERENCES campaigns (id),
    department_id  BIGINT    NOT NULL REFERENCES departments (id),
    state          TEXT      NOT NULL,
    attested_none  BOOLEAN   NOT NULL,
    version        BIGINT    NOT NULL,
    submitted_at   TIMESTAMP,
    submitted_by   TEXT,
    submitter_id   BIGINT,
    -- What was frozen: how it ended, how many entries, their digest; the certificate and its check code.
    outcome        TEXT,
    entries        BIGINT,
    digest         TEXT,
    code           TEXT,
    content        TEXT,
    content_digest TEXT,
    PRIMARY KEY (campaign_id, department_id)
);
CREATE UNIQUE INDEX campaign_departments_code ON campaign_departments (code);

CREATE TABLE campaign_entries (
    campaign_id      BIGINT    NOT NULL REFERENCES campaigns (id),
    entry_id         BIGINT    NOT NULL REFERENCES entries (id),
    -- Whose it was, and in which version, when it was answered for; another version needs another answer.
    department_id    BIGINT    NOT NULL REFERENCES departments (id),
    revision         INTEGER   NOT NULL,
    answer           TEXT      NOT NULL,
    note             TEXT      NOT NULL,
    to_department_id BIGINT    REFERENCES departments (id),
    version          BIGINT    NOT NULL,
    account_id       BIGINT,
    actor            TEXT      NOT NULL,
    at               TIMESTAMP NOT NULL,
    -- What the bureau said to “not ours”: moved, returned, or nothing yet.
    reply            TEXT      NOT NULL,
    reply_note       TEXT      NOT NULL,
    replied_by       TEXT,
    replied_at       TIMESTAMP,
    PRIMARY KEY (campaign_id, entry_id)
);
CREATE INDEX campaign_entries_entry ON campaign_entries (entry_id);

-- Which units counted to which department when a campaign was closed.
CREATE TABLE campaign_units (
    campaign_id   BIGINT NOT NULL REFERENCES campaigns (id),
    department_id BIGINT NOT NULL REFERENCES departments (id),
    head_id       BIGINT NOT NULL REFERENCES departments (id),
    PRIMARY KEY (campaign_id, department_id)
);
