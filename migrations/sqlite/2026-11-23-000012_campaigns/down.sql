DROP TABLE campaign_units;
DROP TABLE campaign_entries;
DROP TABLE campaign_departments;
DROP TABLE campaigns;
