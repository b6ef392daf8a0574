//! Questions to the index: the weight of terms, the exact comparison of two entries, the best of all.

use std::collections::{BTreeSet, HashSet};

use super::{Doc, Facts, Index, core};
use crate::review::duplicate::score::{Alike, Overlap, Part, Rules};
use crate::review::duplicate::text::{Kind, Text};

/// Weight of a generic term, and of a place.
const GENERIC: u32 = 60;
const REGION: u32 = 30;
/// So many entries are taken to be there besides: in a small ledger no word is rare by chance.
const IMAGINED: u32 = 200;
/// Shared weight from which names, and descriptions, count in full.
const ENOUGH_NAME: u64 = 850;
const ENOUGH_ALL: u64 = 2_200;
/// So many of the best are compared exactly, by each of two orders.
const COMPARED: usize = 150;

/// A hit before anybody's rights are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entry.
    pub id: i64,
    /// 0 to 100.
    pub score: u8,
    /// What it is made of.
    pub parts: Vec<Part>,
    /// Another phase of the same thing.
    pub phase: bool,
    /// A digest of what was compared on its side.
    pub digest: String,
    /// Its owner.
    pub department: i64,
    /// It is out of use.
    pub retired: bool,
}

/// What is asked about, with the weights of the moment.
#[derive(Clone, Debug)]
pub struct Query {
    /// The entry itself, where it is one.
    pub id: Option<i64>,
    department: Option<i64>,
    core: u64,
    phases: Vec<String>,
    name: Side,
    all: Side,
    described: bool,
    targets: Vec<String>,
    pub(super) datasets: Vec<i64>,
    pub(super) items: BTreeSet<String>,
    code: String,
    kin: Vec<String>,
}

/// Terms of one side by number, and the weight of all of them, known and unknown.
#[derive(Clone, Debug, Default)]
struct Side {
    terms: Vec<u32>,
    weight: u64,
}

impl Index {
    /// The weight of a word that so many entries have, of 1000: ln((N + n0) / (n + 1)) / ln(N + n0).
    fn rarity(&self, holders: usize) -> u32 {
        let holders = u32::try_from(holders).unwrap_or(u32::MAX);
        let entries = u32::try_from(self.by_id.len()).unwrap_or(u32::MAX);
        let all = f64::from(entries.saturating_add(IMAGINED));
        let share = (all / (f64::from(holders) + 1.0)).ln() / all.ln();
        // A share of 1000 is exact enough, and a whole number adds up to the same in any order.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 50 and 1000"
        )]
        let weight = (share * 1_000.0).clamp(50.0, 1_000.0) as u32;
        weight
    }

    fn weight(&self, term: u32) -> u64 {
        let weight = match self.kinds.get(term as usize) {
            Some(Kind::Generic) => GENERIC,
            Some(Kind::Region) => REGION,
            _ => self.rarity(self.postings.get(term as usize).map_or(0, Vec::len)),
        };
        u64::from(weight)
    }

    fn weights(&self, terms: &[u32]) -> u64 {
        terms.iter().map(|t| self.weight(*t)).sum()
    }

    fn side(&self, texts: &[&Text]) -> Side {
        let mut out = Side::default();
        let mut seen = HashSet::new();
        for occurrence in texts.iter().flat_map(|t| &t.terms) {
            if !seen.insert(occurrence.term) {
                continue;
            }
            if let Some(number) = self.numbers.get(&occurrence.term) {
                out.terms.push(*number);
                out.weight += self.weight(*number);
            } else {
                out.weight += u64::from(match occurrence.kind {
                    Kind::Word => self.rarity(0),
                    Kind::Generic => GENERIC,
                    Kind::Region => REGION,
                });
            }
        }
        out.terms.sort_unstable();
        out
    }

    /// The weight of a text's terms, of those in `with` where it is given.
    #[must_use]
    pub fn weigh(&self, text: &Text, with: Option<&HashSet<u64>>) -> u64 {
        let mut seen = HashSet::new();
        let terms = text.terms.iter().filter(|o| seen.insert(o.term));
        let kept = terms.filter(|o| with.is_none_or(|w| w.contains(&o.term)));
        kept.map(|o| match (self.numbers.get(&o.term), o.kind) {
            (Some(number), _) => self.weight(*number),
            (None, Kind::Word) => u64::from(self.rarity(0)),
            (None, Kind::Generic) => u64::from(GENERIC),
            (None, Kind::Region) => u64::from(REGION),
        })
        .sum()
    }

    /// A question about an entry that is in the index.
    #[must_use]
    pub fn about(&self, id: i64) -> Option<Query> {
        let doc = self.doc(id)?;
        let datasets = self.datasets_of(doc);
        Some(Query {
            id: Some(id),
            department: Some(doc.department),
            core: doc.core,
            phases: doc.phases.clone(),
            name: Side {
                weight: self.weights(&doc.name),
                terms: doc.name.clone(),
            },
            all: Side {
                weight: self.weights(&doc.all),
                terms: doc.all.clone(),
            },
            described: doc.described,
            targets: doc.targets.clone(),
            items: self
                .items_of(&datasets)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            datasets,
            code: doc.code.clone(),
            kin: doc.kin.clone(),
        })
    }

    /// A question about something that is not in the index; item names in the form that is compared.
    #[must_use]
    pub fn asked(&self, facts: &Facts, department: Option<i64>, items: &[String]) -> Query {
        Query {
            id: None,
            department,
            core: core(&facts.name),
            phases: facts.name.phases.clone(),
            name: self.side(&[&facts.name]),
            all: self.side(&[&facts.name, &facts.function]),
            described: !facts.function.terms.is_empty(),
            targets: facts.targets.clone(),
            datasets: Vec::new(),
            items: items.iter().cloned().collect(),
            code: String::new(),
            kin: Vec::new(),
        }
    }

    fn overlap(&self, query: &Side, theirs: &[u32]) -> Overlap {
        let shared = theirs
            .iter()
            .filter(|t| query.terms.binary_search(t).is_ok());
        Overlap {
            shared: shared.map(|t| self.weight(*t)).sum(),
            left: query.weight,
            right: self.weights(theirs),
        }
    }

    fn line(&self, one: i64, other: i64) -> Option<u64> {
        if one == other {
            return Some(1_000);
        }
        let (one, other) = (self.lines.get(&one)?, self.lines.get(&other)?);
        if one.is_empty() || other.is_empty() {
            return None;
        }
        if one == other {
            return Some(1_000);
        }
        let pairs = |text: &[char]| -> HashSet<[char; 2]> {
            text.windows(2)
                .filter_map(|w| <[char; 2]>::try_from(w).ok())
                .collect()
        };
        let (one, other) = (pairs(one), pairs(other));
        let shared = one.intersection(&other).count() as u64;
        let overlap = Overlap {
            shared,
            left: one.len() as u64,
            right: other.len() as u64,
        };
        Some(overlap.alike(1))
    }

    /// Compares with one entry, whatever comes of it.
    #[must_use]
    pub fn compare(&self, query: &Query, doc: &Doc) -> Found {
        let alike = Alike {
            name: self.overlap(&query.name, &doc.name).alike(ENOUGH_NAME),
            function: (query.described && doc.described).then(|| {
                // Texts that say the same in other words share about half of their terms.
                let alike = self.overlap(&query.all, &doc.all).alike(ENOUGH_ALL);
                (alike * 3 / 2).min(1_000)
            }),
            line: query.department.and_then(|d| self.line(d, doc.department)),
            target: (!query.targets.is_empty() && !doc.targets.is_empty()).then(|| {
                let same = query.targets.iter().any(|t| doc.targets.contains(t));
                u64::from(same) * 1_000
            }),
            data: self.data(query, doc),
        };
        let (score, parts) = alike.score();
        let score = match (doc.present, doc.retired) {
            (false, _) => u8::try_from(u16::from(score) * 6 / 10).unwrap_or(score),
            (true, true) => u8::try_from(u16::from(score) * 85 / 100).unwrap_or(score),
            (true, false) => score,
        };
        let phase = query.core != 0
            && query.core == doc.core
            && query.department == Some(doc.department)
            && query.phases != doc.phases;
        Found {
            id: doc.id,
            score,
            parts,
            phase,
            digest: doc.digest.clone(),
            department: doc.department,
            retired: doc.retired,
        }
    }

    /// Whether two entries belong together: a project and what it builds.
    fn is_kin(query: &Query, doc: &Doc) -> bool {
        query.kin.contains(&doc.code) || (!query.code.is_empty() && doc.kin.contains(&query.code))
    }

    /// The entries most like what is asked about, the best first; `fits` says who is compared with at all.
    #[must_use]
    pub fn search(&self, query: &Query, rules: Rules, fits: impl Fn(&Doc) -> bool) -> Vec<Found> {
        let mut out: Vec<Found> = self
            .candidates(query, &fits)
            .into_iter()
            .filter_map(|slot| self.docs.get(slot as usize)?.as_ref())
            .map(|doc| self.compare(query, doc))
            .filter(|found| found.score >= rules.possible)
            .collect();
        out.sort_by(|a, b| b.score.cmp(&a.score).then(a.id.cmp(&b.id)));
        out
    }

    /// The best by shared weight of names, of everything, and those that share a dataset.
    fn candidates(&self, query: &Query, fits: &impl Fn(&Doc) -> bool) -> Vec<u32> {
        let mut all = vec![0_u32; self.docs.len()];
        let mut names = vec![0_u32; self.docs.len()];
        for term in &query.all.terms {
            let weight = u32::try_from(self.weight(*term)).unwrap_or(0);
            let in_name = query.name.terms.binary_search(term).is_ok();
            for slot in self.postings.get(*term as usize).into_iter().flatten() {
                if let Some(sum) = all.get_mut(*slot as usize) {
                    *sum += weight;
                }
                if in_name && let Some(sum) = names.get_mut(*slot as usize) {
                    *sum += weight;
                }
            }
        }
        let mut by_all: Vec<(u64, u32)> = Vec::new();
        let mut by_name: Vec<(u64, u32)> = Vec::new();
        for (slot, (all, name)) in (0_u32..).zip(all.into_iter().zip(names)) {
            if all == 0 {
                continue;
            }
            let Some(doc) = self.docs.get(slot as usize).and_then(Option::as_ref) else {
                continue;
            };
            if Some(doc.id) == query.id || Self::is_kin(query, doc) || !fits(doc) {
                continue;
            }
            // The square against the length: close enough to the exact order.
            let against = |sum: u32, length: usize| u64::from(sum).pow(2) / (length as u64 + 4);
            by_all.push((against(all, doc.all.len()), slot));
            by_name.push((against(name, doc.name.len()), slot));
        }
        let mut out = HashSet::new();
        for mut list in [by_all, by_name] {
            let best = |a: &(u64, u32), b: &(u64, u32)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
            if list.len() > COMPARED {
                list.select_nth_unstable_by(COMPARED, best);
                list.truncate(COMPARED);
            }
            out.extend(list.into_iter().map(|(_, slot)| slot));
        }
        for dataset in query.datasets.iter().filter_map(|d| self.doc(*d)) {
            let source = dataset.system.as_ref().and_then(|s| self.systems.get(s));
            let users = self.users.get(&dataset.code).into_iter().flatten();
            let docs = users.chain(source).filter_map(|id| self.doc(*id));
            let others = docs
                .filter(|d| Some(d.id) != query.id && !Self::is_kin(query, d) && fits(d))
                .take(COMPARED);
            out.extend(others.filter_map(|d| self.by_id.get(&d.id)));
        }
        let mut out: Vec<u32> = out.into_iter().collect();
        out.sort_unstable();
        out
    }
}
