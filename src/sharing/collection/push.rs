//! What the platform reports: the state of many datasets in one call, written as one change set.
//!
//! Only the fields of collection can be written this way. A dataset out of reach is as unknown as one that is not
//! there. All items go in or none does, unless the caller takes part of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refresh::REGISTER;
use super::standing::key;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::edit::{self, Act, Draft, Given, MOST, Source, Why};
use crate::register::date::PartialDate;
use crate::register::read::ColumnContext;
use crate::register::text;
use crate::register::value::{Reading, Value};
use crate::sheet::cell::Cell;

/// How often a report is tried again when somebody else changes one of its datasets meanwhile.
const TRIES: usize = 4;

/// What the platform says of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CollectionItem)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Code of the dataset.
    pub code: String,
    /// Whether it is collected. With `false` nothing else may be said, and what was said before is taken out.
    pub collected: bool,
    /// How: 实时, 全量, 增量, or a code of the list `collect_mode`; what is not said stays.
    pub mode: Option<String>,
    /// Since when, `YYYY-MM-DD` or `YYYY-MM`; what is not said stays.
    pub since: Option<String>,
    /// The day of its last update on the platform; what is not said stays.
    pub updated: Option<String>,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CollectionFate)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was written.
    Changed,
    /// The ledger says so already.
    Same,
    /// It was not taken; the problems say why.
    Refused,
}

/// What became of an item, with why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CollectionOutcome)]
pub struct Outcome {
    /// Code of the dataset.
    pub code: String,
    /// What became of it.
    pub fate: Fate,
    /// Version of the entry now; absent when it was refused.
    pub revision: Option<i32>,
    /// Why it was refused.
    pub problems: Vec<Problem>,
}

/// What a report came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CollectionPushed)]
pub struct Pushed {
    /// The change set; none when nothing changed.
    pub change_set: Option<i64>,
    /// How many were written.
    pub changed: usize,
    /// How many said what the ledger says already.
    pub same: usize,
    /// How many were refused.
    pub refused: usize,
    /// The items, in the order of the call.
    pub items: Vec<Outcome>,
}

/// Writes what the platform reports; with `partial`, what is wrong is left out instead of refusing everything.
///
/// # Errors
/// [`Error::Refused`] without the right; [`Error::Invalid`] with everything wrong, by item, unless `partial`;
/// [`Error::TooLarge`] for more than 500 items.
pub fn push(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    items: &[Item],
    (reason, partial): (&str, bool),
) -> Result<Pushed> {
    viewer.may_anywhere(Right::ReportCollection)?;
    if items.len() > MOST {
        return Err(Error::TooLarge(format!("一次最多上报 {MOST} 个数据资源")));
    }
    if items.is_empty() {
        let what = "没有要上报的数据资源。";
        return Err(Error::Invalid(vec![Problem::new(
            "items",
            "required",
            what,
            "请至少写一项",
        )]));
    }
    let desk = Desk {
        viewer,
        definitions,
        items,
        today: clock::today(),
        why: Why {
            source: Source::Platform,
            reason: if reason.trim().is_empty() {
                "平台上报汇聚情况".to_owned()
            } else {
                reason.to_owned()
            },
            valid_on: None,
        },
    };
    for _ in 1..TRIES {
        match desk.write(conn, partial) {
            // Somebody changed one of them between reading and writing; the platform knows of no versions.
            Err(Error::Stale(_)) => {}
            other => return other,
        }
    }
    desk.write(conn, partial)
}

/// Problems by item.
type Faults = BTreeMap<usize, Vec<Problem>>;

struct Desk<'d> {
    viewer: &'d Viewer,
    definitions: Definitions<'d>,
    items: &'d [Item],
    today: NaiveDate,
    why: Why,
}

impl Desk<'_> {
    fn write(&self, conn: &mut Conn, partial: bool) -> Result<Pushed> {
        let (mut drafts, mut faults) = self.drafts(conn)?;
        loop {
            if !partial && !faults.is_empty() {
                return Err(Error::Invalid(faults.into_values().flatten().collect()));
            }
            let ready: Vec<Draft> = drafts.iter().map(|(_, d)| d.clone()).collect();
            match edit::write(conn, self.viewer, self.definitions, &ready, &self.why) {
                Ok(done) => return Ok(self.pushed(&drafts, done, faults)),
                Err(Error::Invalid(problems)) => {
                    let found = self.placed(&drafts, problems)?;
                    drafts.retain(|(item, _)| !found.contains_key(item));
                    faults.extend(found);
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// What is to be written of which item, and what is wrong with the others.
    fn drafts(&self, conn: &mut Conn) -> Result<(Vec<(usize, Draft)>, Faults)> {
        let standing = self.standing(conn)?;
        let mut said = HashSet::new();
        let mut out = Vec::with_capacity(self.items.len());
        let mut faults = Faults::new();
        for (number, item) in self.items.iter().enumerate() {
            let mut wrong = Vec::new();
            let mut tell = |field: &str, code: &str, message: &str, hint: &str| {
                let field = format!("items[{number}].{field}");
                wrong.push(Problem::new(&field, code, message, hint));
            };
            let shown: String = item
                .code
                .chars()
                .filter(|c| !c.is_control())
                .take(60)
                .collect();
            if !said.insert(item.code.as_str()) {
                let message = format!("“{shown}”在一次上报中出现了两次。");
                tell("code", "duplicate_entry", &message, "请合并为一项");
            }
            let revision = standing.get(&item.code).copied();
            if revision.is_none() {
                let message = format!("没有编码为“{shown}”的数据资源，或不在可上报的范围内。");
                tell("code", "unknown_dataset", &message, "请核对编码");
            }
            let given = self.given(item, &mut tell);
            match revision {
                Some(revision) if wrong.is_empty() => {
                    let code = item.code.clone();
                    let act = Act::Amend { code, revision };
                    out.push((number, Draft { act, given }));
                }
                _ => {
                    faults.insert(number, wrong);
                }
            }
        }
        Ok((out, faults))
    }

    /// Versions of the datasets that are spoken of and in reach, by code.
    fn standing(&self, conn: &mut Conn) -> Result<HashMap<String, i32>> {
        let codes: Vec<&str> = self
            .items
            .iter()
            .map(|i| i.code.as_str())
            // Neither database shall be asked for what no code can be.
            .filter(|c| text::check("编码", c).is_ok())
            .collect();
        let rows: Vec<(String, i32, i64)> = scope::visible(self.viewer)
            .filter(entries::register.eq(REGISTER))
            .filter(entries::present.eq(true))
            .filter(entries::code.eq_any(codes))
            .select((entries::code, entries::revision, entries::department_id))
            .load(conn)?;
        let within = |department: i64| {
            self.viewer.can(Right::ReportCollection, department)
                && self.viewer.can(Right::Write, department)
        };
        let seen = rows.into_iter().filter(|(_, _, d)| within(*d));
        Ok(seen.map(|(code, revision, _)| (code, revision)).collect())
    }

    /// The values of an item; what is wrong with them is told.
    fn given(
        &self,
        item: &Item,
        tell: &mut impl FnMut(&str, &str, &str, &str),
    ) -> BTreeMap<String, Given> {
        let mut out = BTreeMap::from([(key::COLLECTED.to_owned(), Given::Bool(item.collected))]);
        let told = [
            ("mode", key::MODE, &item.mode),
            ("since", key::SINCE, &item.since),
            ("updated", key::UPDATED, &item.updated),
        ];
        let mut days = BTreeMap::new();
        for (name, field, said) in told {
            let said = said.as_deref().filter(|s| !s.trim().is_empty());
            if !item.collected {
                if said.is_some() {
                    let message = format!("未汇聚的数据资源不应有 {name}。");
                    tell(
                        name,
                        "contradiction",
                        &message,
                        "请去掉该项，或将 collected 改为 true",
                    );
                }
                out.insert(field.to_owned(), Given::Nothing);
                continue;
            }
            let Some(said) = said else { continue };
            match self.read(field, said) {
                Ok(Some(day)) if day.first_day() > self.today => {
                    tell(
                        name,
                        "future_date",
                        &format!("{name} 晚于今天。"),
                        "请核对日期",
                    );
                }
                Ok(day) => {
                    days.extend(day.map(|d| (name, d)));
                    out.insert(field.to_owned(), Given::Text(said.to_owned()));
                }
                Err(fault) => tell(name, fault.code, &fault.message, &fault.suggestion),
            }
        }
        if let (Some(since), Some(updated)) = (days.get("since"), days.get("updated"))
            && since.first_day() > updated.last_day()
        {
            let message = "since 晚于 updated。";
            tell(
                "since",
                "wrong_order",
                message,
                "汇聚起始日期不应晚于最近更新时间",
            );
        }
        out
    }

    /// The day that a text means to a field, if it is one of days; the fault of a text that the field cannot take.
    fn read(
        &self,
        field: &str,
        said: &str,
    ) -> std::result::Result<Option<PartialDate>, crate::register::value::Fault> {
        let definitions = self.definitions;
        let Some(field) = definitions.register.field(field) else {
            return Ok(None);
        };
        text::check(&field.label, said)?;
        let cell = Cell::Text(said.to_owned());
        match field.read(definitions.catalogue, &cell, &ColumnContext::default()) {
            Reading::Value(Value::Text(word), _) => {
                Ok(PartialDate::parse(&word).filter(|_| field.list.is_none()))
            }
            Reading::Fault(fault) => Err(fault),
            Reading::Value(..) | Reading::Blank(_) | Reading::Clear => Ok(None),
        }
    }

    /// What the ledger said against drafts, by item; whatever is no draft's is everybody's.
    fn placed(&self, drafts: &[(usize, Draft)], problems: Vec<Problem>) -> Result<Faults> {
        let mut out = Faults::new();
        let whose = |problem: &Problem| {
            let rest = problem.field.strip_prefix("entries[")?;
            let (place, field) = rest.split_once("].")?;
            let (item, _) = drafts.get(place.parse::<usize>().ok()?)?;
            Some((*item, field.to_owned()))
        };
        let mut others = Vec::new();
        for problem in problems {
            match whose(&problem) {
                Some((item, field)) => {
                    let field = format!("items[{item}].{field}");
                    let problem = Problem { field, ..problem };
                    out.entry(item).or_default().push(problem);
                }
                None => others.push(problem),
            }
        }
        if others.is_empty() && !out.is_empty() {
            return Ok(out);
        }
        others.extend(out.into_values().flatten());
        Err(Error::Invalid(others))
    }

    fn pushed(&self, drafts: &[(usize, Draft)], done: edit::Done, mut faults: Faults) -> Pushed {
        let mut written: BTreeMap<usize, edit::Written> = BTreeMap::new();
        for ((item, _), entry) in drafts.iter().zip(done.entries) {
            written.insert(*item, entry);
        }
        let mut out = Pushed {
            change_set: done.change_set,
            changed: 0,
            same: 0,
            refused: 0,
            items: Vec::with_capacity(self.items.len()),
        };
        for (number, item) in self.items.iter().enumerate() {
            let entry = written.remove(&number);
            let fate = match &entry {
                Some(w) if w.changed => Fate::Changed,
                Some(_) => Fate::Same,
                None => Fate::Refused,
            };
            match fate {
                Fate::Changed => out.changed += 1,
                Fate::Same => out.same += 1,
                Fate::Refused => out.refused += 1,
            }
            out.items.push(Outcome {
                code: item.code.clone(),
                fate,
                revision: entry.map(|w| w.revision),
                problems: faults.remove(&number).unwrap_or_default(),
            });
        }
        out
    }
}
