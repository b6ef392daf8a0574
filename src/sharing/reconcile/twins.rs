//! Two entries that are one link: each end has recorded it by itself, and nobody has said so of the other's.

use std::collections::HashMap;

use super::BEGIN;
use super::found::{Finding, Kind, Link, title};
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{self, Side};
use crate::register::words;

/// The end that alone has spoken of a link.
fn alone(link: &Link) -> Option<Side> {
    match (link.pair.has(Side::Provider), link.pair.has(Side::Consumer)) {
        (true, false) => Some(Side::Provider),
        (false, true) => Some(Side::Consumer),
        _ => None,
    }
}

fn end(link: &Link, key: &str) -> Option<i64> {
    let found = link.ends.iter().find(|(k, _)| k == key);
    found.map(|(_, id)| *id)
}

/// Whether nothing tells two links apart, and something speaks for their being one.
fn is_one(a: &Link, b: &Link) -> bool {
    let keys = [ends::DATASET, ends::PROVIDER_SYSTEM, ends::CONSUMER_SYSTEM];
    let both = keys.map(|key| (end(a, key), end(b, key)));
    let apart = both
        .iter()
        .any(|(a, b)| a.is_some() && b.is_some() && a != b);
    let same = both.iter().any(|(a, b)| a.is_some() && a == b);
    !apart && (same || words::name_key(&a.name) == words::name_key(&b.name))
}

/// Pairs of links between the same departments, said by one end each, that seem to be one. A link that could be one
/// with several is left alone: a doubtful case is a question for people who know it.
pub(super) fn find(definitions: Definitions<'_>, links: &[Link]) -> Vec<Finding> {
    let mut between: HashMap<(i64, i64), Vec<&Link>> = HashMap::new();
    for link in links {
        if let (Some(consumer), Some(_)) = (link.consumer, alone(link)) {
            between
                .entry((link.provider, consumer))
                .or_default()
                .push(link);
        }
    }
    let mut out = Vec::new();
    for all in between.values() {
        let of = |side: Side| all.iter().copied().filter(move |l| alone(l) == Some(side));
        for given in of(Side::Provider) {
            let likes: Vec<&Link> = of(Side::Consumer).filter(|l| is_one(given, l)).collect();
            let [taken] = likes.as_slice() else { continue };
            if of(Side::Provider).filter(|l| is_one(l, taken)).count() == 1 {
                out.push(twin(definitions, given, taken));
            }
        }
    }
    out
}

fn twin(definitions: Definitions<'_>, given: &Link, taken: &Link) -> Finding {
    let kind = Kind::Twin;
    Finding {
        kind,
        cause: format!("{BEGIN}{}:{}:{}", kind.word(), given.id, taken.id),
        title: title(kind, &given.name),
        text: format!(
            "提供方登记的“{}”（{}）与使用方登记的“{}”（{}）像是同一条对接。是同一条的，请由数据管理部门或提供方在查重中合并；\
             不是的，请双方分别确认。",
            given.name, given.code, taken.name, taken.code
        ),
        raised_by: taken
            .consumer
            .map_or(given.provider, |c| definitions.directory.heir(c)),
        owed_by: definitions.directory.heir(given.provider),
        entries: vec![given.id, taken.id],
        codes: vec![given.code.clone(), taken.code.clone()],
    }
}
