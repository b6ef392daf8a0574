//! Workbooks out: templates, exports and annotated copies, read back by other programs' rules.

#[cfg(test)]
#[path = "sheets_out/annotate.rs"]
mod annotate;
#[cfg(test)]
#[path = "sheets_out/export.rs"]
mod export;
#[cfg(test)]
#[path = "sheets_out/helpers.rs"]
mod helpers;
#[cfg(test)]
#[path = "sheets_out/inventory.rs"]
mod inventory;
#[cfg(test)]
#[path = "sheets_out/round_trip.rs"]
mod round_trip;
#[cfg(test)]
#[path = "sheets_out/template.rs"]
mod template;
#[cfg(test)]
#[path = "../examples/bench/workbooks.rs"]
mod workbooks;
