//! Reading one row: cells into values, each with what had to be said about it.

use crate::intake::sheet_plan::{SheetPlan, Target};
use crate::intake::spool::RowText;
use crate::register::catalogue::Catalogue;
use crate::register::field::FieldType;
use crate::register::rules::Finding;
use crate::register::text;
use crate::register::value::{EXTRA_PREFIX, Fault, Note, Reading, Value};
use crate::sheet::cell::{Cell, Row};

/// The values of one row.
#[derive(Debug, Default)]
pub struct Values {
    /// Position of the field, value; `None` clears.
    pub fields: Vec<(usize, Option<Value>)>,
    /// Unknown columns: storage key and text.
    pub extras: Vec<(String, String)>,
    /// What had to be said about cells.
    pub said: Vec<Said>,
    /// The cells as they stand, where a preview wants them.
    pub texts: Vec<RowText>,
    /// Cells that could not be read, and whatever else speaks against the row.
    pub faults: usize,
    /// Whether the code or the name has been complained about.
    pub misnamed: bool,
    /// Whether the owner, or the entry the row belongs to, has been complained about.
    pub misplaced: bool,
}

/// Something about one cell.
#[derive(Debug)]
pub struct Said {
    /// Its column, 0 = A.
    pub column: u16,
    /// Position of its field; `None` for an unknown column.
    pub position: Option<usize>,
    /// What.
    pub finding: Finding,
}

impl Values {
    fn note(&mut self, column: u16, position: usize, note: Option<Note>) {
        self.said.extend(note.map(|note| Said {
            column,
            position: Some(position),
            finding: Finding::Note(note),
        }));
    }

    fn fault(&mut self, column: u16, position: Option<usize>, fault: Fault) {
        self.faults += 1;
        self.said.push(Said {
            column,
            position,
            finding: Finding::Fault(fault),
        });
    }

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

/// Reads a row.
#[must_use]
pub fn read(catalogue: &Catalogue, plan: &SheetPlan<'_>, row: &Row) -> Values {
    let mut out = Values {
        fields: Vec::with_capacity(plan.columns.len() + 2),
        ..Values::default()
    };
    for column in &plan.columns {
        let Some(cell) = row.cells.get(usize::from(column.index)) else {
            continue;
        };
        match &column.target {
            _ if matches!(cell, Cell::Empty) => {}
            Target::Ignored => {}
            Target::Extra(header) => extra(header, cell, column.index, &mut out),
            Target::Field { position, context } => {
                let Some(field) = plan.register.fields.get(*position) else {
                    continue;
                };
                match field.read(catalogue, cell, context) {
                    Reading::Blank(note) => out.note(column.index, *position, note),
                    Reading::Clear if field.required => {
                        out.fault(column.index, Some(*position), cannot_clear(&field.label));
                    }
                    Reading::Clear => out.fields.push((*position, None)),
                    Reading::Value(value, note) => {
                        out.note(column.index, *position, note);
                        out.fields.push((*position, Some(value)));
                    }
                    Reading::Fault(fault) => {
                        let keys = &plan.register.keys;
                        out.misplaced |=
                            [&keys.owner, &keys.within].contains(&&Some(field.key.clone()));
                        out.misnamed |= [&keys.code, &keys.name].contains(&&field.key);
                        out.fault(column.index, Some(*position), fault);
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
fn extra(header: &str, cell: &Cell, column: u16, out: &mut Values) {
    if cell.is_blank() {
        return;
    }
    let text = cell.text().trim().to_owned();
    if let Err(fault) = text::check(header, &text) {
        out.fault(column, None, fault);
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

/// The cells of a row that hold anything, as they stand.
#[must_use]
pub fn texts(row: &Row) -> Vec<RowText> {
    let cells = (0_u16..).zip(&row.cells).filter(|(_, c)| !c.is_blank());
    cells
        .map(|(place, cell)| RowText {
            place,
            text: cell.text(),
        })
        .collect()
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
