-- 目录更新的延期 (政务数据共享条例 art. 17): asked for once for an update, and what the bureau says to it.
CREATE TABLE catalogue_extensions (
    submission_id BIGINT PRIMARY KEY NOT NULL REFERENCES submissions (id),
    -- asked, consented, declined.
    state         TEXT      NOT NULL,
    -- Who decides: the bureau of the department when it asked.
    bureau_id     BIGINT    NOT NULL REFERENCES departments (id),
    reason        TEXT      NOT NULL,
    asked_at      TIMESTAMP NOT NULL,
    asked_by      TEXT      NOT NULL,
    asker_id      BIGINT,
    decided_at    TIMESTAMP,
    decided_by    TEXT      NOT NULL,
    note          TEXT      NOT NULL
);
CREATE INDEX catalogue_extensions_bureau ON catalogue_extensions (bureau_id, state);
