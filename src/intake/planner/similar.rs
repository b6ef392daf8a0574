//! Candidates for a reference that leads nowhere: what the row's department, or the ledger, has of like names.

use super::Planner;
use crate::intake::compare::Prepared;
use crate::intake::identify::{self, Referred, UNKNOWN_REFERENCE};
use crate::ledger::read;
use crate::org::directory::likeness;
use crate::register::field::Register;
use crate::register::value::Fault;
use crate::register::words;

/// How many candidates are named.
const NAMED: usize = 3;
/// From this likeness on, a name is worth showing.
const LIKE: f64 = 0.5;

impl Planner<'_> {
    /// Adds candidates to the fault of a waiting row, when it is about something that is not there.
    pub(super) fn with_candidates(
        &mut self,
        register: &Register,
        row: &Prepared,
        position: usize,
        fault: Fault,
    ) -> Fault {
        if fault.code != UNKNOWN_REFERENCE {
            return fault;
        }
        let target = register
            .fields
            .get(position)
            .and_then(|f| f.refers_to.as_deref());
        let Some(target) = target.and_then(|key| self.start.catalogue.register(key)) else {
            return fault;
        };
        let department = row.place.department_id;
        let texts = row
            .references
            .iter()
            .filter(|r| r.position == position)
            .flat_map(|r| &r.texts);
        let lost = |text: &&String| {
            identify::refer(&self.start.known, &target.key, text, Some(department))
                == Referred::Absent
        };
        let Some(text) = texts.into_iter().find(lost).cloned() else {
            return fault;
        };
        self.candidates(target, &text, Some(department), fault)
    }

    /// Adds the most similar entries of a register to a fault.
    pub(super) fn candidates(
        &mut self,
        target: &Register,
        text: &str,
        department: Option<i64>,
        fault: Fault,
    ) -> Fault {
        let key = (target.key.clone(), department);
        if !self.names.contains_key(&key) {
            // A hint that cannot be had is no reason to fail.
            let rows = read::page(
                &mut self.start.conn,
                &self.start.viewer,
                &target.key,
                department,
                0,
            )
            .unwrap_or_default();
            let names = rows
                .into_iter()
                .map(|r| (r.name_key, r.name, r.code))
                .collect();
            self.names.insert(key.clone(), names);
        }
        let wanted = words::name_key(text);
        let names = self.names.get(&key).map(Vec::as_slice).unwrap_or_default();
        let mut scored: Vec<(f64, &str, &str)> = names
            .iter()
            .map(|(key, name, code)| (likeness(&wanted, key), name.as_str(), code.as_str()))
            .filter(|(score, ..)| *score >= LIKE)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let named: Vec<String> = scored
            .iter()
            .take(NAMED)
            .map(|(_, name, code)| format!("{name}（{code}）"))
            .collect();
        if named.is_empty() {
            return fault;
        }
        let suggestion = format!("是否为: {}？{}", named.join("、"), fault.suggestion);
        Fault {
            suggestion,
            ..fault
        }
    }
}
