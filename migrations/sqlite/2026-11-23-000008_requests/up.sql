-- Answers to posts that named a key, so that the same post sent twice is carried out once.
CREATE TABLE idempotency_keys (
    account_id BIGINT    NOT NULL,
    name       TEXT      NOT NULL,
    digest     TEXT      NOT NULL,
    status     INTEGER   NOT NULL,
    answer     TEXT      NOT NULL,
    etag       TEXT,
    at         TIMESTAMP NOT NULL,
    PRIMARY KEY (account_id, name)
);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
