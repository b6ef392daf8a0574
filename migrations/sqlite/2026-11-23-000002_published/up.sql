-- Whether everyone signed in may see the summary of an entry; derived from the register's `published_from`.
ALTER TABLE entries ADD COLUMN published BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE entries SET published = FALSE WHERE register = 'dataset' AND stage IN ('application', 'build', 'acceptance');
UPDATE entries SET published = FALSE WHERE register = 'project' AND stage = 'application';
