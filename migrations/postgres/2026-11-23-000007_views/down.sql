DROP TABLE search_state;
DROP TABLE attachments;
DROP TABLE saved_views;
