DROP TRIGGER departments_made;
DROP TRIGGER departments_changed;
ALTER TABLE ledger_head DROP COLUMN organisation;
DROP TABLE audit_log;
DROP TABLE audit_head;
