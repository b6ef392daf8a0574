//! What is wrong with one link, judged by what was read; pure.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::Rules;
use super::found::{Finding, Kind, Link, Standings};
use crate::calendar::WorkCalendar;
use crate::clock;
use crate::ledger::ends::{self, Side, Standing};
use crate::ledger::entry;
use crate::org::directory::Directory;
use crate::sharing::{field, follow};

/// What a link is judged by.
pub(super) struct Judge<'j> {
    pub directory: &'j Directory,
    pub calendar: &'j WorkCalendar,
    pub standings: &'j Standings,
    pub made: &'j HashMap<i64, NaiveDateTime>,
    pub rules: Rules,
    pub today: NaiveDate,
}

impl Judge<'_> {
    /// Everything that is wrong with a link.
    pub fn all(&self, link: &Link) -> Vec<Finding> {
        let mut out: Vec<Finding> = [self.stale(link), self.conflict(link), self.expired(link)]
            .into_iter()
            .flatten()
            .collect();
        for side in Side::ALL {
            out.extend(self.over(link, side));
            out.extend(self.unknown(link, side));
        }
        out.extend(
            link.ends
                .iter()
                .filter_map(|(key, id)| self.end(link, key, *id)),
        );
        out
    }

    fn stale(&self, link: &Link) -> Option<Finding> {
        let side = link.pair.standing().waits_for()?;
        let said = Side::ALL
            .iter()
            .filter_map(|s| link.pair.of(*s))
            .map(|e| e.at);
        let since = said
            .max()
            .or_else(|| self.made.get(&link.created_seq).copied())?;
        let days = self
            .calendar
            .working_days_between(clock::day_of(since), self.today);
        if days <= u32::from(self.rules.stale_days) {
            return None;
        }
        let text = format!(
            "登记后{}超过 {} 个工作日未确认。请确认，或提出异议。",
            side.label(),
            self.rules.stale_days
        );
        Some(link.finding(self.directory, Kind::Stale, (side, ""), text))
    }

    fn conflict(&self, link: &Link) -> Option<Finding> {
        if link.pair.standing() != Standing::Disputed {
            return None;
        }
        let apart = !link.pair.differences().is_empty();
        let text = if apart {
            "两端登记的对接方式、更新频率等不一致。请双方核对后统一，并各自确认。"
        } else {
            "一方提出异议。请双方核对，由提出异议的一方撤回，或终止对接。"
        };
        // Whoever disputes waits for the other one; of different words, the provider's stands in the ledger.
        let disputes = |side: Side| {
            let end = link.pair.of(side);
            end.is_some_and(|e| e.state == ends::State::Disputed)
        };
        let owes = if disputes(Side::Provider) && !disputes(Side::Consumer) {
            Side::Consumer
        } else {
            Side::Provider
        };
        let mut finding = link.finding(self.directory, Kind::Conflict, (owes, ""), text.to_owned());
        finding.cause = follow::cause(link.id);
        Some(finding)
    }

    fn expired(&self, link: &Link) -> Option<Finding> {
        let until = entry::text(&link.said, field::VALID_UNTIL).filter(|_| link.running)?;
        if !is_before(until, self.today) {
            return None;
        }
        let text = format!("的截止日期 {until} 已过，仍登记为运行中。请续期，或按规定终止。");
        Some(link.finding(self.directory, Kind::Expired, (Side::Provider, ""), text))
    }

    fn over(&self, link: &Link, side: Side) -> Option<Finding> {
        let own = link.at(side)?;
        let department = self.directory.get(own).filter(|d| d.is_over())?;
        let heir = self.directory.heir(own);
        let text = match self.directory.get(heir).filter(|h| h.id != own) {
            Some(heir) => format!(
                "的{}“{}”已撤并，请改为“{}”。",
                side.label(),
                department.name,
                heir.name
            ),
            None => format!(
                "的{}“{}”已撤销，请改为承接单位，或终止对接。",
                side.label(),
                department.name
            ),
        };
        // Nobody answers for a department that is gone without an heir: the other end does.
        let owes = if heir == own { side.other() } else { side };
        let mut finding = link.finding(self.directory, Kind::Over, (owes, side.word()), text);
        if heir == own {
            finding.raised_by = finding.owed_by;
        }
        Some(finding)
    }

    fn unknown(&self, link: &Link, side: Side) -> Option<Finding> {
        let keys: &[&str] = match side {
            Side::Provider => &[ends::PROVIDER_SYSTEM, ends::DATASET],
            Side::Consumer => &[ends::CONSUMER_SYSTEM],
        };
        let named = link
            .ends
            .iter()
            .any(|(key, _)| keys.contains(&key.as_str()));
        if !link.running || named {
            return None;
        }
        let what = match side {
            Side::Provider => "没有登记提供方系统或数据资源",
            Side::Consumer => "没有登记使用方系统",
        };
        let text = format!("正在运行，但{what}，或所填的不在一本账中。请补充。");
        Some(link.finding(self.directory, Kind::Unknown, (side, side.word()), text))
    }

    fn end(&self, link: &Link, key: &str, id: i64) -> Option<Finding> {
        let (present, in_use) = self.standings.get(&id).copied().unwrap_or((false, false));
        let kind = match (present, in_use) {
            (true, true) => return None,
            (true, false) => Kind::Retired,
            (false, _) => Kind::Gone,
        };
        let (side, what) = match key {
            ends::CONSUMER_SYSTEM => (Side::Consumer, "使用方系统"),
            ends::DATASET => (Side::Provider, "数据资源"),
            _ => (Side::Provider, "提供方系统"),
        };
        let state = if kind == Kind::Gone {
            "已从一本账移除"
        } else {
            "已停用"
        };
        let text = format!("的{what}{state}，对接仍登记为在用。请更换，或终止对接。");
        Some(link.finding(self.directory, kind, (side, key), text))
    }
}

/// Whether a date as it was written, perhaps only a month or a year, has gone by.
fn is_before(until: &str, today: NaiveDate) -> bool {
    let today = today.to_string();
    let digits = until.chars().all(|c| c.is_ascii_digit() || c == '-');
    let length = if digits { until.chars().count() } else { 4 };
    let cut = |text: &str| -> String { text.chars().take(length).collect() };
    cut(until) < cut(&today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_goes_by_when_it_is_over() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
        for (until, gone) in [
            ("2026-11-28", true),
            ("2026-11-29", false),
            ("2026-10", true),
            ("2026-11", false),
            ("2025", true),
            ("2026", false),
            ("2026-H1", false),
            ("2025-Q4", true),
        ] {
            assert_eq!(is_before(until, today), gone, "{until}");
        }
    }
}
