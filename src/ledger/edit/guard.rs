//! Values that a change by hand does not write: stages, decisions, what was approved or is being reviewed.

use super::document::Draw;
use super::{Desk, Source};
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::{Fate, Guarded, Proposal};
use crate::register::value::Fault;

impl Desk<'_, '_> {
    /// Takes back what may not be written: faults for what others move, a change request for what was approved.
    ///
    /// Putting an old version back leaves such values as they stand, without a word: nobody typed them.
    pub(super) fn guard(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        draw: &mut Draw,
    ) -> Result<()> {
        let register = self.definitions.register;
        let model = self.definitions.catalogue.lifecycle(&register.key);
        let (Some(model), Some(old)) = (model, old.filter(|o| o.present)) else {
            return Ok(());
        };
        let before = old.document();
        let differs: Vec<String> = before
            .keys()
            .chain(draw.document.keys().filter(|k| !before.contains_key(*k)))
            .filter(|k| before.get(*k) != draw.document.get(*k))
            .cloned()
            .collect();
        if differs.is_empty() {
            return Ok(());
        }
        let guarded = Guarded::load(self.set.conn(), Some(&[old.id]))?;
        for key in differs {
            let fate = guarded.fate(register, model, old.id, &before, &key);
            if fate == Fate::Free {
                continue;
            }
            let new = match before.get(&key) {
                Some(value) => draw.document.insert(key.clone(), value.clone()),
                None => draw.document.remove(&key),
            };
            draw.edges.retain(|e| e.field != key);
            if fate == Fate::Held {
                let old = before.get(&key).cloned();
                draw.held.insert(key, Proposal { old, new });
            } else if self.source != Source::Restore {
                let label = register.field(&key).map_or(key.as_str(), |f| &f.label);
                let fault = Fault::new(fate.code(), fate.message(label), fate.suggestion());
                self.fault(number, draw, &key, &fault);
            }
        }
        Ok(())
    }
}
