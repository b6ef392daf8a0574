DROP INDEX entries_changed;
DROP INDEX entries_name;
DROP TABLE search_state;
DROP TABLE attachments;
DROP TABLE saved_views;
