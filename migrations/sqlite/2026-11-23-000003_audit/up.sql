-- Who did what beside the ledger's own changes: sign-ins, refusals, grants, filings, exports. A chain of its own.
CREATE TABLE audit_head (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BLOB  NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE audit_log (
    seq           BIGINT    NOT NULL PRIMARY KEY,
    at            TIMESTAMP NOT NULL,
    account_id    BIGINT,
    actor         TEXT      NOT NULL,
    action        TEXT      NOT NULL,
    object        TEXT      NOT NULL,
    department_id BIGINT,
    result        TEXT      NOT NULL,
    detail        TEXT      NOT NULL,
    address       TEXT      NOT NULL,
    request_id    TEXT      NOT NULL,
    prev          BLOB     NOT NULL,
    hash          BLOB     NOT NULL
);
CREATE INDEX audit_log_action ON audit_log (action, seq);
CREATE INDEX audit_log_account ON audit_log (account_id, seq);

-- Bumped with every change of the organisation, so that whoever keeps it in memory knows when to read again.
ALTER TABLE ledger_head ADD COLUMN organisation BIGINT NOT NULL DEFAULT 0;

CREATE TRIGGER audit_log_keep BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER audit_log_stay BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER departments_made AFTER INSERT ON departments BEGIN UPDATE ledger_head SET organisation = organisation + 1; END;
CREATE TRIGGER departments_changed AFTER UPDATE ON departments BEGIN UPDATE ledger_head SET organisation = organisation + 1; END;
