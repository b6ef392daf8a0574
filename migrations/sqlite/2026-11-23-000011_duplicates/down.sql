DROP TABLE entry_merges;
DROP TABLE build_lists;
DROP TABLE duplicate_hits;
DROP TABLE duplicate_runs;
DROP TABLE duplicate_batches;
