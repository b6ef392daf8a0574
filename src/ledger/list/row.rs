//! One entry in a list: what is read of it, and what of that is shown.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Sort, order};
use crate::auth::{Ends, Sight, Viewer};
use crate::db::fragment::Fragment;
use crate::db::schema::entries;
use crate::ledger::{entry, sight};
use crate::register::field::Register;
use crate::register::value::Document;

/// What a list reads of an entry: not all of it, since every column of every row costs.
#[derive(Clone, Debug, Queryable)]
pub(super) struct Stored {
    pub id: i64,
    pub code: String,
    pub name: String,
    pub department_id: i64,
    pub party_id: Option<i64>,
    pub stage: String,
    pub completeness: i32,
    pub revision: i32,
    pub changed_seq: i64,
    pub attributes: String,
    /// What it is ordered by, as text.
    pub key: String,
}

/// The columns of [`Stored`], as [`Stored::columns`] selects them.
type Selected = (
    entries::id,
    entries::code,
    entries::name,
    entries::department_id,
    entries::party_id,
    entries::stage,
    entries::completeness,
    entries::revision,
    entries::changed_seq,
    entries::attributes,
    Fragment<Text>,
);

impl From<&Stored> for Ends {
    fn from(row: &Stored) -> Self {
        Self::of(row.department_id, row.party_id)
    }
}

impl Stored {
    /// What is to be selected of a list in this order.
    pub fn columns(sort: Sort) -> Selected {
        (
            entries::id,
            entries::code,
            entries::name,
            entries::department_id,
            entries::party_id,
            entries::stage,
            entries::completeness,
            entries::revision,
            entries::changed_seq,
            entries::attributes,
            Fragment::sql(order::key(sort)),
        )
    }
}

/// Which of the columns asked for each sight shows, looked up once for a whole list.
pub(super) struct Columns([Arc<[String]>; 4]);

impl Columns {
    pub fn of(register: &Register, columns: &[String]) -> Self {
        let all = [Sight::Summary, Sight::Money, Sight::Own, Sight::Security];
        Self(all.map(|seen| {
            let shown = columns
                .iter()
                .filter(|key| sight::shows_key(register, key, seen));
            shown.cloned().collect()
        }))
    }

    fn shown(&self, seen: Sight) -> Arc<[String]> {
        let [summary, money, own, security] = &self.0;
        Arc::clone(match seen {
            Sight::Summary => summary,
            Sight::Money => money,
            Sight::Own => own,
            Sight::Security => security,
        })
    }
}

/// The values of an entry that are shown, still as they are stored: most are passed on and never looked at.
///
/// What is not shown is not let out: not by comparing, not into a log.
#[derive(Clone)]
pub struct Values {
    attributes: String,
    shown: Arc<[String]>,
}

impl Values {
    /// The values, built.
    #[must_use]
    pub fn document(&self) -> Document {
        entry::pick(&self.attributes, |key| self.shows(key))
    }

    fn shows(&self, key: &str) -> bool {
        self.shown.iter().any(|shown| shown == key)
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.document() == other.document()
    }
}

impl Eq for Values {}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document().fmt(f)
    }
}

/// Written straight from what is stored.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        let mut reader = serde_json::Deserializer::from_str(&self.attributes);
        let passing = Passing {
            values: self,
            out: &mut out,
        };
        reader.deserialize_map(passing).map_err(S::Error::custom)?;
        out.end()
    }
}

struct Passing<'p, M> {
    values: &'p Values,
    out: &'p mut M,
}

impl<'de, M: SerializeMap> Visitor<'de> for Passing<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // What is stored is canonical: a value is passed on as it is written, a key nearly always.
        while let Some(Words(key)) = map.next_key()? {
            if self.values.shows(&key) {
                let value: &RawValue = map.next_value()?;
                let passed = self.out.serialize_entry(&key, value);
                passed.map_err(serde::de::Error::custom)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Text that is borrowed wherever it was written without escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Words<'w>(#[serde(borrow)] Cow<'w, str>);

/// One entry in a list, as this viewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Identity.
    pub id: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owning department.
    pub department_id: i64,
    /// Stage word.
    pub stage: String,
    /// How complete it is; only for those who see it in full.
    pub completeness: Option<i32>,
    /// Version.
    pub revision: i32,
    /// Change set that changed it last.
    pub changed_seq: i64,
    /// How much of it is seen.
    pub sight: Sight,
    /// The values of the columns asked for that are seen.
    pub values: Values,
}

impl Row {
    /// What a viewer sees of a stored entry in these columns.
    pub(super) fn seen(viewer: &Viewer, columns: &Columns, row: Stored) -> Self {
        let sight = viewer.sight(&row);
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            department_id: row.department_id,
            stage: row.stage,
            completeness: (sight >= Sight::Own).then_some(row.completeness),
            revision: row.revision,
            changed_seq: row.changed_seq,
            sight,
            values: Values {
                attributes: row.attributes,
                shown: columns.shown(sight),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_would_be_when_built() {
        let attributes =
            r#"{"a":"引号\"与\\反斜杠","b":["一","二\n"],"c":true,"d":-12,"e":"不在列中"}"#;
        let shown: Arc<[String]> = ["a", "b", "c", "d"].map(str::to_owned).into();
        let values = Values {
            attributes: attributes.to_owned(),
            shown,
        };
        let written = serde_json::to_string(&values).unwrap_or_default();
        assert_eq!(written, entry::canonical(&values.document()));
        assert!(written.contains("反斜杠") && !written.contains("不在列中"));
    }
}
