DROP TABLE mails;
DROP TABLE notices;
DROP TABLE deadline_head;
DROP TABLE deadlines;
DROP TABLE almanac_head;
DROP TABLE time_limit_settings;
DROP TABLE calendar_days;
DROP TABLE calendar_years;
