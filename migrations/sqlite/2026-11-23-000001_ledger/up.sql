-- The ledger's one row: tail of the chain, next entry id. Every write transaction updates it first,
-- which takes SQLite's write lock before anything is read.
CREATE TABLE ledger_head (
    id         BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
    seq        BIGINT  NOT NULL,
    hash       BLOB    NOT NULL,
    next_entry BIGINT  NOT NULL,
    writes     BIGINT  NOT NULL
);
INSERT INTO ledger_head (id, seq, hash, next_entry, writes) VALUES (1, 0, zeroblob(32), 1, 0);

CREATE TABLE departments (
    id          INTEGER NOT NULL PRIMARY KEY,
    code        TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    name_key    TEXT    NOT NULL,
    credit_code TEXT,
    region      TEXT,
    parent_id   BIGINT  REFERENCES departments (id),
    category    TEXT,
    sort        BIGINT  NOT NULL,
    provisional BOOLEAN NOT NULL
);
CREATE INDEX departments_name ON departments (name_key);

CREATE TABLE department_aliases (
    alias_key     TEXT   NOT NULL,
    department_id BIGINT NOT NULL REFERENCES departments (id),
    alias         TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    PRIMARY KEY (alias_key, department_id)
);

CREATE TABLE imports (
    id            INTEGER   NOT NULL PRIMARY KEY,
    at            TIMESTAMP NOT NULL,
    actor         TEXT      NOT NULL,
    file_name     TEXT      NOT NULL,
    file_digest   TEXT      NOT NULL,
    state         TEXT      NOT NULL,
    change_set    BIGINT,
    undone_by     BIGINT,
    rows_new      BIGINT    NOT NULL,
    rows_changed  BIGINT    NOT NULL,
    rows_same     BIGINT    NOT NULL,
    rows_refused  BIGINT    NOT NULL,
    rows_skipped  BIGINT    NOT NULL
);

CREATE TABLE change_sets (
    seq       BIGINT    NOT NULL PRIMARY KEY,
    at        TIMESTAMP NOT NULL,
    actor     TEXT      NOT NULL,
    source    TEXT      NOT NULL,
    reason    TEXT      NOT NULL,
    valid_on  TEXT,
    import_id BIGINT,
    undoes    BIGINT,
    entries   BIGINT    NOT NULL,
    digest    BLOB      NOT NULL,
    prev      BLOB      NOT NULL,
    hash      BLOB      NOT NULL
);

CREATE TABLE entries (
    id            INTEGER NOT NULL PRIMARY KEY,
    register      TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,
    department_id BIGINT  NOT NULL,
    within_id     BIGINT,
    region        TEXT,
    stage         TEXT    NOT NULL,
    amount        BIGINT,
    year          INTEGER,
    completeness  INTEGER NOT NULL,
    present       BOOLEAN NOT NULL,
    revision      INTEGER NOT NULL,
    created_seq   BIGINT  NOT NULL,
    changed_seq   BIGINT  NOT NULL,
    attributes    TEXT    NOT NULL
);
CREATE UNIQUE INDEX entries_code ON entries (register, code);
CREATE INDEX entries_within ON entries (within_id) WHERE within_id IS NOT NULL;
CREATE INDEX entries_register ON entries (register, id);
CREATE INDEX entries_department ON entries (register, department_id, id);

CREATE TABLE revisions (
    seq      BIGINT  NOT NULL,
    ordinal  BIGINT  NOT NULL,
    entry_id BIGINT  NOT NULL,
    revision INTEGER NOT NULL,
    op       TEXT    NOT NULL,
    before   TEXT,
    digest   BLOB    NOT NULL,
    PRIMARY KEY (seq, ordinal)
) WITHOUT ROWID;
CREATE UNIQUE INDEX revisions_entry ON revisions (entry_id, revision);

CREATE TABLE relations (
    from_id   BIGINT NOT NULL,
    field     TEXT   NOT NULL,
    to_id     BIGINT NOT NULL,
    since_seq BIGINT NOT NULL,
    until_seq BIGINT,
    PRIMARY KEY (from_id, field, to_id, since_seq)
) WITHOUT ROWID;
CREATE INDEX relations_to ON relations (to_id, field);

CREATE TABLE import_mappings (
    department TEXT NOT NULL,
    signature  TEXT NOT NULL,
    register   TEXT NOT NULL,
    mapping    TEXT NOT NULL,
    PRIMARY KEY (department, signature)
);

CREATE TABLE extra_columns (
    register TEXT NOT NULL,
    header   TEXT NOT NULL,
    PRIMARY KEY (register, header)
);

-- Search words of an entry (two-character words, pinyin initials), made by the program alike for both databases.
CREATE VIRTUAL TABLE entry_words USING fts5 (words, content = '', contentless_delete = 1, detail = none);

-- History only grows: the chain shows an alteration, these refuse the careless one.
CREATE TRIGGER change_sets_keep BEFORE UPDATE ON change_sets BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER change_sets_stay BEFORE DELETE ON change_sets BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER revisions_keep BEFORE UPDATE ON revisions BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER revisions_stay BEFORE DELETE ON revisions BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
