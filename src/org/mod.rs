//! Departments and the names they are known by.

pub mod directory;
pub mod load;

mod list;
