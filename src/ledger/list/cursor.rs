//! Where a page begins: the order's value and the number of the entry it follows, as one opaque word.

use serde::{Deserialize, Serialize};

use super::row::Stored;
use super::{Query, Sort};
use crate::error::{Error, Problem, Result};

/// The value of an entry in the list's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    /// Of a numeric order.
    Number(i64),
    /// Of an order of texts.
    Text(String),
}

/// A place in a list. It says nothing about what may be seen: the scope is applied to every page anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    #[serde(rename = "s")]
    sort: String,
    /// `None` stands behind the last entry.
    #[serde(rename = "k")]
    key: Option<(Key, i64)>,
    #[serde(rename = "b")]
    backward: bool,
}

impl Cursor {
    /// Beside this row: the page behind it, or with `backward` the one before it.
    #[must_use]
    pub(super) fn at(sort: Sort, row: &Stored, backward: bool) -> Self {
        Self {
            sort: sort.word().to_owned(),
            key: Some((key(sort, row), row.id)),
            backward,
        }
    }

    /// The last page.
    #[must_use]
    pub fn end(sort: Sort) -> Self {
        Self {
            sort: sort.word().to_owned(),
            key: None,
            backward: true,
        }
    }

    /// The word for addresses.
    #[must_use]
    pub fn word(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        json.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads the word back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for anything that [`Cursor::word`] did not make.
    pub fn read(word: &str) -> Result<Self> {
        let bytes = word.as_bytes().chunks(2).map(|pair| {
            let digits = std::str::from_utf8(pair).ok().filter(|d| d.len() == 2)?;
            u8::from_str_radix(digits, 16).ok()
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes
            .and_then(|json| serde_json::from_slice(&json).ok())
            .filter(|cursor: &Self| cursor.key.is_some() || cursor.backward)
            .ok_or_else(wrong)
    }
}

fn wrong() -> Error {
    Error::Invalid(vec![Problem::new(
        "cursor",
        "invalid_cursor",
        "翻页位置无效。",
        "请从第一页重新开始",
    )])
}

/// The value of a row in an order.
fn key(sort: Sort, row: &Stored) -> Key {
    match sort {
        Sort::Recorded => Key::Number(row.id),
        Sort::Code | Sort::Name => Key::Text(row.key.clone()),
        // The database has written a number.
        _ => Key::Number(row.key.parse().unwrap_or_default()),
    }
}

/// Where reading begins, and which way it goes.
pub(super) struct Start {
    /// Behind this value and number in reading direction; `None` from the very end.
    pub key: Option<(Key, i64)>,
    /// Against the list's order.
    pub backward: bool,
}

impl Start {
    pub fn of(query: &Query, cursor: Option<&Cursor>) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Self {
                key: None,
                backward: false,
            });
        };
        let is_text = matches!(query.sort, Sort::Code | Sort::Name);
        let fits = match &cursor.key {
            Some((Key::Text(text), _)) => is_text && !text.contains('\0'),
            Some((Key::Number(_), _)) => !is_text,
            None => true,
        };
        if cursor.sort != query.sort.word() || !fits {
            return Err(wrong());
        }
        Ok(Self {
            key: cursor.key.clone(),
            backward: cursor.backward,
        })
    }
}
