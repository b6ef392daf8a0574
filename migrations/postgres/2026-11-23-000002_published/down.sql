ALTER TABLE entries DROP COLUMN published;
