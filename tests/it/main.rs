//! The integration suite, one binary: the word that names a file names its room in `src/`.
#![cfg(test)]

mod accounts;
mod adding;
mod app;
mod attachments;
mod bad;
mod calendar;
mod campaigns;
mod duplicates;
mod editing;
mod history;
mod hostile;
mod http;
mod imports;
mod jwt;
mod kill;
mod lists;
mod map;
mod messages;
mod organisation;
mod pages;
mod people;
mod policy;
mod properties;
mod reconcile;
mod registers;
mod retire;
mod review;
mod rooms;
mod routes;
mod samples;
mod sheets;
mod sheets_out;
mod uploads;
