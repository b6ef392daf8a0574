//! The integration suite, one binary: the word that names a file names its room in `src/`.
#![cfg(test)]
#![warn(unused)]

mod adding;
mod app;
mod bad;
mod history;
mod hostile;
mod kill;
mod messages;
mod properties;
mod rooms;
mod rules;
mod samples;
mod sheets;
mod sheets_out;
