DROP TABLE issue_head;
DROP TABLE issue_files;
DROP TABLE issue_steps;
DROP TABLE issue_entries;
DROP TABLE issues;
