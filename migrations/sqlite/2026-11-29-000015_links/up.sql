-- A second department that sees an entry in full: the consumer of a link. Few entries have one.
ALTER TABLE entries ADD COLUMN party_id BIGINT;
CREATE INDEX entries_party ON entries (party_id, id) WHERE party_id IS NOT NULL;

-- What each end of an entry says of it, as it stands.
CREATE TABLE link_ends (
    entry_id   BIGINT    NOT NULL REFERENCES entries (id),
    side       TEXT      NOT NULL,
    state      TEXT      NOT NULL,
    said       TEXT      NOT NULL,
    note       TEXT      NOT NULL,
    revision   INTEGER   NOT NULL,
    version    BIGINT    NOT NULL,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    at         TIMESTAMP NOT NULL,
    PRIMARY KEY (entry_id, side)
) WITHOUT ROWID;
CREATE INDEX link_ends_state ON link_ends (state, side, entry_id);

-- How it came to that: every statement, in order.
CREATE TABLE link_acts (
    id         INTEGER   PRIMARY KEY NOT NULL,
    entry_id   BIGINT    NOT NULL REFERENCES entries (id),
    side       TEXT      NOT NULL,
    act        TEXT      NOT NULL,
    from_state TEXT      NOT NULL,
    to_state   TEXT      NOT NULL,
    said       TEXT      NOT NULL,
    note       TEXT      NOT NULL,
    before     TEXT,
    version    BIGINT    NOT NULL,
    import_id  BIGINT,
    change_set BIGINT,
    told       BOOLEAN   NOT NULL,
    account_id BIGINT,
    actor      TEXT      NOT NULL,
    at         TIMESTAMP NOT NULL
);
CREATE INDEX link_acts_entry ON link_acts (entry_id, id);
CREATE INDEX link_acts_import ON link_acts (import_id) WHERE import_id IS NOT NULL;
-- What nobody has been told of yet.
CREATE INDEX link_acts_untold ON link_acts (id) WHERE NOT told;
