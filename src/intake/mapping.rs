//! Which column is which field, as the user said it: given with a file, or remembered from before.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::connection::Conn;
use crate::db::schema::import_mappings;
use crate::error::{Doing, Error, Result};
use crate::intake::matching::{ColumnMatch, HeaderPath, How};
use crate::register::field::Register;
use crate::register::words;
use crate::sheet::cell::column_letters;

/// Instead of a field key: the column is not read at all.
pub const NOT_READ: &str = "-";

/// Column (letters or header) → field key, or `null` to keep the column without a field.
pub type Columns = BTreeMap<String, Option<String>>;

/// A mapping file, as JSON: `{"sheet": …, "register": …, "header_row": 3, "columns": {"建设费": "budget_amount"}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapFile {
    /// The sheet it speaks of; all of them when absent.
    pub sheet: Option<String>,
    /// The register of that sheet.
    pub register: Option<String>,
    /// The header row as Excel shows it, for sheets whose header is not found by itself.
    pub header_row: Option<u32>,
    /// Columns.
    pub columns: Columns,
    /// The sheet is not taken in.
    pub left_out: bool,
    /// What departments are called in the file → their code or full name; remembered.
    pub departments: BTreeMap<String, String>,
}

impl MapFile {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// When it cannot be read or is no such JSON.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).doing("读取列对应文件")?;
        serde_json::from_str(&text).map_err(|e| {
            Error::Usage(format!(
                "列对应文件 {} 第{}行有误: {e}",
                path.display(),
                e.line()
            ))
        })
    }
}

/// One remembered mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Register key.
    pub register: String,
    /// Columns by header.
    pub columns: Columns,
}

/// Remembered mappings by department (as written above the header) and header signature.
#[derive(Clone, Debug, Default)]
pub struct Remembered(BTreeMap<(String, String), Memory>);

impl Remembered {
    /// Reads all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn) -> Result<Self> {
        let rows: Vec<(String, String, String, String)> = import_mappings::table.load(conn)?;
        let memory =
            |(department, signature, register, mapping): (String, String, String, String)| {
                let columns = serde_json::from_str(&mapping).unwrap_or_default();
                ((department, signature), Memory { register, columns })
            };
        Ok(Self(rows.into_iter().map(memory).collect()))
    }

    /// The mapping for this header: what the importer's own department said, else the one written above it.
    #[must_use]
    pub fn find(
        &self,
        home: Option<i64>,
        department: Option<&str>,
        signature: &str,
    ) -> Option<&Memory> {
        let of = |key: String| self.0.get(&(key, signature.to_owned()));
        home.and_then(|id| of(home_key(id)))
            .or_else(|| of(words::name_key(department.unwrap_or_default())))
    }
}

/// What a department's own people said is remembered for them, not for whoever uses the same header.
fn home_key(department: i64) -> String {
    format!("@{department}")
}

/// Remembers a mapping; a former one for the same header is replaced.
///
/// # Errors
/// When the database fails.
pub fn remember(
    conn: &mut Conn,
    home: Option<i64>,
    department: Option<&str>,
    signature: &str,
    memory: &Memory,
) -> Result<()> {
    let department = home.map_or_else(|| words::name_key(department.unwrap_or_default()), home_key);
    let mapping = serde_json::to_string(&memory.columns).doing("记录列对应")?;
    diesel::delete(import_mappings::table.find((&department, signature))).execute(conn)?;
    diesel::insert_into(import_mappings::table)
        .values((
            import_mappings::department.eq(&department),
            import_mappings::signature.eq(signature),
            import_mappings::register.eq(&memory.register),
            import_mappings::mapping.eq(&mapping),
        ))
        .execute(conn)?;
    Ok(())
}

/// How a column came to its field, in one word for the report.
#[must_use]
pub fn word(how: How) -> &'static str {
    match how {
        How::Label => "label",
        How::Alias => "alias",
        How::Path => "path",
        How::Similar => "similar",
        How::Remembered => "mapped",
        How::Ignored => "ignored",
        How::OurOwn => "ours",
        How::Secret => "secret",
        How::DuplicateOf(_) => "duplicate",
        How::Unknown => "unknown",
    }
}

/// Puts a mapping over what was matched.
///
/// # Errors
/// A message that names the column or field that does not exist.
pub fn apply(
    register: &Register,
    headers: &[HeaderPath],
    columns: &Columns,
    matches: &mut [ColumnMatch],
) -> std::result::Result<(), String> {
    for (wanted, field) in columns {
        let key = words::header(wanted).key;
        let is_it = |h: &HeaderPath| {
            column_letters(h.column) == *wanted
                || h.path.join("/") == *wanted
                || h.path
                    .last()
                    .is_some_and(|last| words::header(last).key == key)
        };
        let Some(position) = headers.iter().position(is_it) else {
            return Err(format!("列对应中的列“{wanted}”在表中不存在"));
        };
        if let Some(field) = field
            && field != NOT_READ
            && register.field(field).is_none()
        {
            return Err(format!(
                "列对应中的字段“{field}”在登记簿“{}”中不存在",
                register.label
            ));
        }
        for found in matches
            .iter_mut()
            .filter(|m| field.is_some() && m.field == *field)
        {
            (found.field, found.confidence, found.how, found.note) =
                (None, 0.0, How::Unknown, None);
        }
        if let Some(found) = matches.get_mut(position) {
            let how = match field.as_deref() {
                Some(NOT_READ) => How::Ignored,
                _ => How::Remembered,
            };
            (found.field, found.confidence, found.how, found.note) =
                (field.clone().filter(|f| f != NOT_READ), 1.0, how, None);
        }
    }
    Ok(())
}
