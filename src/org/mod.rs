//! The organisation: departments and what they are called, people and the roles they are filed in.
//!
//! A department's changes keep their history (`event`), an appointment its days (`appointment`), and
//! every change of staffing makes a filing to the data bureau (`filing`).

pub mod appointment;
pub mod as_of;
pub mod board;
pub mod change;
pub mod directory;
pub mod event;
pub mod filing;
pub mod kept;
pub mod load;
pub mod paper;
pub mod person;
pub mod roster;
pub mod rules;
pub mod steps;
pub mod tree;

mod form;
pub mod list;
mod lock;

pub use rules::Rules;
