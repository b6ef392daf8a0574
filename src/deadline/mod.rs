//! 时限: what falls due on entries of the ledger, whose move it is, and who is reminded when.
//!
//! Which fields make a clock run is data (`import_templates/calendar/deadlines.toml`); how long it runs is the
//! almanac's. What falls due is derived from the entries into a table of its own by [`refresh()`], so that the list of
//! a hundred thousand entries is one indexed read; nothing but this room writes it, and it can be made anew at any
//! time. Whether something is overdue is never stored: it is asked with the day.

mod compute;
mod list;
mod refresh;
mod remind;
mod rules;
mod settings;

pub use compute::{Wanted, wanted};
pub use list::{Cursor, Filter, Listed, State, count, overdue, page};
pub use refresh::{Refreshed, is_behind, refresh};
pub use remind::{Reminded, is_due, remind};
pub use rules::{Rule, rule, rules};
pub use settings::{Rules, Step};
