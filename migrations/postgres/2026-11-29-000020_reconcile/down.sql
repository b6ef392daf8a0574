DROP TABLE reconcile_head;
