//! Giving a row its entry: the one that is there, or a new one with a number and a code.

use super::{Planner, namesakes, position_of};
use crate::intake::collect::Place as At;
use crate::intake::compare::{Prepared, Reference};
use crate::intake::identify::Identity;
use crate::intake::known::{Hold, KnownEntry, Slot};
use crate::intake::row::{self, Values};
use crate::ledger::entry::Place;
use crate::register::field::{FieldType, Register};
use crate::register::value::{Fault, Value};
use crate::register::words;

impl<'c> Planner<'c> {
    /// Gives a row its entry, unless another row has it already.
    pub(super) fn admit(
        &mut self,
        at: At<'c>,
        identity: Identity,
        place: Place,
        mut values: Values,
    ) -> Option<Prepared> {
        let register = at.plan.register;
        let sheet = u16::try_from(at.plan.number).unwrap_or(u16::MAX);
        let references = references(register, &values);
        let content = register.names_repeat.then(|| namesakes::content(&values));
        let content = content.unwrap_or_default();
        let code_at = position_of(register, &register.keys.code);
        let by_name = code_at.is_none_or(|p| values.text(p).is_none());
        let (slot, id, stored, fresh) = match identity {
            Identity::Known(slot) => {
                let first = self.start.known.get(&register.key, slot).copied()?;
                if !self.may_write(at, &first) {
                    return None;
                }
                if first.row != 0 {
                    self.collector.fault(at, self.duplicate(&first));
                    let code = code_at.and_then(|p| values.text(p));
                    self.claim(
                        at,
                        code,
                        KnownEntry {
                            row: at.row,
                            sheet,
                            ..first
                        },
                    );
                    return None;
                }
                let row = KnownEntry {
                    row: at.row,
                    sheet,
                    by_name,
                    content,
                    ..first
                };
                let (id, fresh) = self.occupy(register, slot, row)?;
                // Found by its code, however that was spelled; a code is never changed by an import.
                values.fields.retain(|(p, _)| Some(*p) != code_at);
                (slot, id, true, fresh)
            }
            Identity::New(note) => {
                note.into_iter().for_each(|n| self.collector.note(at, n));
                self.require(at, &values)?;
                let given = code_at.and_then(|p| values.text(p));
                if let Some(first) = self.claimed_before(register, given) {
                    self.collector.fault(at, self.duplicate(&first));
                    return None;
                }
                let (id, code) = self.numbered(at, given);
                let name = position_of(register, &register.keys.name).and_then(|p| values.text(p));
                let name_key = words::name_key(name.unwrap_or_default());
                values.fields.retain(|(p, _)| Some(*p) != code_at);
                values
                    .fields
                    .extend(code_at.map(|p| (p, Some(Value::Text(code.clone())))));
                let entry = KnownEntry {
                    row: at.row,
                    sheet,
                    by_name,
                    content,
                    ..newcomer(id, place)
                };
                (
                    self.start.known.add(&register.key, entry, &code, &name_key),
                    id,
                    false,
                    true,
                )
            }
        };
        Some(Prepared {
            sheet: at.plan.number,
            row: at.row,
            slot,
            id,
            stored,
            fresh,
            place,
            fields: values.fields,
            extras: values.extras,
            references,
        })
    }

    /// Gives an entry to its row: its number, and whether it comes back with that row, if the row goes in.
    fn occupy(&mut self, register: &Register, slot: Slot, row: KnownEntry) -> Option<(i64, bool)> {
        let entry = self.start.known.get_mut(&register.key, slot)?;
        let fresh = !entry.present;
        *entry = KnownEntry {
            present: true,
            tentative: fresh,
            ..row
        };
        Some((entry.id, fresh))
    }

    /// Remembers the code that a refused row named, unless an entry has it.
    fn claim(&mut self, at: At<'c>, code: Option<&str>, row: KnownEntry) {
        let register = &at.plan.register.key;
        let unknown = code.filter(|c| self.start.known.by_code(register, c).is_none());
        if let Some(code) = unknown {
            let key = (register.as_str(), words::name_key(code));
            self.claimed.entry(key).or_insert(row);
        }
    }

    /// The refused row that named this code first.
    fn claimed_before(&self, register: &'c Register, code: Option<&str>) -> Option<KnownEntry> {
        let key = (register.key.as_str(), words::name_key(code?));
        self.claimed.get(&key).copied()
    }

    pub(super) fn duplicate(&self, first: &KnownEntry) -> Fault {
        let sheets = &self.collector.report.sheets;
        let sheet = sheets
            .get(usize::from(first.sheet))
            .map_or("", |s| s.sheet.as_str());
        Fault {
            code: "duplicate_row",
            message: format!("与“{sheet}”第{}行是同一条目。", first.row),
            suggestion: "请只保留一行；如确是两个条目，请用名称或编码区分".to_owned(),
        }
    }

    /// What no entry can be without; every field that is missing is named.
    fn require(&mut self, at: At<'c>, values: &Values) -> Option<()> {
        let register = at.plan.register;
        let mut whole = true;
        for (position, field) in register.fields.iter().enumerate() {
            if field.required && field.key != register.keys.code && values.value(position).is_none()
            {
                whole = false;
                let fault = Fault {
                    code: "required",
                    message: format!("缺少必填项“{}”。", field.label),
                    suggestion: format!("请填写{}", field.label),
                };
                self.collector.fault(
                    At {
                        field: Some(field),
                        column: at.plan.column_of(&field.key),
                        ..at
                    },
                    fault,
                );
            }
        }
        whole.then_some(())
    }

    /// The same, and a code of our own is told to whoever looks at the preview.
    fn numbered(&mut self, at: At<'c>, given: Option<&str>) -> (i64, String) {
        let (id, code) = self.number(at.plan.register, given);
        if let (None, Some(spool)) = (given, self.collector.spool()) {
            spool.gave(&code, at.plan.number, at.row);
        }
        (id, code)
    }

    /// Id and code of a new entry: the code given, else one of our own that is free.
    fn number(&mut self, register: &Register, given: Option<&str>) -> (i64, String) {
        loop {
            let id = self.start.next_entry;
            self.start.next_entry += 1;
            let code = given.map_or_else(
                || format!("{}-{id:08}", register.code_prefix),
                str::to_owned,
            );
            if given.is_some() || self.start.known.by_code(&register.key, &code).is_none() {
                return (id, code);
            }
        }
    }
}

fn references(register: &Register, values: &Values) -> Vec<Reference> {
    let reference = |(position, value): &(usize, Option<Value>)| {
        let field = register.fields.get(*position)?;
        (field.kind == FieldType::Reference).then(|| Reference {
            position: *position,
            texts: value.as_ref().map(row::targets).unwrap_or_default(),
        })
    };
    values.fields.iter().filter_map(reference).collect()
}

/// A new entry, before it is said which row it came with.
fn newcomer(id: i64, place: Place) -> KnownEntry {
    KnownEntry {
        id,
        department: place.department_id,
        party: place.party_id,
        within: place.within_id,
        hold: Hold::Full,
        present: true,
        tentative: false,
        stored: false,
        row: 0,
        sheet: 0,
        by_name: false,
        content: 0,
    }
}
