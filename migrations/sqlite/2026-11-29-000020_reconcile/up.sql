-- When links were last compared with everything else, and what that came to.
CREATE TABLE reconcile_head (
    id       BIGINT NOT NULL PRIMARY KEY,
    ran_on   DATE,
    ran_at   TIMESTAMP,
    actor    TEXT   NOT NULL,
    findings BIGINT NOT NULL,
    opened   BIGINT NOT NULL,
    healed   BIGINT NOT NULL
);
INSERT INTO reconcile_head (id, actor, findings, opened, healed) VALUES (1, '', 0, 0, 0);
