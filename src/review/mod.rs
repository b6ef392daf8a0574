//! Review (评审): what is looked at before a project is decided.

pub mod duplicate;
