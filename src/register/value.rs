//! What a cell means: values, and the document of values that is an entry.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// One value in its canonical form, ready to be stored and compared.
///
/// Decimals (plain, no exponent, no trailing zeros: `120.5`), dates (`2024`, `2024-03`,
/// `2024-03-05`, `2024-H1`, `2024-Q3`), codes of list values, region codes and department codes are
/// all [`Value::Text`]; their field type says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text, or any scalar whose canonical form is text.
    Text(String),
    /// Several values of a multi-value field, in the order given, without repeats.
    List(Vec<String>),
}

/// By hand, because serde's untagged reading tries each form in turn and writes an error for each that
/// fails: measured, ten times slower.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a yes or no, a whole number, a text or a list of texts")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Integer).map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(text) = seq.next_element()? {
            out.push(text);
        }
        Ok(Value::List(out))
    }
}

/// An entry's values by field key. Sorted keys make its JSON canonical.
pub type Document = BTreeMap<String, Value>;

/// Key prefix of columns the definitions do not know: `列:<header>`, kept as the user wrote them.
pub const EXTRA_PREFIX: &str = "列:";

/// What reading one cell for one field came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Nothing there, or a word for nothing (`/`, `—`, `无` where that means nothing): keep what was.
    Blank(Option<Note>),
    /// The cell says `[清空]`: remove the value.
    Clear,
    /// A value, with a note when the text was changed to get it or a doubt remains.
    Value(Value, Option<Note>),
    /// It cannot be decided or is wrong: the row cannot go in like this.
    Fault(Fault),
}

/// A visible normalisation or a warning; the value stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// `true` when somebody should look at it, `false` for a plain change of form.
    pub warning: bool,
    /// A stable machine word, such as `normalised` or `approximate`.
    pub code: &'static str,
    /// Chinese, for the person.
    pub message: String,
}

impl Note {
    /// A plain change of form: what stood there and what it was read as.
    #[must_use]
    pub fn normalised(from: &str, to: &str) -> Self {
        Self {
            warning: false,
            code: "normalised",
            message: format!("“{from}” 读作 {to}"),
        }
    }

    /// A doubt that somebody should look at.
    #[must_use]
    pub fn warning(code: &'static str, message: String) -> Self {
        Self {
            warning: true,
            code,
            message,
        }
    }
}

impl Fault {
    /// A fault with its code, what is wrong and what to write.
    #[must_use]
    pub fn new(
        code: &'static str,
        message: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            suggestion: suggestion.into(),
        }
    }
}

/// Why a cell cannot be taken, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable machine word, such as `ambiguous_date`.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub message: String,
    /// What to write instead, in Chinese.
    pub suggestion: String,
}

/// Names of things that values mention by code; the ledger answers, pure code asks.
pub trait Names {
    /// The full name of the department with this code.
    fn department(&self, code: &str) -> Option<String>;
}
