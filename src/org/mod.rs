//! Departments and the names they are known by.

pub mod directory;
pub mod load;
pub mod tree;

mod list;
