//! Registers as data: definitions, field types, code lists and values.
//!
//! Pure: nothing here touches a database or the network. Every other part of the program (header
//! finding, parsing, templates, export, history labels, completeness) reads these definitions.

pub mod boolean;
pub mod catalogue;
pub mod choice;
pub mod codes;
pub mod credit_code;
pub mod date;
pub mod error;
pub mod field;
pub mod lifecycle;
pub mod money;
pub mod number;
pub mod read;
pub mod region;
pub mod rules;
pub mod show;
pub mod text;
pub mod value;
pub mod words;

#[cfg(test)]
mod tests;

mod check;
mod date_words;
mod definition;
mod load;

pub use catalogue::Catalogue;
pub use error::DefinitionError;
