//! Readers and definitions against cases collected from real sheets.

mod cases;
mod definitions;
mod round_trip;
mod rules;

use std::sync::LazyLock;

use super::Catalogue;
use super::field::{Field, FieldType};
use super::read::ColumnContext;
use super::value::{Names, Reading, Value};
use crate::sheet::cell::Cell;

/// The built-in catalogue.
fn catalogue() -> &'static Catalogue {
    static LOADED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(None).unwrap());
    &LOADED
}

/// A field of a kind that has no list.
fn field(kind: FieldType) -> Field {
    let catalogue = catalogue();
    let mut field = catalogue.register("information_system").unwrap().fields[0].clone();
    field.key = "a".to_owned();
    field.label = "甲".to_owned();
    field.kind = kind;
    field
}

/// Reads a text cell of a field of the information system register.
fn read(catalogue: &Catalogue, register: &str, key: &str, text: &str) -> Reading {
    let field = catalogue.register(register).unwrap().field(key).unwrap();
    field.read(
        catalogue,
        &Cell::Text(text.to_owned()),
        &ColumnContext::default(),
    )
}

/// Knows one department.
struct OneName;

impl Names for OneName {
    fn department(&self, code: &str) -> Option<String> {
        (code == "SD01").then(|| "山东省大数据局".to_owned())
    }
}

/// The value as text, for comparing with the cases.
fn text(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Text(t) => t.clone(),
        Value::List(l) => l.join("|"),
    }
}
