//! What a form or a program says that a field shall be, and how it is read.

use serde_json::Value as Json;

use crate::register::catalogue::Catalogue;
use crate::register::field::Field;
use crate::register::read::ColumnContext;
use crate::register::value::{Fault, Reading, Value};
use crate::sheet::cell::Cell;

/// What a field shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Nothing: the value is taken out.
    Nothing,
    /// What a person would write into a cell; empty takes the value out.
    Text(String),
    /// Several values, each as a person would write it.
    List(Vec<String>),
    /// Yes or no.
    Bool(bool),
}

impl Given {
    /// Reads what the API says of a field: text, number, yes or no, a list of texts, or `null` for nothing.
    ///
    /// # Errors
    /// A fault for anything else.
    pub fn of_json(label: &str, json: &Json) -> Result<Self, Fault> {
        let wrong = || {
            Fault::new(
                "wrong_type",
                format!("{label}的值类型不对。"),
                "可用: 文本、数值、true/false、文本数组，或 null 表示清空",
            )
        };
        Ok(match json {
            Json::Null => Self::Nothing,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => Self::Text(n.to_string()),
            Json::String(s) => Self::Text(s.clone()),
            Json::Array(items) => {
                let text = |item: &Json| match item {
                    Json::String(s) => Ok(s.clone()),
                    Json::Number(n) => Ok(n.to_string()),
                    _ => Err(wrong()),
                };
                Self::List(items.iter().map(text).collect::<Result<_, _>>()?)
            }
            Json::Object(_) => return Err(wrong()),
        })
    }

    /// The value for a field, before departments and entries are looked up; `None` takes it out.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        field: &Field,
    ) -> Result<Option<Value>, Fault> {
        match self {
            Self::Nothing => Ok(None),
            Self::Text(text) if text.trim().is_empty() => Ok(None),
            Self::Text(text) => one(catalogue, field, &Cell::Text(text.clone())),
            Self::Bool(b) => one(catalogue, field, &Cell::Bool(*b)),
            Self::List(_) if !field.multiple => Err(Fault::new(
                "not_a_list",
                format!("{}只能填一个值。", field.label),
                "请只写一个值",
            )),
            Self::List(texts) => {
                let mut out: Vec<String> = Vec::with_capacity(texts.len());
                for text in texts {
                    match one(catalogue, field, &Cell::Text(text.clone()))? {
                        Some(Value::List(parts)) => {
                            let new: Vec<String> =
                                parts.into_iter().filter(|p| !out.contains(p)).collect();
                            out.extend(new);
                        }
                        Some(Value::Text(part)) if !out.contains(&part) => out.push(part),
                        _ => {}
                    }
                }
                Ok((!out.is_empty()).then_some(Value::List(out)))
            }
        }
    }
}

fn one(catalogue: &Catalogue, field: &Field, cell: &Cell) -> Result<Option<Value>, Fault> {
    match field.read(catalogue, cell, &ColumnContext::default()) {
        Reading::Blank(_) | Reading::Clear => Ok(None),
        Reading::Value(value, _) => Ok(Some(value)),
        Reading::Fault(fault) => Err(fault),
    }
}

/// A stored value as something that is given again.
#[must_use]
pub fn as_given(value: Option<&Value>) -> Given {
    match value {
        None => Given::Nothing,
        Some(Value::Bool(b)) => Given::Bool(*b),
        Some(Value::Integer(n)) => Given::Text(n.to_string()),
        Some(Value::Text(text)) => Given::Text(text.clone()),
        Some(Value::List(list)) => Given::List(list.clone()),
    }
}
