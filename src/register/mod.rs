//! Registers as data: definitions, field types, code lists and values.
//!
//! Pure: nothing here touches a database or the network. Every other part of the program (header
//! finding, parsing, templates, export, history labels, completeness) reads these definitions.

pub mod catalogue;
pub mod field;
pub mod value;
pub mod words;
