//! Which columns a sheet has, and how an entry's values fall into them.

use crate::register::field::{Field, Register};
use crate::register::value::{Document, EXTRA_PREFIX, Value};
use crate::sheet::look;

use super::Showing;

/// What one column holds.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    /// A declared field.
    Field(&'a Field),
    /// A column the definitions do not know, kept as text.
    Extra,
}

/// One column: its header and where its values come from.
#[derive(Clone, Debug)]
pub(crate) struct Column<'a> {
    /// The header as the sheet shows it.
    pub header: String,
    /// The document key of its values.
    pub key: String,
    /// Field or kept column.
    pub source: Source<'a>,
}

/// A sheet to come: one register, the fields to show in order, and kept unknown columns.
#[derive(Clone, Debug)]
pub struct SheetPlan<'a> {
    pub(crate) register: &'a Register,
    pub(crate) columns: Vec<Column<'a>>,
    /// Column positions in the order of their keys, which is the order of a document.
    by_key: Vec<usize>,
}

/// A cell ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    /// A number that fits exactly.
    Number(f64),
    /// A number as text, because a sheet would round it.
    LongNumber(String),
    /// Text.
    Text(String),
}

impl<'a> SheetPlan<'a> {
    /// All fields of a register.
    #[must_use]
    pub fn all(register: &'a Register, extra_headers: &[String]) -> Self {
        Self::of(register, register.fields.iter(), extra_headers)
    }

    /// Some fields of a register: those the viewer may see, or asked for.
    #[must_use]
    pub fn of(
        register: &'a Register,
        fields: impl IntoIterator<Item = &'a Field>,
        extra_headers: &[String],
    ) -> Self {
        let mut columns: Vec<Column<'a>> = fields
            .into_iter()
            .map(|field| Column {
                header: look::header_text(field),
                key: field.key.clone(),
                source: Source::Field(field),
            })
            .collect();
        for header in extra_headers {
            let key = format!("{EXTRA_PREFIX}{header}");
            if columns.iter().all(|column| column.key != key) {
                columns.push(Column {
                    header: header.clone(),
                    key,
                    source: Source::Extra,
                });
            }
        }
        let mut by_key: Vec<usize> = (0..columns.len()).collect();
        by_key.sort_by(|a, b| {
            let key = |at: &usize| columns.get(*at).map(|column| column.key.as_str());
            key(a).cmp(&key(b))
        });
        Self {
            register,
            columns,
            by_key,
        }
    }

    /// The headers behind 序号, in order.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.header.as_str())
    }

    /// An entry's values by column. Both sides are sorted by key, so one walk is enough.
    pub(crate) fn values<'d>(&self, document: &'d Document) -> Vec<Option<&'d Value>> {
        let mut out = vec![None; self.columns.len()];
        let mut values = document.iter().peekable();
        for at in &self.by_key {
            let Some(column) = self.columns.get(*at) else {
                continue;
            };
            while values
                .next_if(|(key, _)| key.as_str() < column.key.as_str())
                .is_some()
            {}
            if let Some((_, value)) = values.next_if(|(key, _)| **key == column.key)
                && let Some(slot) = out.get_mut(*at)
            {
                *slot = Some(value);
            }
        }
        out
    }

    /// What an entry is called in messages: its name, else its code.
    pub(crate) fn entry_name(&self, document: &Document) -> String {
        let keys = &self.register.keys;
        [&keys.name, &keys.code]
            .into_iter()
            .find_map(|key| match document.get(key) {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            })
            .unwrap_or_default()
    }
}

impl Column<'_> {
    /// Whether cells of this column are numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.source, Source::Field(field) if look::is_number(field))
    }

    /// A value as a cell.
    pub(crate) fn show(&self, showing: Showing<'_>, value: &Value) -> Shown {
        let text = match (&self.source, value) {
            (Source::Field(field), value) => field.show(showing.catalogue, showing.names, value),
            (Source::Extra, Value::Text(text)) => text.clone(),
            (Source::Extra, Value::Integer(number)) => number.to_string(),
            (Source::Extra, Value::Bool(yes)) => (if *yes { "是" } else { "否" }).to_owned(),
            (Source::Extra, Value::List(items)) => items.join("\n"),
        };
        if !self.is_number() {
            return Shown::Text(text);
        }
        match look::exact_number(&text) {
            Some(number) => Shown::Number(number),
            None => Shown::LongNumber(text),
        }
    }
}
