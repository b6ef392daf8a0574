-- Who did what beside the ledger's own changes: sign-ins, refusals, grants, filings, exports. A chain of its own.
CREATE TABLE audit_head (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BYTEA  NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

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
    prev          BYTEA     NOT NULL,
    hash          BYTEA     NOT NULL
);
CREATE INDEX audit_log_action ON audit_log (action, seq);
CREATE INDEX audit_log_account ON audit_log (account_id, seq);

-- Bumped with every change of the organisation, so that whoever keeps it in memory knows when to read again.
ALTER TABLE ledger_head ADD COLUMN organisation BIGINT NOT NULL DEFAULT 0;

CREATE TRIGGER audit_log_keep BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION history_only_grows();
CREATE FUNCTION organisation_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN UPDATE ledger_head SET organisation = organisation + 1; RETURN NULL; END $$;
CREATE TRIGGER departments_changed AFTER INSERT OR UPDATE ON departments FOR EACH STATEMENT EXECUTE FUNCTION organisation_changed();
