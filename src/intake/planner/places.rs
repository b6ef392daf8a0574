//! Departments and the entry that a row belongs to.

use super::{Planner, Within, position_of, value_of};
use crate::intake::collect::Place as At;
use crate::intake::identify::{self, Referred, UNKNOWN_REFERENCE};
use crate::intake::row::{self, Values};
use crate::ledger::entry::Place;
use crate::org::directory::Found;
use crate::register::field::{FieldType, Register};
use crate::register::value::{Fault, Note, Value};
use crate::register::words;

impl<'c> Planner<'c> {
    /// The owner of a row: its cell, the lines above the header, or the one named with the file.
    pub(super) fn owner(&mut self, at: At<'c>, values: &mut Values) -> Option<i64> {
        let register = at.plan.register;
        let key = register.keys.owner.as_ref()?;
        let position = register.fields.iter().position(|f| &f.key == key)?;
        let field = register.fields.get(position);
        let given = values.text(position).map(str::to_owned);
        let from_cell = given.is_some();
        let code = position_of(register, &register.keys.code).and_then(|p| values.text(p));
        let stands = code.and_then(|c| self.start.known.by_code(&register.key, c));
        if !from_cell && stands.is_some() {
            return None;
        }
        let text = given.or_else(|| {
            if self.start.department.is_some() {
                None
            } else {
                at.plan.department.clone()
            }
        });
        let id = match text {
            Some(text) => {
                let column = if from_cell {
                    at.plan.column_of(key)
                } else {
                    None
                };
                self.department(
                    At {
                        field,
                        column,
                        ..at
                    },
                    &text,
                )
            }
            None => self.start.department,
        };
        let code = id
            .and_then(|id| self.start.directory.get(id))
            .map(|d| d.code.clone());
        values.fields.retain(|(p, _)| *p != position);
        match code {
            Some(code) => values.fields.push((position, Some(Value::Text(code)))),
            None if from_cell || at.plan.department.is_some() => {
                values.faults += 1;
                values.misplaced = true;
            }
            None => {}
        }
        id
    }

    /// The department that a text means; a fault is reported at each place that names an unknown one.
    fn department(&mut self, at: At<'c>, text: &str) -> Option<i64> {
        if let Some(Some(id)) = self.owners.get(text) {
            return Some(*id);
        }
        let found = self.start.directory.find(text);
        let id = match &found {
            Found::One(id) => Some(*id),
            Found::None(_) if self.may_name_departments() => Some(self.add_department(at, text)),
            _ => None,
        };
        if id.is_none() {
            self.collector.fault(
                at,
                identify::department_fault(&self.start.directory, text, &found),
            );
        }
        self.owners.insert(text.to_owned(), id);
        id
    }

    fn add_department(&mut self, at: At<'c>, text: &str) -> i64 {
        let id = self.start.directory.next_id();
        self.start.directory.add_provisional(id, text);
        self.new_departments
            .extend(self.start.directory.get(id).cloned());
        self.collector
            .report
            .new_departments
            .push(words::clean(text));
        let note = Note {
            warning: true,
            code: "new_department",
            message: format!("尚未载入机构名录，已按文件登记单位“{}”", words::clean(text)),
        };
        self.collector.note(at, note);
        id
    }

    /// Department fields other than the owner.
    pub(super) fn other_departments(&mut self, at: At<'c>, values: &mut Values) {
        let register = at.plan.register;
        let owner = register.keys.owner.as_deref();
        let lookups: Vec<usize> = values
            .fields
            .iter()
            .filter(|(_, v)| v.is_some())
            .map(|(p, _)| *p)
            .filter(|p| {
                register.fields.get(*p).is_some_and(|f| {
                    f.kind == FieldType::Department && Some(f.key.as_str()) != owner
                })
            })
            .collect();
        for position in lookups {
            let Some(field) = register.fields.get(position) else {
                continue;
            };
            let texts = values.value(position).map(row::targets).unwrap_or_default();
            let place = At {
                field: Some(field),
                column: at.plan.column_of(&field.key),
                ..at
            };
            let mut codes: Vec<String> = Vec::with_capacity(texts.len());
            for text in &texts {
                let id = self.department(place, text);
                codes.extend(
                    id.and_then(|id| self.start.directory.get(id))
                        .map(|d| d.code.clone()),
                );
            }
            if codes.len() < texts.len() {
                values.faults += 1;
            } else if let Some((_, value)) = values.fields.iter_mut().find(|(p, _)| *p == position)
            {
                *value = Some(value_of(field.multiple, codes));
            }
        }
    }

    /// The entry that a row belongs to: its id and department.
    pub(super) fn within(&mut self, at: At<'c>, values: &Values) -> Within {
        let register = at.plan.register;
        let position = register
            .keys
            .within
            .as_ref()
            .and_then(|key| position_of(register, key));
        let Some((field, text)) =
            position.and_then(|p| Some((register.fields.get(p)?, values.text(p)?)))
        else {
            return Within::Unsaid;
        };
        let Some(target) = field
            .refers_to
            .as_deref()
            .and_then(|key| self.start.catalogue.register(key))
        else {
            return Within::Unsaid;
        };
        let place = At {
            field: Some(field),
            column: at.plan.column_of(&field.key),
            ..at
        };
        let fault =
            match identify::refer(&self.start.known, &target.key, text, self.start.department) {
                Referred::Entry(slot) => match self.start.known.get(&target.key, slot) {
                    Some(entry) => {
                        return Within::Entry {
                            id: entry.id,
                            department: entry.department,
                        };
                    }
                    None => identify::absent(target, text),
                },
                Referred::Absent => identify::absent(target, text),
                Referred::Several(slots) => {
                    identify::several(&self.start.known, target, text, &slots)
                }
            };
        let fault = if fault.code == UNKNOWN_REFERENCE {
            self.candidates(target, text, self.start.department, fault)
        } else {
            fault
        };
        self.collector.fault(place, fault);
        Within::Nowhere
    }

    /// Where a row belongs; a fault when nothing says so.
    pub(super) fn place(
        &mut self,
        at: At<'c>,
        code: Option<&str>,
        department: Option<i64>,
        within: Within,
        values: &mut Values,
    ) -> Place {
        let register = at.plan.register;
        let by_code = code.and_then(|c| self.start.known.by_code(&register.key, c));
        let standing = by_code
            .and_then(|slot| self.start.known.get(&register.key, slot))
            .filter(|e| e.present);
        let within_id = match within {
            Within::Entry { id, .. } => Some(id),
            Within::Unsaid | Within::Nowhere => None,
        };
        match (&register.keys.owner, department, within, standing) {
            (_, _, Within::Nowhere, _) => {}
            (Some(_), Some(department_id), _, _) => {
                return Place {
                    department_id,
                    party_id: None,
                    within_id,
                };
            }
            (None, _, Within::Entry { department, .. }, _) => {
                return Place {
                    department_id: department,
                    party_id: None,
                    within_id,
                };
            }
            (_, None, _, Some(e)) if !values.misplaced => {
                return Place {
                    department_id: e.department,
                    party_id: e.party,
                    within_id: within_id.or(e.within),
                };
            }
            _ if !values.misplaced => self.collector.fault(at, missing_place(register)),
            _ => {}
        }
        values.faults += 1;
        Place {
            department_id: 0,
            party_id: None,
            within_id: None,
        }
    }
}

fn missing_place(register: &Register) -> Fault {
    let (what, how) = match &register.keys.within {
        Some(_) if register.keys.owner.is_none() => {
            ("没有写明所属的上级条目。", "请填写所属条目的编码或名称")
        }
        _ => ("没有写明所属部门。", "请填写部门全称，或在导入时指定部门"),
    };
    Fault {
        code: "missing_owner",
        message: what.to_owned(),
        suggestion: how.to_owned(),
    }
}
