DROP TABLE share_clocks;
DROP TABLE share_uses;
DROP TABLE share_correction_notes;
DROP TABLE share_corrections;
DROP TABLE share_acts;
DROP TABLE share_consultations;
DROP TABLE share_answers;
DROP TABLE share_requests;
