//! What breaks when an entry is switched off: who depends on it, directly and through others.
//!
//! Which references mean dependence, and in which direction, is data of the registers (`depends`). `walk.rs` goes out
//! from an entry level by level, `found.rs` reads the levels from the ledger and cuts what was found to what the viewer
//! sees, `links.rs` looks at the first level alone, `draw.rs` lays the graph out, `file.rs` writes the list.
//! What is out of use is cut off already and passes nothing on.

pub mod draw;
mod file;
mod found;
mod links;
mod rules;
pub mod walk;

pub use file::{export, way};
pub use found::{Hop, Impact, Node, Place, of, seen};
pub use links::{LinkEnd, Standing, links};

/// The most entries that are looked at from one.
pub const MOST: usize = 20_000;
