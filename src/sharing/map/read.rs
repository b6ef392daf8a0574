//! What the map is made of, read in a handful of questions however many links there are.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::{MOST, Standing};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::{self, summaries};
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{self, Pair};
use crate::ledger::search;
use crate::sharing::LINKS;
use crate::sharing::field::MODE;

/// Entries asked for at once.
const PART: usize = 500;

/// A link in use, as far as the map must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub id: i64,
    pub provider: i64,
    pub consumer: Option<i64>,
    pub stage: String,
    pub provider_system: Option<i64>,
    pub dataset: Option<i64>,
    pub consumer_system: Option<i64>,
    pub standing: Standing,
    /// The viewer sees it at least in part.
    pub seen: bool,
}

/// All links in use, seen or not, and whether there are more.
pub(super) fn links(conn: &mut Conn, viewer: &Viewer) -> Result<(Vec<Link>, bool)> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let mut rows = scope::between(conn, LINKS, most.saturating_add(1))?;
    let cut = rows.len() > MOST;
    rows.truncate(MOST);
    let seen = seen_links(conn, viewer)?;
    let mut named: HashMap<i64, Named> = HashMap::with_capacity(rows.len());
    for tie in scope::tied(
        conn,
        LINKS,
        &["provider_system", "dataset", "consumer_system"],
    )? {
        let own = named.entry(tie.from).or_default();
        match tie.field.as_str() {
            "provider_system" => own.provider_system = Some(tie.to),
            "dataset" => own.dataset = Some(tie.to),
            _ => own.consumer_system = Some(tie.to),
        }
    }
    let pairs = ends::load(conn, None)?;
    let out = rows.into_iter().map(|row| {
        let own = named.remove(&row.id).unwrap_or_default();
        let standing = pairs.get(&row.id).map(Pair::standing);
        Link {
            consumer: row.party,
            seen: seen.as_ref().is_none_or(|ids| ids.contains(&row.id)),
            standing: standing.map_or(Standing::Pending, Standing::from),
            id: row.id,
            provider: row.department,
            stage: row.stage,
            provider_system: own.provider_system,
            dataset: own.dataset,
            consumer_system: own.consumer_system,
        }
    });
    Ok((out.collect(), cut))
}

#[derive(Default)]
struct Named {
    provider_system: Option<i64>,
    dataset: Option<i64>,
    consumer_system: Option<i64>,
}

/// The links that the viewer sees; none when it is all of them.
fn seen_links(conn: &mut Conn, viewer: &Viewer) -> Result<Option<HashSet<i64>>> {
    if matches!(viewer.reach(Right::SeeMoney), Reach::Everything) {
        return Ok(None);
    }
    let ids: Vec<i64> = summaries(viewer)
        .filter(entries::register.eq(LINKS))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .select(entries::id)
        .load(conn)?;
    Ok(Some(ids.into_iter().collect()))
}

/// How each link goes, by the search words of its mode: no document is read.
pub(super) fn modes(conn: &mut Conn, definitions: Definitions<'_>) -> Result<HashMap<i64, String>> {
    let mut out = HashMap::new();
    let field = definitions.register.field(MODE);
    let list = field
        .and_then(|f| f.list.as_deref())
        .and_then(|l| definitions.catalogue.list(l));
    for item in list.into_iter().flat_map(|l| &l.items) {
        let word = search::value_word(LINKS, MODE, &item.code);
        for id in search::with_word(conn, &word)? {
            out.insert(id, item.label.clone());
        }
    }
    Ok(out)
}

/// The links of one mode, by its code.
pub(super) fn of_mode(conn: &mut Conn, mode: &str) -> Result<HashSet<i64>> {
    let word = search::value_word(LINKS, MODE, mode);
    Ok(search::with_word(conn, &word)?.into_iter().collect())
}

/// Code and name of links that the viewer sees.
pub(super) fn names(
    conn: &mut Conn,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<HashMap<i64, (String, String)>> {
    let mut out = HashMap::with_capacity(ids.len());
    for part in ids.chunks(PART) {
        let rows: Vec<(i64, String, String)> = summaries(viewer)
            .filter(entries::id.eq_any(part.to_vec()))
            .select((entries::id, entries::code, entries::name))
            .load(conn)?;
        out.extend(rows.into_iter().map(|(id, code, name)| (id, (code, name))));
    }
    Ok(out)
}
