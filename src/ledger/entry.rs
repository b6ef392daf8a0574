//! An entry as it is stored: typed columns, all derived from one canonical document.

use std::borrow::Cow;

use diesel::prelude::*;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use crate::auth::Ends;
use crate::db::schema::entries;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::field::{Register, Stage};
use crate::register::value::{Document, Value};
use crate::register::words;

/// One row of `entries`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    /// Identity, given out by the ledger head; never reused.
    pub id: i64,
    /// Register key.
    pub register: String,
    /// Code, unique in its register.
    pub code: String,
    /// Name as written.
    pub name: String,
    /// Name in the form that is compared.
    pub name_key: String,
    /// Owning department.
    pub department_id: i64,
    /// Second department that sees it in full, for registers that have such.
    pub party_id: Option<i64>,
    /// The entry this one belongs to, for registers that have such.
    pub within_id: Option<i64>,
    /// Region code.
    pub region: Option<String>,
    /// Stage word.
    pub stage: String,
    /// Amount in 分 (1 万元 = 1,000,000 分).
    pub amount: Option<i64>,
    /// Year.
    pub year: Option<i32>,
    /// Share of the expected fields that are filled, 0 to 100.
    pub completeness: i32,
    /// Its summary is published to everyone signed in.
    pub published: bool,
    /// `false` once removed; its history stays.
    pub present: bool,
    /// Counts the entry's changes from 1.
    pub revision: i32,
    /// Change set that made it.
    pub created_seq: i64,
    /// Change set that changed it last.
    pub changed_seq: i64,
    /// Canonical JSON of the document.
    pub attributes: String,
}

/// Who owns an entry and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Owning department.
    pub department_id: i64,
    /// Second department that sees it in full.
    pub party_id: Option<i64>,
    /// The entry it belongs to.
    pub within_id: Option<i64>,
}

/// The department that the party field of a document names.
#[must_use]
pub fn party(register: &Register, directory: &Directory, document: &Document) -> Option<i64> {
    let code = text(document, register.keys.party.as_deref()?)?;
    directory.by_code(code).map(|d| d.id)
}

impl From<&EntryRow> for Ends {
    fn from(row: &EntryRow) -> Self {
        Self::of(row.department_id, row.party_id)
    }
}

impl From<Place> for Ends {
    fn from(place: Place) -> Self {
        Self::of(place.department_id, place.party_id)
    }
}

impl EntryRow {
    /// Derives a row from its document; `id`, `revision` and change sets are the caller's.
    #[must_use]
    pub fn derive(
        catalogue: &Catalogue,
        register: &Register,
        id: i64,
        place: Place,
        document: &Document,
    ) -> Self {
        let keys = &register.keys;
        let name = text(document, &keys.name).unwrap_or_default();
        let stage = register.stage(catalogue, document);
        let completeness = register.completeness(stage, document);
        let option = |key: &Option<String>| key.as_deref().and_then(|k| text(document, k));
        Self {
            id,
            register: register.key.clone(),
            code: text(document, &keys.code).unwrap_or_default().to_owned(),
            name: name.to_owned(),
            name_key: words::name_key(name),
            department_id: place.department_id,
            party_id: place.party_id,
            within_id: place.within_id,
            region: option(&keys.region).map(str::to_owned),
            stage: stage_word(stage).to_owned(),
            amount: option(&keys.amount).and_then(fen),
            year: option(&keys.year).and_then(year),
            completeness: i32::from(completeness.percent),
            published: stage >= register.published_from,
            present: true,
            revision: 1,
            created_seq: 0,
            changed_seq: 0,
            attributes: canonical(document),
        }
    }

    /// The document, read back.
    #[must_use]
    pub fn document(&self) -> Document {
        parse(&self.attributes)
    }
}

/// Text of a scalar value.
#[must_use]
pub fn text<'d>(document: &'d Document, key: &str) -> Option<&'d str> {
    match document.get(key) {
        Some(Value::Text(t)) => Some(t),
        _ => None,
    }
}

/// Canonical JSON: keys sorted, no spaces.
#[must_use]
pub fn canonical(document: &Document) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// Reads canonical JSON back; what is not a document is an empty one (and fails `verify`).
#[must_use]
pub fn parse(json: &str) -> Document {
    serde_json::from_str(json).unwrap_or_default()
}

/// Reads some values of canonical JSON; the others are passed over, not built.
#[must_use]
pub fn pick(json: &str, wanted: impl Fn(&str) -> bool) -> Document {
    let mut reader = serde_json::Deserializer::from_str(json);
    Picking { wanted }
        .deserialize(&mut reader)
        .unwrap_or_default()
}

struct Picking<F> {
    wanted: F,
}

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for Picking<F> {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Document, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for Picking<F> {
    type Value = Document;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut out = Document::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if (self.wanted)(&key) {
                out.insert(key.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(out)
    }
}

/// The word a stage is stored as.
#[must_use]
pub fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Application => "application",
        Stage::Build => "build",
        Stage::Acceptance => "acceptance",
        Stage::Operation => "operation",
        Stage::Retired => "retired",
    }
}

/// 万元 as written canonically → whole 分; `None` when it has parts of a 分 or does not fit.
fn fen(wan: &str) -> Option<i64> {
    let wan: rust_decimal::Decimal = wan.parse().ok()?;
    let fen = wan.checked_mul(rust_decimal::Decimal::from(1_000_000))?;
    i64::try_from(fen.round()).ok()
}

fn year(date: &str) -> Option<i32> {
    date.get(..4)?.parse().ok()
}
