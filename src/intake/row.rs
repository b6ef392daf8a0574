//! Reading one row: cells into values, each with what had to be said about it.

use crate::intake::collect::{Collector, Place};
use crate::intake::layout::{SheetPlan, Target};
use crate::register::catalogue::Catalogue;
use crate::register::field::FieldType;
use crate::register::text;
use crate::register::value::{EXTRA_PREFIX, Fault, Reading, Value};
use crate::sheet::cell::{Cell, Row};

/// The values of one row.
#[derive(Debug, Default)]
pub struct Values {
    /// Position of the field, value; `None` clears.
    pub fields: Vec<(usize, Option<Value>)>,
    /// Unknown columns: storage key and text.
    pub extras: Vec<(String, String)>,
    /// Cells that could not be read.
    pub faults: usize,
    /// Whether the owner, or the entry the row belongs to, has been complained about.
    pub misplaced: bool,
}

impl Values {
    /// Whether the row says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.extras.is_empty() && self.faults == 0
    }

    /// The text given for a field.
    #[must_use]
    pub fn text(&self, position: usize) -> Option<&str> {
        match self.value(position) {
            Some(Value::Text(t)) => Some(t),
            _ => None,
        }
    }

    /// The value given for a field.
    #[must_use]
    pub fn value(&self, position: usize) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(p, _)| *p == position)
            .and_then(|(_, v)| v.as_ref())
    }
}

/// Reads a row; faults and notes go to the collector.
pub fn read(
    catalogue: &Catalogue,
    plan: &SheetPlan<'_>,
    row: &Row,
    collector: &mut Collector,
) -> Values {
    let mut out = Values {
        fields: Vec::with_capacity(plan.columns.len() + 2),
        ..Values::default()
    };
    for column in &plan.columns {
        let Some(cell) = row.cells.get(usize::from(column.index)) else {
            continue;
        };
        if matches!(cell, Cell::Empty) {
            continue;
        }
        let place = Place {
            plan,
            row: row.number,
            column: Some(column.index),
            field: None,
        };
        match &column.target {
            Target::Ignored => {}
            Target::Extra(header) => extra(header, cell, place, collector, &mut out),
            Target::Field { position, context } => {
                let Some(field) = plan.register.fields.get(*position) else {
                    continue;
                };
                let place = Place {
                    field: Some(field),
                    ..place
                };
                match field.read(catalogue, cell, context) {
                    Reading::Blank(note) => note.into_iter().for_each(|n| collector.note(place, n)),
                    Reading::Clear if field.required => {
                        out.faults += 1;
                        collector.fault(place, cannot_clear(&field.label));
                    }
                    Reading::Clear => out.fields.push((*position, None)),
                    Reading::Value(value, note) => {
                        note.into_iter().for_each(|n| collector.note(place, n));
                        out.fields.push((*position, Some(value)));
                    }
                    Reading::Fault(fault) => {
                        out.faults += 1;
                        let keys = &plan.register.keys;
                        out.misplaced |=
                            [&keys.owner, &keys.within].contains(&&Some(field.key.clone()));
                        collector.fault(place, fault);
                    }
                }
            }
        }
    }
    out
}

fn cannot_clear(label: &str) -> Fault {
    Fault {
        code: "required",
        message: format!("“{label}”是必填项，不能清空。"),
        suggestion: "请填写新的值，或留空以保留原值".to_owned(),
    }
}

/// A column that no field knows is kept as text under its header.
fn extra(header: &str, cell: &Cell, place: Place<'_>, collector: &mut Collector, out: &mut Values) {
    if cell.is_blank() {
        return;
    }
    let text = cell.text().trim().to_owned();
    if let Err(fault) = text::check(header, &text) {
        out.faults += 1;
        collector.fault(place, fault);
        return;
    }
    let key = format!("{EXTRA_PREFIX}{header}");
    match out.extras.iter_mut().find(|(k, _)| *k == key) {
        Some((_, held)) => {
            held.push('；');
            held.push_str(&text);
        }
        None => out.extras.push((key, text)),
    }
}

/// The texts of a reference or department value, one a target.
#[must_use]
pub fn targets(value: &Value) -> Vec<String> {
    match value {
        Value::Text(t) => vec![t.clone()],
        Value::List(l) => l.clone(),
        Value::Bool(_) | Value::Integer(_) => Vec::new(),
    }
}

/// Whether a field's value is the code of something that has to be found first.
#[must_use]
pub fn is_lookup(kind: FieldType) -> bool {
    matches!(kind, FieldType::Department | FieldType::Reference)
}
