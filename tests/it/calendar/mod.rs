//! The work calendar, the time limits, what falls due, and who is told.

mod days;
mod deadlines;
mod keeping;
mod letters;
mod reminders;
mod told;
mod walk;
