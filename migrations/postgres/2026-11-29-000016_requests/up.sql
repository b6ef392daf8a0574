-- Share requests (政务数据共享条例 arts. 20 to 29): who asks whom for which data, what is answered, and the clocks of it.
CREATE TABLE share_requests (
    id                 BIGINT PRIMARY KEY NOT NULL,
    consumer_id        BIGINT    NOT NULL REFERENCES departments (id),
    provider_id        BIGINT    NOT NULL REFERENCES departments (id),
    -- The provider's bureau (同级政务数据共享主管部门): consents to extensions, takes filings, coordinates.
    bureau_id          BIGINT    REFERENCES departments (id),
    dataset_id         BIGINT    NOT NULL REFERENCES entries (id),
    dataset_name       TEXT      NOT NULL,
    -- The share attribute as it stood when it was sent: it says how long the answer may take.
    share_attr         TEXT      NOT NULL,
    consumer_system    TEXT      NOT NULL,
    consumer_system_id BIGINT    REFERENCES entries (id),
    items              TEXT      NOT NULL,
    basis              TEXT      NOT NULL,
    scene              TEXT      NOT NULL,
    use_scope          TEXT      NOT NULL,
    share_mode         TEXT      NOT NULL,
    valid_until        DATE,
    contact            TEXT      NOT NULL,
    contact_phone      TEXT      NOT NULL,
    argument           TEXT      NOT NULL,
    state              TEXT      NOT NULL,
    open               BOOLEAN   NOT NULL,
    version            BIGINT    NOT NULL,
    made_at            TIMESTAMP NOT NULL,
    made_by            TEXT      NOT NULL,
    maker_id           BIGINT,
    submitted_at       TIMESTAMP,
    state_since        TIMESTAMP NOT NULL,
    link_code          TEXT,
    issue_id           BIGINT,
    ended_at           TIMESTAMP,
    end_reason         TEXT      NOT NULL,
    disposal           TEXT      NOT NULL
);
CREATE INDEX share_requests_consumer ON share_requests (consumer_id, id);
CREATE INDEX share_requests_provider ON share_requests (provider_id, id);
CREATE INDEX share_requests_dataset ON share_requests (dataset_id);

-- What the provider says: papers asked for once, an extension, the answer, the supply.
CREATE TABLE share_answers (
    request_id      BIGINT PRIMARY KEY NOT NULL REFERENCES share_requests (id),
    papers_asked_at TIMESTAMP,
    papers          TEXT      NOT NULL,
    supplemented_at TIMESTAMP,
    supplement      TEXT      NOT NULL,
    -- '', asked, consented, declined.
    ext_state       TEXT      NOT NULL,
    ext_days        INTEGER   NOT NULL,
    ext_reason      TEXT      NOT NULL,
    ext_asked_at    TIMESTAMP,
    ext_decided_at  TIMESTAMP,
    ext_decided_by  TEXT      NOT NULL,
    ext_note        TEXT      NOT NULL,
    -- '', agree, refuse.
    verdict         TEXT      NOT NULL,
    answer          TEXT      NOT NULL,
    answer_basis    TEXT      NOT NULL,
    drafter         TEXT      NOT NULL,
    drafter_id      BIGINT,
    answered_at     TIMESTAMP,
    answered_by     TEXT      NOT NULL,
    supplied_at     TIMESTAMP
);

-- Consultations (art. 27): a provider's wish to stop or change a service, and what was said to it.
CREATE TABLE share_consultations (
    id           BIGINT PRIMARY KEY NOT NULL,
    request_id   BIGINT    NOT NULL REFERENCES share_requests (id),
    kind         TEXT      NOT NULL,
    wish         TEXT      NOT NULL,
    wished_at    TIMESTAMP NOT NULL,
    wished_by    TEXT      NOT NULL,
    -- '', agree, object.
    reply        TEXT      NOT NULL,
    reply_text   TEXT      NOT NULL,
    replied_at   TIMESTAMP,
    replied_by   TEXT      NOT NULL,
    -- '', allow, keep: what the bureau says where the two disagree.
    word         TEXT      NOT NULL,
    word_text    TEXT      NOT NULL,
    word_at      TIMESTAMP,
    word_by      TEXT      NOT NULL,
    filed_at     TIMESTAMP,
    filed_by     TEXT      NOT NULL,
    -- '', dropped, kept, ended, changed.
    outcome      TEXT      NOT NULL,
    closed_at    TIMESTAMP
);
CREATE INDEX share_consultations_request ON share_consultations (request_id);

CREATE TABLE share_acts (
    id            BIGINT PRIMARY KEY NOT NULL,
    request_id    BIGINT    NOT NULL REFERENCES share_requests (id),
    version       BIGINT    NOT NULL,
    at            TIMESTAMP NOT NULL,
    act           TEXT      NOT NULL,
    from_state    TEXT      NOT NULL,
    to_state      TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    department_id BIGINT,
    note          TEXT      NOT NULL
);
CREATE INDEX share_acts_request ON share_acts (request_id);

-- Correction requests (校核, art. 26), each a thread of its own.
CREATE TABLE share_corrections (
    id         BIGINT PRIMARY KEY NOT NULL,
    request_id BIGINT    NOT NULL REFERENCES share_requests (id),
    state      TEXT      NOT NULL,
    version    BIGINT    NOT NULL,
    subject    TEXT      NOT NULL,
    raised_at  TIMESTAMP NOT NULL,
    raised_by  TEXT      NOT NULL
);
CREATE INDEX share_corrections_request ON share_corrections (request_id);

CREATE TABLE share_correction_notes (
    id            BIGINT PRIMARY KEY NOT NULL,
    correction_id BIGINT    NOT NULL REFERENCES share_corrections (id),
    at            TIMESTAMP NOT NULL,
    act           TEXT      NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    text          TEXT      NOT NULL
);
CREATE INDEX share_correction_notes_correction ON share_correction_notes (correction_id);

-- Use records (art. 29), kept for three years at least.
CREATE TABLE share_uses (
    id         BIGINT PRIMARY KEY NOT NULL,
    request_id BIGINT    NOT NULL REFERENCES share_requests (id),
    used_on    DATE      NOT NULL,
    scene      TEXT      NOT NULL,
    process    TEXT      NOT NULL,
    outcome    TEXT      NOT NULL,
    storage    TEXT      NOT NULL,
    disposal   TEXT      NOT NULL,
    made_at    TIMESTAMP NOT NULL,
    made_by    TEXT      NOT NULL
);
CREATE INDEX share_uses_request ON share_uses (request_id);

-- Statutory clocks. The due date is computed from the start whenever it is shown; what is done keeps the one it had.
CREATE TABLE share_clocks (
    id            BIGINT PRIMARY KEY NOT NULL,
    request_id    BIGINT    NOT NULL REFERENCES share_requests (id),
    correction_id BIGINT    REFERENCES share_corrections (id),
    kind          TEXT      NOT NULL,
    rule_id       TEXT      NOT NULL,
    -- Who must act.
    department_id BIGINT    NOT NULL REFERENCES departments (id),
    start_on      DATE      NOT NULL,
    -- Working days added by a consented extension, and by pauses where those count.
    extension     INTEGER   NOT NULL,
    paused        INTEGER   NOT NULL,
    paused_on     DATE,
    done_on       DATE,
    -- As it stood when it was done.
    due_on        DATE,
    late          BOOLEAN   NOT NULL,
    -- It ended without being done: the request was withdrawn.
    void          BOOLEAN   NOT NULL,
    reminded_on   DATE
);
CREATE INDEX share_clocks_request ON share_clocks (request_id);
CREATE INDEX share_clocks_open ON share_clocks (done_on, void, department_id);
