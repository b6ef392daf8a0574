//! The integration suite, one binary: the word that names a file names its room in `src/`.
#![cfg(test)]
#![warn(unused)]

mod app;
mod history;
mod kill;
mod properties;
mod samples;
