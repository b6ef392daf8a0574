//! Who asks and what they may do: roles, the one policy table, and the [`Viewer`] that every query is given.
//!
//! Pure: accounts, passwords and tokens are kept in `accounts`.

pub mod policy;
pub mod role;
pub mod viewer;

pub use policy::Right;
pub use role::Role;
pub use viewer::{Ends, Reach, Sight, Viewer};
