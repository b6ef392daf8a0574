//! Rows of links without a code: which link of the two departments each of them is.
//!
//! They wait until the whole file is known, because what they refer to may come further down. Both ends keep lists of
//! their own, so a row is found by what it links, whatever it is called.

use std::collections::HashMap;

use diesel::prelude::*;

use super::Planner;
use crate::auth::Right;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::intake::collect::Place as At;
use crate::intake::identify::{self, Identity, Referred};
use crate::intake::known::Slot;
use crate::intake::row::{self, Values};
use crate::intake::sheet_plan::SheetPlan;
use crate::ledger::ends::{self, Traits};
use crate::ledger::entry::{EntryRow, Place};
use crate::register::field::{FieldType, Register};
use crate::register::value::{Document, Fault, Value};
use crate::sheet::annotate::Outcome;

/// A row that waits.
pub(super) struct Linked<'c> {
    pub(super) plan: &'c SheetPlan<'c>,
    pub(super) row: u32,
    pub(super) place: Place,
    pub(super) values: Values,
}

/// A link between two departments, in the ledger or in the file.
struct Candidate {
    traits: Traits,
    slot: Slot,
    ended: bool,
}

/// Links by register and both departments.
type Candidates = HashMap<(String, i64, Option<i64>), Vec<Candidate>>;

impl<'c> Planner<'c> {
    /// The other end that a row names; a consumer's list need not name itself.
    pub(super) fn party(&mut self, at: At<'c>, owner: i64, values: &mut Values) -> Option<i64> {
        let register = at.plan.register;
        let key = register.keys.party.as_ref()?;
        let position = super::position_of(register, key)?;
        let code = values.text(position).map(str::to_owned);
        if let Some(code) = code {
            return self.start.directory.by_code(&code).map(|d| d.id);
        }
        let by_code = super::given(register, values, &register.keys.code)
            .and_then(|c| self.start.known.by_code(&register.key, &c))
            .and_then(|slot| self.start.known.get(&register.key, slot));
        if let Some(entry) = by_code {
            return entry.party;
        }
        let own = self.start.department.or_else(|| {
            let above = at.plan.department.as_deref()?;
            match self.start.directory.find(above) {
                crate::org::directory::Found::One(id) => Some(id),
                _ => None,
            }
        });
        // Who may write for the provider means the other end, whichever that is.
        let home = self.start.viewer.home();
        let home = home.filter(|_| !self.start.viewer.can(Right::Write, owner));
        let own = own.or(home).filter(|id| *id != owner)?;
        let code = self.start.directory.get(own)?.code.clone();
        values.fields.retain(|(p, _)| *p != position);
        values.fields.push((position, Some(Value::Text(code))));
        Some(own)
    }

    /// Decides which link each waiting row is.
    pub(super) fn settle_links(&mut self) -> Result<()> {
        let mut candidates = Candidates::new();
        for linked in std::mem::take(&mut self.links) {
            self.settle_link(linked, &mut candidates)?;
        }
        Ok(())
    }

    fn settle_link(&mut self, linked: Linked<'c>, candidates: &mut Candidates) -> Result<()> {
        let Linked {
            plan,
            row,
            place,
            values,
        } = linked;
        let at = At {
            plan,
            row,
            column: None,
            field: None,
        };
        let register = plan.register;
        let traits = self.traits(register, place, &values)?;
        let key = (register.key.clone(), place.department_id, place.party_id);
        if !candidates.contains_key(&key) {
            let standing = self.standing_links(register, place)?;
            candidates.insert(key.clone(), standing);
        }
        let known = candidates.entry(key).or_default();
        let matching = |ended: bool| -> Vec<Slot> {
            let among: Vec<&Candidate> = known.iter().filter(|c| ended || !c.ended).collect();
            ends::matching(&traits, among.iter().map(|c| &c.traits))
                .into_iter()
                .filter_map(|n| among.get(n).map(|c| c.slot))
                .collect()
        };
        let mut found = matching(false);
        if found.is_empty() {
            found = matching(true);
        }
        let identity = match found.as_slice() {
            [] => Identity::New(None),
            [one] => Identity::Known(*one),
            several => {
                let codes: Vec<&str> = several
                    .iter()
                    .filter_map(|s| self.start.known.code(&register.key, *s))
                    .collect();
                let fault = ambiguous(register, &codes);
                self.collector.fault(at, fault);
                self.collector.outcome(plan.number, row, Outcome::Refused);
                return Ok(());
            }
        };
        let fresh = matches!(identity, Identity::New(_));
        let Some(prepared) = self.admit(at, identity, place, values) else {
            self.collector.outcome(plan.number, row, Outcome::Refused);
            return Ok(());
        };
        if fresh {
            known.push(Candidate {
                traits,
                slot: prepared.slot,
                ended: false,
            });
        }
        self.settle(plan, prepared)
    }

    /// What a row links, as far as it can be found.
    fn traits(&mut self, register: &Register, place: Place, values: &Values) -> Result<Traits> {
        let mut document = Document::new();
        for (position, value) in &values.fields {
            let (Some(field), Some(value)) = (register.fields.get(*position), value) else {
                continue;
            };
            if field.kind != FieldType::Reference {
                document.insert(field.key.clone(), value.clone());
                continue;
            }
            let texts = row::targets(value);
            let target = field.refers_to.as_deref().unwrap_or_default();
            let known = &self.start.known;
            let found = texts
                .first()
                .map(|text| identify::refer(known, target, text, Some(place.department_id)));
            if let Some(Referred::Entry(slot)) = found
                && let Some(code) = known.code(target, slot)
            {
                document.insert(field.key.clone(), Value::Text(code.to_owned()));
            }
        }
        let spoken = &mut self.start.spoken;
        spoken
            .names
            .learn(&mut self.start.conn, register, &document)?;
        let directory = &self.start.directory;
        ends::settle_name(register, directory, &spoken.names, None, &mut document);
        Ok(Traits::of(register, &document))
    }

    /// The links that the ledger has between the two.
    fn standing_links(&mut self, register: &Register, place: Place) -> Result<Vec<Candidate>> {
        let rows: Vec<EntryRow> = visible(&self.start.viewer)
            .filter(entries::register.eq(&register.key))
            .filter(entries::department_id.eq(place.department_id))
            .filter(entries::party_id.eq(place.party_id.unwrap_or(-1)))
            .filter(entries::present.eq(true))
            .order(entries::id)
            .select(EntryRow::as_select())
            .load(&mut self.start.conn)?;
        let candidate = |row: &EntryRow| {
            let slot = self.start.known.by_code(&register.key, &row.code)?;
            Some(Candidate {
                traits: Traits::of(register, &row.document()),
                slot,
                ended: row.stage == "retired",
            })
        };
        Ok(rows.iter().filter_map(candidate).collect())
    }
}

fn ambiguous(register: &Register, codes: &[&str]) -> Fault {
    Fault {
        code: "ambiguous_entry",
        message: format!(
            "双方之间有 {} 条{}与这一行相符，无法判断是哪一条。",
            codes.len(),
            register.label
        ),
        suggestion: format!("请填写编码: {}，或写明双方系统", codes.join("、")),
    }
}
