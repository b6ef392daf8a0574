DROP TABLE collection_head;
DROP TABLE dataset_collection;
