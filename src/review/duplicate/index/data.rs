//! The data that entries stand on: datasets by reference, items by name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Doc, Index, Query, Sort};
use crate::review::duplicate::score::Overlap;

/// Shared weight from which data counts in full.
const ENOUGH_DATA: u64 = 1_500;

impl Index {
    /// The datasets that an entry stands on.
    pub(super) fn datasets_of(&self, doc: &Doc) -> Vec<i64> {
        let named = doc.datasets.iter().filter_map(|c| self.datasets.get(c));
        let mut out: Vec<i64> = named.copied().collect();
        if doc.sort == Sort::System
            && let Some(own) = self.of_system.get(&doc.code)
        {
            out.extend(own);
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Names of the items of datasets.
    pub(super) fn items_of(&self, datasets: &[i64]) -> BTreeSet<&str> {
        let sets = datasets.iter().filter_map(|d| self.items.get(d));
        sets.flat_map(BTreeMap::values)
            .map(String::as_str)
            .collect()
    }

    /// Datasets of an entry, for whoever wants to name what is shared.
    #[must_use]
    pub fn datasets(&self, id: i64) -> Vec<i64> {
        self.doc(id)
            .map(|d| self.datasets_of(d))
            .unwrap_or_default()
    }

    /// Names of items that a query shares with these datasets, the rarest first.
    #[must_use]
    pub fn shared_items(&self, query: &Query, datasets: &[i64]) -> Vec<String> {
        let theirs = self.items_of(datasets).into_iter();
        let shared = theirs.filter(|n| query.items.contains(*n));
        let mut out: Vec<(u32, &str)> = shared.map(|n| (self.item_weight(n), n)).collect();
        out.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        out.into_iter().map(|(_, name)| name.to_owned()).collect()
    }

    /// The datasets that a query stands on, too.
    #[must_use]
    pub fn shared_datasets(&self, query: &Query, datasets: &[i64]) -> Vec<i64> {
        let shared = datasets.iter().filter(|d| query.datasets.contains(d));
        shared.copied().collect()
    }

    fn item_weight(&self, name: &str) -> u32 {
        let holders = self.item_counts.get(name).copied().unwrap_or(0);
        let sets = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        // Of 1000: a name that every dataset has, such as 备注, says nothing.
        let rare = sets.saturating_sub(holders).saturating_mul(1_000) / sets.max(1);
        rare.max(400 / holders.max(1)).min(1_000)
    }

    /// How alike the data of both is; none where one of them names none.
    pub(super) fn data(&self, query: &Query, doc: &Doc) -> Option<u64> {
        let datasets = self.datasets_of(doc);
        let theirs = self.items_of(&datasets);
        let ours = !query.items.is_empty() || !query.datasets.is_empty();
        if !ours || (theirs.is_empty() && datasets.is_empty()) {
            return None;
        }
        let same = self.shared_datasets(query, &datasets).len();
        if same > 0 && doc.sort != Sort::Dataset {
            return Some(1_000);
        }
        let weigh = |name: &str| u64::from(self.item_weight(name));
        let shared = theirs.iter().filter(|n| query.items.contains(**n));
        let overlap = Overlap {
            shared: shared.map(|n| weigh(n)).sum(),
            left: query.items.iter().map(|n| weigh(n)).sum(),
            right: theirs.iter().map(|n| weigh(n)).sum(),
        };
        Some(overlap.alike(ENOUGH_DATA))
    }
}
