//! What is wrong with links: read in a handful of questions, judged one link at a time.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::judge::Judge;
use super::{BEGIN, DISPUTES, Rules, answers_for_all, may, twins};
use crate::almanac;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{change_sets, entries};
use crate::db::scope::{self, visible};
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{self, Pair, Side};
use crate::ledger::entry;
use crate::org::directory::Directory;
use crate::register::value::Document;
use crate::sharing::{LINKS, field};

/// Entries asked for at once.
const PART: usize = 500;

/// Makes the kinds of findings from one table.
macro_rules! kinds {
    ($($variant:ident $word:literal $label:literal $issue:literal $healed:literal,)*) => {
        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word it is stored as.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What people read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The kind of issue it is, of the list `issue_kind`.
            #[must_use]
            pub fn issue(self) -> &'static str {
                match self { $(Self::$variant => $issue,)* }
            }

            /// What is said when it is healed.
            #[must_use]
            pub fn healed(self) -> &'static str {
                match self { $(Self::$variant => $healed,)* }
            }
        }
    };
}

/// What can be wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One end has not answered for long.
    Stale,
    /// Two entries that are one link, each said by one end alone.
    Twin,
    /// Both ends say it, and otherwise.
    Conflict,
    /// A system or dataset at an end is out of use.
    Retired,
    /// A system or dataset at an end has been removed.
    Gone,
    /// A running link that names nothing in the ledger at an end.
    Unknown,
    /// A department at an end has been merged or abolished.
    Over,
    /// It runs past its last day.
    Expired,
}

kinds! {
    Stale "stale" "长期未确认" "mismatch" "对方已确认或已不再等待确认",
    Twin "twin" "两端各登记一条" "mismatch" "两条登记已合并或已分别确认",
    Conflict "conflict" "两端说法不一" "mismatch" "两端说法已一致",
    Retired "retired" "端点已停用" "mismatch" "端点已更换，或对接已终止",
    Gone "gone" "端点已移除" "mismatch" "端点已更换，或对接已终止",
    Unknown "unknown" "端点未入账" "mismatch" "端点已登记",
    Over "over" "单位已撤并" "mismatch" "已改为现有单位",
    Expired "expired" "超期仍在运行" "authorisation" "期限已续，或对接已终止",
}

impl Kind {
    /// The kind that a cause names.
    #[must_use]
    pub fn of_cause(cause: &str) -> Option<Self> {
        if cause.starts_with(DISPUTES) {
            return Some(Self::Conflict);
        }
        let word = cause.strip_prefix(BEGIN)?.split(':').next()?;
        Self::ALL.iter().copied().find(|k| k.word() == word)
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// The same whenever it is found.
    pub cause: String,
    /// In a line.
    pub title: String,
    /// What to do.
    pub text: String,
    /// The department for which it is raised.
    pub raised_by: i64,
    /// The department that is to act.
    pub owed_by: i64,
    /// The links it is about.
    pub entries: Vec<i64>,
    /// Their codes.
    pub codes: Vec<String>,
}

/// Which links were compared.
pub(super) struct Compared {
    ids: HashSet<i64>,
    /// Everything was, so what is not there is gone.
    all: bool,
}

impl Compared {
    /// Whether the links of a cause were compared.
    pub fn covers(&self, cause: &str) -> bool {
        let mut links = cause.split(':').filter_map(|n| n.parse().ok());
        self.all || links.any(|id: i64| self.ids.contains(&id))
    }
}

/// A link as it is compared.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub id: i64,
    pub code: String,
    pub name: String,
    pub provider: i64,
    pub consumer: Option<i64>,
    pub running: bool,
    pub created_seq: i64,
    pub said: Document,
    pub pair: Pair,
    /// References: field and entry.
    pub ends: Vec<(String, i64)>,
}

impl Link {
    /// The department at an end.
    pub fn at(&self, side: Side) -> Option<i64> {
        match side {
            Side::Provider => Some(self.provider),
            Side::Consumer => self.consumer,
        }
    }

    /// A finding about it: an end owes, the other one raises it.
    pub fn finding(
        &self,
        directory: &Directory,
        kind: Kind,
        (side, mark): (Side, &str),
        text: String,
    ) -> Finding {
        let own = self.at(side).unwrap_or(self.provider);
        let other = self.at(side.other()).unwrap_or(self.provider);
        let mark = if mark.is_empty() {
            String::new()
        } else {
            format!(":{mark}")
        };
        Finding {
            kind,
            cause: format!("{BEGIN}{}:{}{mark}", kind.word(), self.id),
            title: title(kind, &self.name),
            text: format!("对接“{}”（{}）{text}", self.name, self.code),
            raised_by: directory.heir(other),
            owed_by: directory.heir(own),
            entries: vec![self.id],
            codes: vec![self.code.clone()],
        }
    }
}

/// What a finding is called, no longer than titles of issues are.
pub(super) fn title(kind: Kind, name: &str) -> String {
    format!("{}: {name}", kind.label())
        .chars()
        .take(100)
        .collect()
}

/// An end's entry: whether it is there, and in use.
pub(super) type Standings = HashMap<i64, (bool, bool)>;

/// The links that the viewer answers for, and where the entries at their ends stand.
fn read(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
) -> Result<(Vec<Link>, Standings)> {
    type Row = (i64, String, String, i64, Option<i64>, String, i64, String);
    let rows: Vec<Row> = visible(viewer)
        .filter(entries::register.eq(LINKS))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .order(entries::id)
        .select((
            entries::id,
            entries::code,
            entries::name,
            entries::department_id,
            entries::party_id,
            entries::stage,
            entries::created_seq,
            entries::attributes,
        ))
        .load(conn)?;
    let mut pairs = ends::load(conn, None)?;
    let mut tied: HashMap<i64, Vec<(String, i64)>> = HashMap::new();
    let fields = [ends::PROVIDER_SYSTEM, ends::DATASET, ends::CONSUMER_SYSTEM];
    for tie in scope::tied(conn, LINKS, &fields)? {
        tied.entry(tie.from).or_default().push((tie.field, tie.to));
    }
    let keys = [ends::ITEMS, field::VALID_UNTIL];
    let links: Vec<Link> = rows
        .into_iter()
        .filter(|r| may(viewer, (r.3, r.4)))
        .map(
            |(id, code, name, provider, consumer, stage, created_seq, attributes)| Link {
                id,
                code,
                name,
                provider,
                consumer,
                running: stage == "operation",
                created_seq,
                said: entry::pick(&attributes, |k| {
                    keys.contains(&k) || definitions.register.agreed.iter().any(|a| a == k)
                }),
                pair: pairs.remove(&id).unwrap_or_default(),
                ends: tied.remove(&id).unwrap_or_default(),
            },
        )
        .collect();
    let mut ids: Vec<i64> = links
        .iter()
        .flat_map(|l| l.ends.iter().map(|e| e.1))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok((links, standings(conn, &ids)?))
}

/// Whether the entries at the ends are there and in use, whoever owns them: nothing else of them is told.
fn standings(conn: &mut Conn, ids: &[i64]) -> Result<Standings> {
    let mut out = HashMap::with_capacity(ids.len());
    for part in ids.chunks(PART) {
        let rows: Vec<(i64, bool, String)> = visible(&Viewer::operator("系统"))
            .filter(entries::id.eq_any(part.to_vec()))
            .select((entries::id, entries::present, entries::stage))
            .load(conn)?;
        let told = |(id, present, stage): (i64, bool, String)| (id, (present, stage != "retired"));
        out.extend(rows.into_iter().map(told));
    }
    Ok(out)
}

/// When the links were recorded that nobody has said anything of yet.
fn recorded(conn: &mut Conn, links: &[Link]) -> Result<HashMap<i64, NaiveDateTime>> {
    let mut seqs: Vec<i64> = links
        .iter()
        .filter(|l| l.pair == Pair::default())
        .map(|l| l.created_seq)
        .collect();
    seqs.sort_unstable();
    seqs.dedup();
    let mut out = HashMap::new();
    for part in seqs.chunks(PART) {
        let rows: Vec<(i64, NaiveDateTime)> = change_sets::table
            .filter(change_sets::seq.eq_any(part.to_vec()))
            .select((change_sets::seq, change_sets::at))
            .load(conn)?;
        out.extend(rows);
    }
    Ok(out)
}

/// Everything that is wrong with links that the viewer answers for, in order of kind and link, and which were compared.
pub(super) fn compare(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    rules: Rules,
    today: NaiveDate,
) -> Result<(Vec<Finding>, Compared)> {
    let (links, standings) = read(conn, viewer, definitions)?;
    let made = recorded(conn, &links)?;
    let (calendar, _) = almanac::calendar(conn)?;
    let judge = Judge {
        directory: definitions.directory,
        calendar: &calendar,
        standings: &standings,
        made: &made,
        rules,
        today,
    };
    let mut out: Vec<Finding> = links.iter().flat_map(|l| judge.all(l)).collect();
    out.extend(twins::find(definitions, &links));
    out.sort_by(|a, b| (a.kind, &a.cause).cmp(&(b.kind, &b.cause)));
    let compared = Compared {
        ids: links.iter().map(|l| l.id).collect(),
        all: answers_for_all(viewer),
    };
    Ok((out, compared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_says_its_kind_and_its_links() {
        for kind in Kind::ALL {
            let cause = format!("{BEGIN}{}:12:dataset", kind.word());
            assert_eq!(Kind::of_cause(&cause), Some(*kind));
        }
        assert_eq!(Kind::of_cause("request:12"), None);
        let compared = Compared {
            ids: HashSet::from([12]),
            all: false,
        };
        assert!(compared.covers("reconcile:stale:12") && compared.covers("reconcile:twin:3:12"));
        assert!(!compared.covers("reconcile:stale:13"));
        assert_eq!(super::super::twins_of("reconcile:twin:3:12"), Some([3, 12]));
        for other in [
            "reconcile:stale:3",
            "reconcile:twin:3",
            "link:3",
            "reconcile:twins:3:12",
        ] {
            assert_eq!(super::super::twins_of(other), None, "{other}");
        }
    }
}
