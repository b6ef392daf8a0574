//! The entries that are compared with, in memory: terms numbered, and for each term who has it.
//!
//! One check reads only the lists of the terms asked about; the best few hundred are then compared exactly.

mod data;
mod search;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::text::{Kind, Text, number};

pub use search::{Found, Query};

/// Who is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// An information system.
    System,
    /// A project.
    Project,
    /// A dataset.
    Dataset,
}

/// What is known of an entry before it is put into the index.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its name, taken apart.
    pub name: Text,
    /// What it is for, taken apart.
    pub function: Text,
    /// Whom it serves, as codes.
    pub targets: Vec<String>,
    /// Codes of the datasets it refers to; for a dataset its own.
    pub datasets: Vec<String>,
    /// Code of the system that a dataset comes from.
    pub system: Option<String>,
    /// Codes of systems and projects that belong to it.
    pub kin: Vec<String>,
    /// A digest of everything that is compared.
    pub digest: String,
}

/// An entry in the index.
#[derive(Clone, Debug)]
pub struct Doc {
    /// Identity.
    pub id: i64,
    /// What it is.
    pub sort: Sort,
    /// Code.
    pub code: String,
    /// Owner.
    pub department: i64,
    /// It is out of use.
    pub retired: bool,
    /// It is there; `false` once removed.
    pub present: bool,
    /// Phases, years and words of upgrading in its name.
    pub phases: Vec<String>,
    /// A digest of everything that is compared.
    pub digest: String,
    /// What its name says without generic words and phases.
    core: u64,
    name: Vec<u32>,
    all: Vec<u32>,
    described: bool,
    targets: Vec<String>,
    datasets: Vec<String>,
    system: Option<String>,
    kin: Vec<String>,
}

/// The entries that are compared with.
#[derive(Debug, Default)]
pub struct Index {
    numbers: HashMap<u64, u32>,
    kinds: Vec<Kind>,
    postings: Vec<Vec<u32>>,
    docs: Vec<Option<Doc>>,
    by_id: HashMap<i64, u32>,
    free: Vec<u32>,
    /// Names of the items of each dataset, by item; and in how many datasets a name occurs.
    items: BTreeMap<i64, BTreeMap<i64, String>>,
    item_of: HashMap<i64, i64>,
    item_counts: HashMap<String, u32>,
    datasets: HashMap<String, i64>,
    systems: HashMap<String, i64>,
    /// Datasets that come from a system, by its code.
    of_system: HashMap<String, HashSet<i64>>,
    /// Who refers to a dataset, by its code.
    users: HashMap<String, HashSet<i64>>,
    /// What departments are called without their places.
    lines: HashMap<i64, Vec<char>>,
}

/// What a name says without generic words and phases; 0 when that is nothing.
fn core(name: &Text) -> u64 {
    let mut words: Vec<u64> = name
        .terms
        .iter()
        .filter(|t| t.kind == Kind::Word)
        .map(|t| t.term)
        .collect();
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return 0;
    }
    let chars: Vec<char> = words
        .iter()
        .flat_map(|w| w.to_string().chars().collect::<Vec<_>>())
        .collect();
    number(Kind::Word, &chars).max(1)
}

impl Index {
    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn term(&mut self, term: u64, kind: Kind) -> u32 {
        let next = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(term).or_insert(next);
        if number == next {
            self.kinds.push(kind);
            self.postings.push(Vec::new());
        }
        number
    }

    fn terms(&mut self, texts: &[&Text]) -> Vec<u32> {
        let occurrences = texts.iter().flat_map(|t| &t.terms);
        let mut out: Vec<u32> = Vec::new();
        for occurrence in occurrences {
            out.push(self.term(occurrence.term, occurrence.kind));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Puts an entry in, in place of what was there of it.
    pub fn put(&mut self, place: Place, facts: &Facts) {
        self.remove(place.id);
        let name = self.terms(&[&facts.name]);
        let all = self.terms(&[&facts.name, &facts.function]);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.docs.push(None);
            u32::try_from(self.docs.len() - 1).unwrap_or(u32::MAX)
        });
        for term in &all {
            if let Some(list) = self.postings.get_mut(*term as usize)
                && let Err(at) = list.binary_search(&slot)
            {
                list.insert(at, slot);
            }
        }
        self.refer(&place, facts);
        self.by_id.insert(place.id, slot);
        let doc = Doc {
            id: place.id,
            sort: place.sort,
            code: place.code,
            department: place.department,
            retired: place.retired,
            present: place.present,
            phases: facts.name.phases.clone(),
            digest: facts.digest.clone(),
            core: core(&facts.name),
            name,
            all,
            described: !facts.function.terms.is_empty(),
            targets: facts.targets.clone(),
            datasets: facts.datasets.clone(),
            system: facts.system.clone(),
            kin: facts.kin.clone(),
        };
        if let Some(place) = self.docs.get_mut(slot as usize) {
            *place = Some(doc);
        }
    }

    /// Notes who stands on which datasets.
    fn refer(&mut self, place: &Place, facts: &Facts) {
        let id = place.id;
        match place.sort {
            Sort::Dataset => {
                self.datasets.insert(place.code.clone(), id);
                if let Some(system) = &facts.system {
                    self.of_system.entry(system.clone()).or_default().insert(id);
                }
            }
            Sort::System => {
                self.systems.insert(place.code.clone(), id);
            }
            Sort::Project => {}
        }
        for code in &facts.datasets {
            self.users.entry(code.clone()).or_default().insert(id);
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, id: i64) {
        let Some(slot) = self.by_id.remove(&id) else {
            return;
        };
        let Some(doc) = self.docs.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        for term in &doc.all {
            if let Some(list) = self.postings.get_mut(*term as usize)
                && let Ok(at) = list.binary_search(&slot)
            {
                list.remove(at);
            }
        }
        match doc.sort {
            Sort::Dataset => {
                self.datasets.remove(&doc.code);
                if let Some(of) = doc.system.as_ref().and_then(|s| self.of_system.get_mut(s)) {
                    of.remove(&id);
                }
            }
            Sort::System => {
                self.systems.remove(&doc.code);
            }
            Sort::Project => {}
        }
        for code in &doc.datasets {
            if let Some(users) = self.users.get_mut(code) {
                users.remove(&id);
            }
        }
        self.free.push(slot);
    }

    /// Puts the name of a data item in, in place of what was there of it.
    pub fn put_item(&mut self, item: i64, dataset: i64, name: &str) {
        self.remove_item(item);
        *self.item_counts.entry(name.to_owned()).or_default() += 1;
        self.items
            .entry(dataset)
            .or_default()
            .insert(item, name.to_owned());
        self.item_of.insert(item, dataset);
    }

    /// Takes a data item out.
    pub fn remove_item(&mut self, item: i64) {
        let Some(dataset) = self.item_of.remove(&item) else {
            return;
        };
        let Some(name) = self.items.get_mut(&dataset).and_then(|d| d.remove(&item)) else {
            return;
        };
        if let Some(count) = self.item_counts.get_mut(&name) {
            *count = count.saturating_sub(1);
        }
    }

    /// Says what a department is called without its place.
    pub fn put_line(&mut self, department: i64, line: Vec<char>) {
        self.lines.insert(department, line);
    }

    /// The entry with this number.
    #[must_use]
    pub fn doc(&self, id: i64) -> Option<&Doc> {
        let slot = *self.by_id.get(&id)?;
        self.docs.get(slot as usize)?.as_ref()
    }

    /// All entries that are there, of a sort and a department.
    pub fn docs(&self, sort: Sort, department: i64) -> impl Iterator<Item = &Doc> {
        let all = self.docs.iter().flatten();
        all.filter(move |d| d.sort == sort && d.department == department && d.present)
    }
}

/// Where an entry stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// Identity.
    pub id: i64,
    /// What it is.
    pub sort: Sort,
    /// Code.
    pub code: String,
    /// Owner.
    pub department: i64,
    /// It is out of use.
    pub retired: bool,
    /// It is there; `false` once removed.
    pub present: bool,
}
