//! From what is given to the document as it shall stand, and into the change set if every rule agrees.

use super::{Desk, Draft, Given, Written};
use crate::auth::{Right, Sight};
use crate::error::Result;
use crate::ledger::change::Edges;
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::held::Proposals;
use crate::ledger::refer::{self, Referred};
use crate::ledger::sight;
use crate::org::directory::{Found, department_fault};
use crate::register::field::{Field, FieldType};
use crate::register::rules::Finding;
use crate::register::text;
use crate::register::value::{Document, EXTRA_PREFIX, Fault, Value};

/// A document in the making.
pub(super) struct Draw {
    pub(super) document: Document,
    pub(super) edges: Vec<Edges>,
    /// What it belongs to, when that is said.
    within: Option<Referred>,
    pub(super) faults: usize,
    /// Values that go into a change request.
    pub(super) held: Proposals,
}

impl Desk<'_, '_> {
    /// Reads, checks and writes one draft; `None` when something is wrong with it.
    pub(super) fn settle(
        &mut self,
        number: usize,
        old: Option<EntryRow>,
        draft: &Draft,
    ) -> Result<Option<Written>> {
        let standing = old.as_ref().filter(|o| o.present);
        let mut draw = Draw {
            document: standing.map(EntryRow::document).unwrap_or_default(),
            edges: Vec::new(),
            within: None,
            faults: 0,
            held: Proposals::new(),
        };
        self.owner(number, old.as_ref(), draft, &mut draw)?;
        self.values(number, old.as_ref(), draft, &mut draw)?;
        self.guard(number, old.as_ref(), &mut draw)?;
        self.require(number, old.as_ref(), draft, &mut draw);
        let Some(place) = self.place(number, old.as_ref(), &mut draw)? else {
            return Ok(None);
        };
        self.viewer.may(Right::Write, place)?;
        let word = self.other_end(number, old.as_ref(), place, draft, &mut draw)?;
        self.sighted(number, place, draft, &mut draw);
        if draw.faults == 0 {
            self.rules(number, &mut draw);
        }
        self.unique(number, old.as_ref(), place, &mut draw)?;
        if draw.faults > 0 {
            return Ok(None);
        }
        self.put(old, place, draw, word).map(Some)
    }

    pub(super) fn fault(&mut self, number: usize, draw: &mut Draw, key: &str, fault: &Fault) {
        draw.faults += 1;
        self.problem(number, key, fault.code, &fault.message, &fault.suggestion);
    }

    /// A new entry belongs to the author's department unless it says otherwise.
    fn owner(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        draft: &Draft,
        draw: &mut Draw,
    ) -> Result<()> {
        let register = self.definitions.register;
        let Some(field) = register
            .keys
            .owner
            .as_deref()
            .and_then(|k| register.field(k))
        else {
            return Ok(());
        };
        if draft.given.contains_key(&field.key) || old.is_some() {
            return Ok(());
        }
        let home = self
            .viewer
            .home()
            .filter(|id| self.viewer.can(Right::Write, *id));
        match home.and_then(|id| self.definitions.directory.get(id)) {
            Some(home) => {
                let code = Value::Text(home.code.clone());
                draw.document.insert(field.key.clone(), code);
            }
            None => {
                let fault = Fault::new(
                    "required",
                    format!("缺少必填项“{}”。", field.label),
                    format!("请填写{}", field.label),
                );
                self.fault(number, draw, &field.key, &fault);
            }
        }
        Ok(())
    }

    /// Puts the values given into the document, each read as its field reads cells.
    fn values(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        draft: &Draft,
        draw: &mut Draw,
    ) -> Result<()> {
        let register = self.definitions.register;
        // References are looked up in the owner's department first, so the owner comes first.
        let owner = register.keys.owner.as_deref();
        let first = draft
            .given
            .iter()
            .filter(|(k, _)| Some(k.as_str()) == owner);
        let rest = draft
            .given
            .iter()
            .filter(|(k, _)| Some(k.as_str()) != owner);
        for (key, given) in first.chain(rest) {
            let Some(field) = register.field(key) else {
                self.extra(number, key, given, draw);
                continue;
            };
            if old.is_some_and(|o| o.present) && *key == register.keys.code {
                self.same_code(number, old, given, draw);
                continue;
            }
            let read = given.read(self.definitions.catalogue, field);
            let value = match read {
                Ok(Some(value)) => self.look_up(field, value, draw)?,
                Ok(None) => {
                    if field.kind == FieldType::Reference {
                        draw.edges.push(Edges {
                            field: field.key.clone(),
                            to: Vec::new(),
                        });
                    }
                    Ok(None)
                }
                Err(fault) => Err(fault),
            };
            match value {
                Ok(Some(value)) => {
                    draw.document.insert(key.clone(), value);
                }
                Ok(None) => {
                    draw.document.remove(key);
                }
                Err(fault) => self.fault(number, draw, key, &fault),
            }
        }
        Ok(())
    }

    /// A code is given once; later it may only be repeated.
    fn same_code(&mut self, number: usize, old: Option<&EntryRow>, given: &Given, draw: &mut Draw) {
        let said = match given {
            Given::Text(text) => Some(text.trim()),
            _ => None,
        };
        if said.is_none() || said != old.map(|o| o.code.as_str()) {
            let key = self.definitions.register.keys.code.clone();
            let fault = Fault::new("code_fixed", "编码确定后不能更改。", "请保留原编码");
            self.fault(number, draw, &key, &fault);
        }
    }

    /// A column that the definitions do not know can be kept up where it is there.
    fn extra(&mut self, number: usize, key: &str, given: &Given, draw: &mut Draw) {
        let known = draw.document.contains_key(key);
        let restored = self.source == super::Source::Restore && sight::is_extra(key);
        let Some(header) = key.strip_prefix(EXTRA_PREFIX).filter(|_| known || restored) else {
            let label = &self.definitions.register.label;
            let fault = Fault::new(
                "unknown_field",
                format!("{label}没有字段“{key}”。"),
                "字段名见登记簿定义",
            );
            self.fault(number, draw, key, &fault);
            return;
        };
        match given {
            Given::Nothing => {
                draw.document.remove(key);
            }
            Given::Text(text) => match text::check(header, text) {
                Err(fault) => self.fault(number, draw, key, &fault),
                Ok(()) if text.trim().is_empty() => {
                    draw.document.remove(key);
                }
                Ok(()) => {
                    let text = Value::Text(text.trim().to_owned());
                    draw.document.insert(key.to_owned(), text);
                }
            },
            Given::List(_) | Given::Bool(_) => {
                let fault = Fault::new("wrong_type", format!("{header}只能是文本。"), "");
                self.fault(number, draw, key, &fault);
            }
        }
    }

    /// Turns names of departments and entries into their codes.
    fn look_up(
        &mut self,
        field: &Field,
        value: Value,
        draw: &mut Draw,
    ) -> Result<std::result::Result<Option<Value>, Fault>> {
        let texts = match (&field.kind, value) {
            (FieldType::Department | FieldType::Reference, Value::Text(text)) => vec![text],
            (FieldType::Department | FieldType::Reference, Value::List(list)) => list,
            (_, value) => return Ok(Ok(Some(value))),
        };
        let mut codes = Vec::with_capacity(texts.len());
        let mut to = Vec::with_capacity(texts.len());
        for text in &texts {
            if field.kind == FieldType::Department {
                let directory = self.definitions.directory;
                match directory.find(text) {
                    Found::One(id) => codes.extend(directory.get(id).map(|d| d.code.clone())),
                    found => return Ok(Err(department_fault(directory, text, &found))),
                }
                continue;
            }
            let target = field.refers_to.as_deref();
            let Some(target) = target.and_then(|k| self.definitions.catalogue.register(k)) else {
                continue;
            };
            let department = self.department(&draw.document);
            match refer::refer(self.set.conn(), self.viewer, target, text, department)? {
                Ok(found) if to.contains(&found.id) => {}
                Ok(found) => {
                    to.push(found.id);
                    codes.push(found.code.clone());
                    if self.definitions.register.keys.within.as_ref() == Some(&field.key) {
                        draw.within = Some(found);
                    }
                }
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if field.kind == FieldType::Reference {
            draw.edges.push(Edges {
                field: field.key.clone(),
                to,
            });
        }
        let value = if field.multiple {
            (!codes.is_empty()).then_some(Value::List(codes))
        } else {
            codes.pop().map(Value::Text)
        };
        Ok(Ok(value))
    }

    /// The department that the owner field names.
    fn department(&self, document: &Document) -> Option<i64> {
        let owner = self.definitions.register.keys.owner.as_deref()?;
        let code = entry::text(document, owner)?;
        self.definitions.directory.by_code(code).map(|d| d.id)
    }

    /// The department that the party field names.
    fn party(&self, document: &Document) -> Option<i64> {
        entry::party(
            self.definitions.register,
            self.definitions.directory,
            document,
        )
    }

    /// What no entry can be without. A change may leave out what the entry never had, never take it away.
    fn require(&mut self, number: usize, old: Option<&EntryRow>, draft: &Draft, draw: &mut Draw) {
        let register = self.definitions.register;
        let standing = old.is_some_and(|o| o.present);
        for field in register
            .fields
            .iter()
            .filter(|f| f.required && f.key != register.keys.code)
        {
            let asked = !standing || draft.given.contains_key(&field.key);
            let blamed = self.problems.iter().any(|p| p.field.ends_with(&field.key));
            if asked && !draw.document.contains_key(&field.key) && !blamed {
                let fault = Fault::new(
                    "required",
                    format!("缺少必填项“{}”。", field.label),
                    format!("请填写{}", field.label),
                );
                self.fault(number, draw, &field.key, &fault);
            }
        }
    }

    /// Department and surroundings; `None` when something about them has been complained about.
    fn place(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        draw: &mut Draw,
    ) -> Result<Option<Place>> {
        let keys = &self.definitions.register.keys;
        let within_id = match &keys.within {
            Some(key) if draw.document.contains_key(key) => {
                let said = draw.within.as_ref().map(|w| w.id);
                said.or(old.and_then(|o| o.within_id))
            }
            _ => None,
        };
        let department_id = if keys.owner.is_some() {
            self.department(&draw.document)
        } else {
            let said = draw.within.as_ref().map(|w| w.department_id);
            said.or(old.map(|o| o.department_id))
        };
        if let Some(department_id) = department_id {
            let party_id = self.party(&draw.document);
            return Ok(Some(Place {
                department_id,
                party_id,
                within_id,
            }));
        }
        if draw.faults == 0 {
            let key = keys
                .owner
                .as_ref()
                .or(keys.within.as_ref())
                .cloned()
                .unwrap_or_default();
            let fault = Fault::new("missing_owner", "没有写明所属部门或上级条目。", "请补填");
            self.fault(number, draw, &key, &fault);
        }
        Ok(None)
    }

    /// What the author does not see of this department's entries, the author does not write either.
    fn sighted(&mut self, number: usize, place: Place, draft: &Draft, draw: &mut Draw) {
        let register = self.definitions.register;
        let seen: Sight = self.viewer.sight(place);
        for key in draft.given.keys() {
            if !sight::shows_key(register, key, seen) {
                let label = register
                    .field(key)
                    .map_or(key.as_str(), |f| f.label.as_str());
                let fault = Fault::new(
                    "refused",
                    format!("您无权查看“{label}”，因此也不能填写。"),
                    "请由有权人员填写",
                );
                self.fault(number, draw, key, &fault);
            }
        }
    }

    fn rules(&mut self, number: usize, draw: &mut Draw) {
        let definitions = self.definitions;
        let findings = definitions
            .register
            .check(definitions.catalogue, &draw.document);
        for (key, finding) in findings {
            if let Finding::Fault(fault) = finding {
                self.fault(number, draw, &key, &fault);
            }
        }
    }
}
