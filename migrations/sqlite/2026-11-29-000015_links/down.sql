DROP TABLE link_acts;
DROP TABLE link_ends;
DROP INDEX entries_party;
ALTER TABLE entries DROP COLUMN party_id;
