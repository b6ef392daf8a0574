//! Why two entries are alike, in words that both have, cut to what the viewer may see.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{Means, Subject};
use super::index::{Found, Query};
use super::kept::{self, compared, own_names, sort_of, texts};
use super::score::Part;
use super::text::{self, Kind, Text};
use crate::auth::{Right, Sight, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::summaries;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::ledger::sight;
use crate::register::field::Register;
use crate::register::value::{Document, Value};

/// How many shared items are named.
const NAMED: usize = 12;

/// A piece of a text, and whether the other side has it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DuplicatePiece)]
pub struct Piece {
    /// As written.
    pub text: String,
    /// The other side has it too, in these or in other words for the same.
    pub shared: bool,
}

/// An entry that is like what was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DuplicateHit)]
pub struct Hit {
    /// Identity of the entry.
    pub entry_id: i64,
    /// Register key.
    pub register: String,
    /// What people call the register.
    pub register_label: String,
    /// Code.
    pub code: String,
    /// Its name, in pieces.
    pub name: Vec<Piece>,
    /// What it is for, in pieces; empty when nothing is said.
    pub function: Vec<Piece>,
    /// Name of what was asked about, in pieces.
    pub own_name: Vec<Piece>,
    /// What that is for, in pieces.
    pub own_function: Vec<Piece>,
    /// Owner.
    pub department_id: i64,
    /// Name of the owner.
    pub department: String,
    /// Its status in words; empty where it is not seen.
    pub status: String,
    /// Year, where it is seen.
    pub year: Option<i32>,
    /// Amount in 分, where it is seen.
    pub amount: Option<i64>,
    /// 0 to 100.
    pub score: u8,
    /// It must be answered before a decision.
    pub strong: bool,
    /// Another phase of the same thing, of the same department.
    pub phase: bool,
    /// It is out of use.
    pub retired: bool,
    /// It has been removed from the ledger.
    pub removed: bool,
    /// What the score is made of.
    pub parts: Vec<Part>,
    /// Words that both have, as written in what was asked about.
    pub words: Vec<String>,
    /// Names of data items that both have.
    pub items: Vec<String>,
    /// Names of datasets that both refer to.
    pub datasets: Vec<String>,
    /// For a dataset: whether its department is named as the source (数源部门).
    pub source: Option<bool>,
    /// Digest of both sides as they were compared.
    #[serde(skip)]
    pub digest: String,
}

/// A text in pieces: what stands in `theirs`, and what does not.
#[must_use]
pub fn pieces(written: &str, text: &Text, theirs: &HashSet<u64>) -> Vec<Piece> {
    let mut shared = vec![false; written.chars().count()];
    for occurrence in &text.terms {
        if occurrence.kind == Kind::Word && theirs.contains(&occurrence.term) {
            let places = shared.iter_mut().skip(occurrence.from);
            for place in places.take(occurrence.to.saturating_sub(occurrence.from)) {
                *place = true;
            }
        }
    }
    let mut out: Vec<Piece> = Vec::new();
    for (c, shared) in written.chars().zip(shared) {
        match out.last_mut() {
            Some(last) if last.shared == shared => last.text.push(c),
            _ => out.push(Piece {
                text: c.to_string(),
                shared,
            }),
        }
    }
    out
}

/// The terms of texts.
#[must_use]
pub fn terms(texts: &[&Text]) -> HashSet<u64> {
    texts
        .iter()
        .flat_map(|t| t.terms.iter().map(|o| o.term))
        .collect()
}

/// What a viewer sees of hits: those seen at least in part, cut, and how many others there are.
///
/// # Errors
/// When the database fails.
pub fn tell(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    subject: &Subject,
    query: &Query,
    found: &[Found],
) -> Result<(Vec<Hit>, usize)> {
    let ids: Vec<i64> = found.iter().map(|f| f.id).collect();
    let rows: Vec<EntryRow> = summaries(viewer)
        .filter(entries::id.eq_any(ids))
        .select(EntryRow::as_select())
        .load(conn)?;
    let seen = |row: &EntryRow| row.present || viewer.can(Right::SeeOwn, row);
    let mut rows: HashMap<i64, EntryRow> = rows
        .into_iter()
        .filter(seen)
        .map(|row| (row.id, row))
        .collect();
    let hidden = found.iter().filter(|f| !rows.contains_key(&f.id)).count();
    let shown = found.iter().filter_map(|f| Some((f, rows.remove(&f.id)?)));
    let shown: Vec<(&Found, EntryRow)> = shown.take(means.kept.rules().shown).collect();
    let shared = shared_data(conn, viewer, means, query, &shown)?;
    let mut out = Vec::with_capacity(shown.len());
    for (found, row) in shown {
        if let Some(mut hit) = hit(viewer, means, subject, found, row) {
            if let Some((items, datasets)) = shared.get(&found.id) {
                hit.items.clone_from(items);
                hit.datasets.clone_from(datasets);
            }
            out.push(hit);
        }
    }
    Ok((out, hidden))
}

type Shared = HashMap<i64, (Vec<String>, Vec<String>)>;

/// Names of the items and datasets that hits share, of those datasets that the viewer sees.
fn shared_data(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    query: &Query,
    shown: &[(&Found, EntryRow)],
) -> Result<Shared> {
    let of: Vec<(i64, Vec<i64>)> =
        means
            .kept
            .with(conn, means.catalogue, means.directory, |index| {
                Ok(shown
                    .iter()
                    .map(|(f, _)| (f.id, index.datasets(f.id)))
                    .collect())
            })?;
    let all: Vec<i64> = of.iter().flat_map(|(_, d)| d.iter().copied()).collect();
    if all.is_empty() {
        return Ok(Shared::new());
    }
    let seen: Vec<(i64, String)> = summaries(viewer)
        .filter(entries::id.eq_any(all))
        .filter(entries::present.eq(true))
        .select((entries::id, entries::name))
        .load(conn)?;
    let seen: HashMap<i64, String> = seen.into_iter().collect();
    means
        .kept
        .with(conn, means.catalogue, means.directory, |index| {
            let shared = of.into_iter().map(|(id, datasets)| {
                let datasets: Vec<i64> = datasets
                    .into_iter()
                    .filter(|d| seen.contains_key(d))
                    .collect();
                let mut items = index.shared_items(query, &datasets);
                items.truncate(NAMED);
                let same = index.shared_datasets(query, &datasets);
                let names = same.iter().filter_map(|d| seen.get(d).cloned()).collect();
                (id, (items, names))
            });
            Ok(shared.collect())
        })
}

/// A value in words, if the viewer sees it.
fn shown(
    means: Means<'_>,
    register: &Register,
    seen: Sight,
    document: &Document,
    key: Option<&str>,
) -> Option<String> {
    let field = register.field(key?)?;
    if !sight::shows(register, field, seen) {
        return None;
    }
    let value = document.get(&field.key)?;
    Some(field.show(means.catalogue, means.directory, value))
}

fn hit(
    viewer: &Viewer,
    means: Means<'_>,
    subject: &Subject,
    found: &Found,
    row: EntryRow,
) -> Option<Hit> {
    let register = means.catalogue.register(&row.register)?;
    let sort = sort_of(&row.register)?;
    let document = row.document();
    let seen = viewer.sight(&row);
    let department = means.directory.get(row.department_id);
    let own = own_names(means.catalogue.regions(), department);
    let keys: Vec<&str> = compared(sort)
        .function
        .iter()
        .copied()
        .filter(|key| sight::shows_key(register, key, seen))
        .collect();
    let function = texts(&document, &keys);
    let lexicon = means.kept.lexicon();
    let name_text = text::read(lexicon, &row.name, &own);
    let function_text = text::read(lexicon, &function, &own);
    let theirs = terms(&[&name_text, &function_text]);
    let [own_name, own_function] = subject.texts();
    let ours = terms(&[own_name, own_function]);
    let keys = &register.keys;
    let rules = means.kept.rules();
    let own_pieces = [
        pieces(&subject.name, own_name, &theirs),
        pieces(&subject.function, own_function, &theirs),
    ];
    let mut words: Vec<String> = Vec::new();
    for piece in own_pieces.iter().flatten().filter(|p| p.shared) {
        if !words.contains(&piece.text) {
            words.push(piece.text.clone());
        }
    }
    let [own_name, own_function] = own_pieces;
    let visible = |key: &Option<String>| {
        let field = key.as_deref().and_then(|k| register.field(k));
        field.is_some_and(|f| sight::shows(register, f, seen))
    };
    Some(Hit {
        entry_id: row.id,
        register: row.register.clone(),
        register_label: register.label.clone(),
        name: pieces(&row.name, &name_text, &ours),
        function: pieces(&function, &function_text, &ours),
        own_name,
        own_function,
        department_id: row.department_id,
        department: department.map(|d| d.name.clone()).unwrap_or_default(),
        status: shown(means, register, seen, &document, keys.status.as_deref()).unwrap_or_default(),
        year: row.year.filter(|_| visible(&keys.year)),
        amount: row.amount.filter(|_| visible(&keys.amount)),
        score: found.score,
        strong: found.score >= rules.strong
            && !found.phase
            && row.stage != "retired"
            && row.present,
        phase: found.phase,
        retired: row.stage == "retired",
        removed: !row.present,
        parts: found.parts.clone(),
        words,
        items: Vec::new(),
        datasets: Vec::new(),
        source: (row.register == kept::DATASET)
            .then(|| document.get("is_source_dept") == Some(&Value::Bool(true))),
        digest: format!("{}{}", subject.digest(), found.digest),
        code: row.code,
    })
}
