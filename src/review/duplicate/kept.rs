//! The index kept in memory: built from the ledger once, then brought up to date by what changed since.
//!
//! It is internal and knows every entry; what of it a viewer may see is decided where a hit is told (`check.rs`).

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use diesel::prelude::*;
use sm3::{Digest as _, Sm3};

use super::index::{Facts, Index, Place, Sort};
use super::lexicon::Lexicon;
use super::score::Rules;
use super::text;
use crate::db::connection::Conn;
use crate::db::schema::{change_sets, ledger_head};
use crate::db::scope::{self, Comparable};
use crate::error::Result;
use crate::ledger::entry;
use crate::org::directory::{Department, Directory};
use crate::org::tree;
use crate::register::catalogue::Catalogue;
use crate::register::region::Regions;
use crate::register::value::{Document, Value};
use crate::register::words::name_key;

/// The register of systems.
pub const SYSTEM: &str = "information_system";
/// The register of projects.
pub const PROJECT: &str = "project";
/// The register of datasets.
pub const DATASET: &str = "dataset";
const ITEM: &str = "data_item";

/// Rows read at once.
const STRIDE: i64 = 5_000;

/// What an entry is compared as.
#[must_use]
pub fn sort_of(register: &str) -> Option<Sort> {
    match register {
        SYSTEM => Some(Sort::System),
        PROJECT => Some(Sort::Project),
        DATASET => Some(Sort::Dataset),
        _ => None,
    }
}

/// Where the fields of a register lie that are compared.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// What it is for.
    pub function: &'static [&'static str],
    /// Whom it serves.
    pub target: &'static [&'static str],
    /// Datasets it refers to.
    datasets: &'static [&'static str],
    /// The system a dataset comes from.
    system: &'static [&'static str],
    /// What belongs to it.
    kin: &'static [&'static str],
}

/// The fields of a register that are compared; a test holds the definitions to them.
#[must_use]
pub fn compared(sort: Sort) -> Compared {
    match sort {
        Sort::System => Compared {
            function: &["main_function", "main_data"],
            target: &["service_target"],
            datasets: &[],
            system: &[],
            kin: &["project"],
        },
        Sort::Project => Compared {
            function: &["content"],
            target: &[],
            datasets: &["catalog_refs"],
            system: &[],
            kin: &["builds_systems"],
        },
        Sort::Dataset => Compared {
            function: &["abstract"],
            target: &[],
            datasets: &[],
            system: &["system_id"],
            kin: &[],
        },
    }
}

impl Compared {
    /// Keys of all of them.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        let parts = [
            self.function,
            self.target,
            self.datasets,
            self.system,
            self.kin,
        ];
        parts.into_iter().flatten().copied()
    }
}

/// Texts of some fields, one after another.
#[must_use]
pub fn texts(document: &Document, keys: &[&str]) -> String {
    let found: Vec<String> = keys.iter().flat_map(|k| values(document, &[k])).collect();
    found.join("；")
}

/// Values of some fields.
#[must_use]
pub fn values(document: &Document, keys: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for key in keys {
        match document.get(*key) {
            Some(Value::Text(text)) => out.push(text.clone()),
            Some(Value::List(list)) => out.extend(list.iter().cloned()),
            _ => {}
        }
    }
    out
}

/// The names of a department that say nothing inside the names of what it owns, the longest first.
#[must_use]
pub fn own_names(regions: &Regions, department: Option<&Department>) -> Vec<Vec<char>> {
    let Some(department) = department else {
        return Vec::new();
    };
    let mut out = vec![department.name_key.clone(), line_of(regions, department)];
    out.retain(|n| n.chars().count() >= 3);
    out.sort_by_key(|n| std::cmp::Reverse(n.chars().count()));
    out.dedup();
    out.iter().map(|n| n.chars().collect()).collect()
}

/// What a department is called without its place: 教育局 for 济南市历下区教育局.
#[must_use]
pub fn line_of(regions: &Regions, department: &Department) -> String {
    let mut rest = department.name_key.as_str();
    let mut place = department.region.clone().unwrap_or_default();
    let mut above = Vec::new();
    while let Some(region) = regions.get(&place).filter(|_| above.len() < 6) {
        above.push(name_key(&region.name));
        place.clone_from(&region.parent);
    }
    for name in above.iter().rev() {
        rest = rest.strip_prefix(name.as_str()).unwrap_or(rest);
    }
    // Places that the list of regions does not know: 示例市教育局.
    let known = rest.len() < department.name_key.len();
    if !known
        && let Some((place, behind)) = rest.split_once(['省', '市', '县', '区'])
        && (1..=4).contains(&place.chars().count())
        && behind.chars().count() >= 3
    {
        return behind.to_owned();
    }
    rest.to_owned()
}

/// What of an entry is compared.
#[must_use]
pub fn facts(
    lexicon: &Lexicon,
    sort: Sort,
    code: &str,
    name: &str,
    document: &Document,
    own: &[Vec<char>],
) -> Facts {
    let fields = compared(sort);
    let function = texts(document, fields.function);
    let mut datasets = values(document, fields.datasets);
    if sort == Sort::Dataset {
        datasets.push(code.to_owned());
    }
    Facts {
        name: text::read(lexicon, name, own),
        function: text::read(lexicon, &function, own),
        targets: values(document, fields.target),
        datasets,
        system: values(document, fields.system).pop(),
        kin: values(document, fields.kin),
        digest: digest_of(sort, name, document),
    }
}

/// Digest of what of an entry is compared.
#[must_use]
pub fn digest_of(sort: Sort, name: &str, document: &Document) -> String {
    let fields = compared(sort);
    let mut sm3 = Sm3::new();
    let said = [name.to_owned(), texts(document, fields.function)];
    for part in said.into_iter().chain(values(document, fields.target)) {
        sm3.update(part);
        sm3.update([0]);
    }
    for part in values(document, fields.datasets) {
        sm3.update(part);
        sm3.update([1]);
    }
    let digest = sm3.finalize();
    digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// What the index was made from.
#[derive(Debug, Default)]
struct Held {
    /// The last change set it knows, with its hash; none before it is built.
    head: Option<(i64, Vec<u8>)>,
    organisation: i64,
    index: Index,
}

/// Keeps the index, with the words and thresholds that it is asked by.
#[derive(Debug, Default)]
pub struct Kept {
    rules: Rules,
    lexicon: Lexicon,
    held: RwLock<Held>,
}

/// Whether a change set that the index knows is still the one of that number.
fn is_of_the_chain(conn: &mut Conn, head: Option<&(i64, Vec<u8>)>) -> Result<bool> {
    let Some((seq, hash)) = head else {
        return Ok(false);
    };
    let stands: Option<Vec<u8>> = change_sets::table
        .find(seq)
        .select(change_sets::hash)
        .first(conn)
        .optional()?;
    Ok(stands.as_ref() == Some(hash))
}

impl Kept {
    /// An index that is built when it is first asked.
    #[must_use]
    pub fn new(rules: Rules, regions: &Regions) -> Self {
        Self {
            rules,
            lexicon: Lexicon::new(regions),
            held: RwLock::default(),
        }
    }

    /// The thresholds.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The words.
    #[must_use]
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Runs work on the index as the ledger stands now.
    ///
    /// # Errors
    /// When the database fails; whatever the work says.
    pub fn with<T>(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        directory: &Directory,
        work: impl FnOnce(&Index) -> Result<T>,
    ) -> Result<T> {
        let head: (i64, Vec<u8>) = ledger_head::table
            .select((ledger_head::seq, ledger_head::hash))
            .first(conn)?;
        let organisation = tree::version(conn)?;
        let fresh =
            |held: &Held| held.head.as_ref() == Some(&head) && held.organisation == organisation;
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if fresh(&held) {
            return work(&held.index);
        }
        drop(held);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if !fresh(&held) {
            // Renamed departments, a ledger put back to an earlier state, a change set that was read and then rolled
            // back: from the beginning.
            if held.organisation != organisation || !is_of_the_chain(conn, held.head.as_ref())? {
                *held = Held::default();
            }
            let done = self.refresh(conn, catalogue, directory, &mut held);
            if done.is_err() {
                *held = Held::default();
            }
            done?;
            held.head = Some(head);
            held.organisation = organisation;
        }
        drop(held);
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        work(&held.index)
    }

    /// Takes in what changed since the last time.
    fn refresh(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        directory: &Directory,
        held: &mut Held,
    ) -> Result<()> {
        let regions = catalogue.regions();
        let mut own = HashMap::new();
        for department in directory.all() {
            let line = line_of(regions, department);
            held.index.put_line(department.id, line.chars().collect());
            own.insert(department.id, own_names(regions, Some(department)));
        }
        let since = held.head.as_ref().map(|(seq, _)| *seq);
        let mut after = 0;
        loop {
            let registers = [SYSTEM, PROJECT, DATASET, ITEM];
            let rows = scope::comparable(conn, &registers, since, after, STRIDE)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id;
            for row in rows {
                let own = own.get(&row.department).map(Vec::as_slice);
                self.take(&mut held.index, row, own.unwrap_or_default());
            }
        }
    }

    fn take(&self, index: &mut Index, row: Comparable, own: &[Vec<char>]) {
        let Some(sort) = sort_of(&row.register) else {
            match row.within.filter(|_| row.present) {
                Some(dataset) => index.put_item(row.id, dataset, &name_key(&row.name)),
                None => index.remove_item(row.id),
            }
            return;
        };
        let fields = compared(sort);
        let wanted = |key: &str| fields.keys().any(|k| k == key);
        let document = entry::pick(&row.attributes, wanted);
        let facts = facts(&self.lexicon, sort, &row.code, &row.name, &document, own);
        let place = Place {
            id: row.id,
            sort,
            code: row.code,
            department: row.department,
            retired: row.stage == "retired",
            present: row.present,
        };
        index.put(place, &facts);
    }
}
