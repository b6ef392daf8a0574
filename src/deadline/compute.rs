//! From an entry to what falls due on it.

use chrono::{Datelike as _, NaiveDate};

use super::rules::{Rule, rules};
use crate::almanac::Almanac;
use crate::calendar::{Due, add_days, days_before};
use crate::ledger::entry::{stage_word, text};
use crate::register::date::PartialDate;
use crate::register::value::{Document, Value};

/// An entry as far as the rules read it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// Register key.
    pub register: &'f str,
    /// Stage word.
    pub stage: &'f str,
    /// Region codes of the owner: its own and those above.
    pub regions: &'f [String],
    /// The values.
    pub document: &'f Document,
}

/// Something that falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Key of the rule.
    pub rule: String,
    /// Number of the time limit; empty when a field is the due date itself.
    pub limit_id: String,
    /// The event it counts from.
    pub start_on: Option<NaiveDate>,
    /// The first day on which it may be done.
    pub opens_on: Option<NaiveDate>,
    /// The last day in time.
    pub due: Due,
    /// From this day on people are reminded.
    pub warn_on: NaiveDate,
    /// After this day it is no longer listed.
    pub lapse_on: Option<NaiveDate>,
    /// Whether it is done.
    pub done: bool,
    /// When it was done, where a date says so.
    pub done_on: Option<NaiveDate>,
}

impl Wanted {
    /// Whether it was done after the due date.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.done && self.done_on.is_some_and(|on| on > self.due.date)
    }
}

/// What falls due on an entry, rule by rule.
#[must_use]
pub fn wanted(almanac: &Almanac, facts: Facts<'_>) -> Vec<Wanted> {
    let here = rules().iter().filter(|r| r.register == facts.register);
    here.filter(|r| r.stages.is_empty() || r.stages.iter().any(|s| stage_word(*s) == facts.stage))
        .filter(|r| r.applies(facts.document))
        .filter_map(|r| one(almanac, facts, r))
        .collect()
}

fn one(almanac: &Almanac, facts: Facts<'_>, rule: &Rule) -> Option<Wanted> {
    // Where the day is not known, the last it may mean: nobody is called late who may be in time.
    let start = match &rule.start {
        Some(key) => Some(date(facts.document, key)?.last_day()),
        None => None,
    };
    let (limit_id, due, opens_on) = if rule.limits.is_empty() {
        let due = Due {
            date: start?,
            provisional: false,
        };
        (String::new(), due, None)
    } else {
        // A limit with one day for all is asked by that day.
        let found = rule.limits.iter().find_map(|id| {
            let fixed = almanac.limits.iter().find(|l| l.rule_id == *id)?.fixed_on;
            let on = start.or(fixed)?;
            let limit = almanac.limit(id, on, facts.regions)?;
            let due = limit.due(&almanac.calendar, on)?;
            Some((id.clone(), due, limit.opens(&almanac.calendar, on)))
        });
        found?
    };
    let (done, done_on) = done(facts.document, &rule.done);
    Some(Wanted {
        rule: rule.key.clone(),
        limit_id,
        start_on: start,
        opens_on,
        due,
        warn_on: days_before(due.date, rule.warn_days).max(opens_on.unwrap_or(NaiveDate::MIN)),
        lapse_on: rule.lapse_days.map(|days| add_days(due.date, days)),
        done,
        done_on,
    })
}

fn date(document: &Document, key: &str) -> Option<PartialDate> {
    let found = PartialDate::parse(text(document, key)?)?;
    (found.year() >= 1990).then_some(found)
}

/// Whether one of the fields says that it is done, and on which day at the earliest.
fn done(document: &Document, fields: &[String]) -> (bool, Option<NaiveDate>) {
    let mut is_done = false;
    let mut on: Option<NaiveDate> = None;
    for key in fields {
        match document.get(key) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Text(words)) => {
                is_done = true;
                // Of a month or a year only the first day is sure not to wrong anybody.
                let day = PartialDate::parse(words).map(|d| d.first_day());
                let day = day.filter(|d| d.year() >= 1990);
                on = match (on, day) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
            Some(_) => is_done = true,
        }
    }
    (is_done, on)
}
