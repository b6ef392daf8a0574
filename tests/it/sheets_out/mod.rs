//! Workbooks out: templates, exports and annotated copies, read back by other programs' rules.

mod annotate;
mod export;
mod helpers;
mod inventory;
mod round_trip;
mod template;
#[path = "../../../examples/bench/workbooks.rs"]
mod workbooks;
