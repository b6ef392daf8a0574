//! 汇聚: how datasets stand on the integrated big-data platform, the rates made of that, and what the platform reports.
//!
//! What an entry says becomes one row of a derived table ([`refresh()`]); what depends on the day, overdue or not, is
//! asked with the day. Counts read that table alone, so a page costs the same whatever the documents hold.

mod file;
mod list;
mod push;
mod rates;
mod refresh;
mod standing;

pub use file::export;
pub use list::{Cursor, Filter, Listed, Slice, page};
pub use push::{Fate, Item, Outcome, Pushed, push};
pub use rates::{Counts, Rate, by_department, hidden, region_of, total};
pub use refresh::{Refreshed, is_behind, refresh};
pub use standing::{CYCLES, Cycle, Standing, State};
