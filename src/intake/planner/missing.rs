//! What the ledger holds and the file does not mention: shown, never removed.

use std::collections::{BTreeSet, HashSet};

use super::Planner;
use crate::error::Result;
use crate::intake::known::{Hold, KnownEntry};
use crate::intake::report::MissingEntry;
use crate::intake::run::Done;
use crate::ledger::read;

/// How many missing entries are listed by name.
const MISSING_LISTED: usize = 1_000;

impl Planner<'_> {
    /// What the file came to, with the entries that it does not mention.
    ///
    /// # Errors
    /// When the database fails.
    pub fn into_done(mut self) -> Result<Done> {
        let registers: BTreeSet<&str> =
            self.plans.iter().map(|p| p.register.key.as_str()).collect();
        let mut ids = Vec::new();
        for register in registers {
            let known = &self.start.known;
            let seen: HashSet<i64> = known
                .entries(register)
                .filter(|e| is_seen(e))
                .map(place_number)
                .collect();
            let unseen = known
                .entries(register)
                .filter(|e| e.stored && e.present && e.row == 0 && e.hold == Hold::Full);
            for entry in unseen.filter(|e| seen.contains(&place_number(e))) {
                self.collector.report.missing += 1;
                if ids.len() < MISSING_LISTED {
                    ids.push(entry.id);
                }
            }
        }
        for row in read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)? {
            let missing = MissingEntry {
                register: row.register,
                code: row.code,
                name: row.name,
            };
            self.collector.report.missing_entries.push(missing);
        }
        let spool = self.collector.spool();
        let plan = spool.as_ref().map(|s| s.plan()).unwrap_or_default();
        let same = spool.map(|s| s.same().clone()).unwrap_or_default();
        let touched = self.collector.touched().clone();
        let (report, notes) = self.collector.into_parts();
        Ok(Done {
            report,
            notes,
            heads: Vec::new(),
            plan,
            same,
            touched,
            moved: false,
        })
    }
}

fn is_seen(entry: &KnownEntry) -> bool {
    entry.row != 0 && entry.row != u32::MAX
}

/// What an entry's completeness is asked of: the entry it belongs to, else its department.
fn place_number(entry: &KnownEntry) -> i64 {
    entry.within.map_or(entry.department, |w| -w)
}
