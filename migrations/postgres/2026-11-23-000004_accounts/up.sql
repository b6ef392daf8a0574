-- Who may sign in: accounts, the roles they hold, sessions, tokens, and what stops guessing.
CREATE TABLE accounts (
    id              BIGINT NOT NULL PRIMARY KEY,
    login           TEXT      NOT NULL,
    name            TEXT      NOT NULL,
    department_id   BIGINT,
    password_hash   TEXT      NOT NULL,
    password_set_at TIMESTAMP NOT NULL,
    must_change     BOOLEAN   NOT NULL,
    totp_secret     TEXT,
    totp_confirmed  BOOLEAN   NOT NULL,
    totp_step       BIGINT    NOT NULL,
    active          BOOLEAN   NOT NULL,
    epoch           BIGINT    NOT NULL,
    version         BIGINT    NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    created_by      TEXT      NOT NULL,
    last_sign_in_at TIMESTAMP
);
-- An account is never deleted, so a login is never given to somebody else.
CREATE UNIQUE INDEX accounts_login ON accounts (login);

CREATE TABLE account_grants (
    id            BIGINT NOT NULL PRIMARY KEY,
    account_id    BIGINT    NOT NULL REFERENCES accounts (id),
    role          TEXT      NOT NULL,
    department_id BIGINT,
    granted_by    TEXT      NOT NULL,
    granted_at    TIMESTAMP NOT NULL,
    ended_by      TEXT,
    ended_at      TIMESTAMP
);
CREATE INDEX account_grants_account ON account_grants (account_id, id);
CREATE INDEX account_grants_department ON account_grants (department_id, id);

-- Earlier passwords, so that the last few are not taken again.
CREATE TABLE account_passwords (
    id         BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT    NOT NULL REFERENCES accounts (id),
    hash       TEXT      NOT NULL,
    set_at     TIMESTAMP NOT NULL
);
CREATE INDEX account_passwords_account ON account_passwords (account_id, id);

-- One row per browser session (`browser`) or family of refresh tokens (`tokens`). Only hashes of secrets are kept.
CREATE TABLE account_sessions (
    id           BIGINT NOT NULL PRIMARY KEY,
    account_id   BIGINT    NOT NULL REFERENCES accounts (id),
    kind         TEXT      NOT NULL,
    secret_hash  TEXT      NOT NULL,
    turn_hash    TEXT      NOT NULL,
    turned_hash  TEXT      NOT NULL,
    turned_at    TIMESTAMP NOT NULL,
    epoch        BIGINT    NOT NULL,
    address      TEXT      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP
);
CREATE UNIQUE INDEX account_sessions_secret ON account_sessions (secret_hash);
CREATE INDEX account_sessions_account ON account_sessions (account_id, id);

CREATE TABLE api_tokens (
    id           BIGINT NOT NULL PRIMARY KEY,
    account_id   BIGINT    NOT NULL REFERENCES accounts (id),
    name         TEXT      NOT NULL,
    secret_hash  TEXT      NOT NULL,
    writes       BOOLEAN   NOT NULL,
    epoch        BIGINT    NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    revoked_at   TIMESTAMP
);
CREATE UNIQUE INDEX api_tokens_secret ON api_tokens (secret_hash);
CREATE INDEX api_tokens_account ON api_tokens (account_id, id);

-- Failed sign-ins, by login as typed and by network address.
CREATE TABLE sign_in_failures (
    scope        TEXT      NOT NULL,
    subject      TEXT      NOT NULL,
    failures     BIGINT    NOT NULL,
    first_at     TIMESTAMP NOT NULL,
    locked_until TIMESTAMP,
    PRIMARY KEY (scope, subject)
);

-- The one-time code that opens the set-up page.
CREATE TABLE setup_codes (
    id         BIGINT NOT NULL PRIMARY KEY,
    hash       TEXT      NOT NULL,
    made_at    TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    failures   BIGINT    NOT NULL,
    used_at    TIMESTAMP
);
