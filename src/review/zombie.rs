//! The five tests for zombie systems (僵尸系统), as far as what is registered says something about them.
//!
//! The tests are those that 国办发〔2017〕39号 is cited for by 平顶山市 (2021-10-29); what counts as a sign of each is this
//! program's own choice, so a sign is a hint to look, never a finding. What nothing in the ledger can tell is said too.

use chrono::{Months, NaiveDate};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, relations};
use crate::db::scope::summaries;
use crate::error::Result;
use crate::ledger::entry::{self, EntryRow};
use crate::register::field::Register;
use crate::register::lifecycle::{When, holds};
use crate::register::value::{Document, Value};
use crate::review::duplicate::{Means, What, check};

/// The register that the tests are about.
pub const SYSTEM: &str = "information_system";

/// Where the tests come from.
pub const SOURCE: &str =
    "国办发〔2017〕39号所列五类情形（据平顶山市 2021-10-29 通知）；判断信号和数值为本系统建议";

/// Thresholds (`[zombies]` in the configuration file); those left out keep their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Without data for so many months, a system is out of step with the business.
    pub silent_months: u32,
    /// With fewer active users a month than this, it is rarely used.
    pub active_users: i64,
    /// From this score of the check for duplicates on, another system can replace it, 1 to 100.
    pub replaceable: u8,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            silent_months: 12,
            active_users: 10,
            replaceable: 55,
        }
    }
}

/// What the ledger says about one of the tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ZombieSign)]
pub struct Sign {
    /// Code of the list `retire_reason`: `detached`, `replaced`, `idle`, `unmaintained`, `rare`.
    pub test: String,
    /// What people call it.
    pub label: String,
    /// What speaks for it; empty when nothing does.
    pub signs: Vec<String>,
    /// What the ledger cannot tell; empty when it can.
    pub unknown: String,
}

/// What is registered of a system, with the day it is looked at.
struct Sheet<'s> {
    register: &'s Register,
    document: &'s Document,
    today: NaiveDate,
    rules: Rules,
}

impl Sheet<'_> {
    fn label<'l>(&'l self, key: &'l str) -> &'l str {
        self.register.field(key).map_or(key, |f| f.label.as_str())
    }

    fn text(&self, key: &str) -> Option<&str> {
        entry::text(self.document, key)
    }

    fn number(&self, key: &str) -> Option<i64> {
        match self.document.get(key) {
            Some(Value::Integer(n)) => Some(*n),
            Some(Value::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    /// The last day that a date, perhaps of a month or a year only, can mean.
    fn last_day(&self, key: &str) -> Option<NaiveDate> {
        last_day(self.text(key)?)
    }

    fn is(&self, key: &str, codes: &[&str]) -> bool {
        let when = When {
            field: key.to_owned(),
            values: codes.iter().map(|c| (*c).to_owned()).collect(),
        };
        holds(Some(&when), self.document)
    }

    fn detached(&self) -> Vec<String> {
        let mut out = Vec::new();
        let since = self
            .today
            .checked_sub_months(Months::new(self.rules.silent_months));
        if let (Some(last), Some(since)) = (self.last_day("data_to"), since)
            && last < since
        {
            let label = self.label("data_to");
            out.push(format!(
                "“{label}”早于 {} 个月前（{last}）",
                self.rules.silent_months
            ));
        }
        if self.is("usage_frequency", &["never"]) {
            out.push(format!("“{}”为不使用", self.label("usage_frequency")));
        }
        out
    }

    fn unmaintained(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(end) = self.last_day("om_end").filter(|end| *end < self.today) {
            out.push(format!("“{}”已过（{end}）", self.label("om_end")));
        }
        let none = self
            .text("annual_om")
            .is_some_and(|t| t.trim_matches(['0', '.']).is_empty());
        if none {
            out.push(format!("“{}”为 0", self.label("annual_om")));
        }
        out
    }

    fn rare(&self) -> Vec<String> {
        let mut out = Vec::new();
        let most = self.rules.active_users;
        if let Some(users) = self.number("active_users").filter(|n| *n < most) {
            let label = self.label("active_users");
            out.push(format!("“{label}”为 {users}，少于 {most}"));
        }
        if self.is("usage_frequency", &["yearly", "rare", "never"]) {
            out.push(format!("“{}”为每年或更少", self.label("usage_frequency")));
        }
        if self.is("usage_rating", &["4"]) {
            out.push(format!("“{}”为差", self.label("usage_rating")));
        }
        out
    }
}

/// The last day of a year, month or day as it is stored.
fn last_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: Option<u32> = parts.next().map(str::parse).transpose().ok()?;
    let day: Option<u32> = parts.next().map(str::parse).transpose().ok()?;
    match (month, day) {
        (Some(month), Some(day)) => NaiveDate::from_ymd_opt(year, month, day),
        (Some(month), None) => {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            first.checked_add_months(Months::new(1))?.pred_opt()
        }
        (None, _) => NaiveDate::from_ymd_opt(year, 12, 31),
    }
}

/// What the ledger says about the five tests of a system.
///
/// `None` for other registers, for what is out of use already, and for who does not see it in full. `deep` asks the
/// check for duplicates, too, which costs more.
///
/// # Errors
/// When the database fails.
pub fn signs(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    rules: Rules,
    row: &EntryRow,
    deep: bool,
) -> Result<Option<Vec<Sign>>> {
    let Some(register) = means.catalogue.register(&row.register) else {
        return Ok(None);
    };
    let asked = row.register == SYSTEM && row.stage == "operation" && row.present;
    if !asked || !viewer.can(Right::SeeOwn, row) {
        return Ok(None);
    }
    let document = row.document();
    let sheet = Sheet {
        register,
        document: &document,
        today: clock::today(),
        rules,
    };
    let list = means.catalogue.list("retire_reason");
    let sign = |test: &str, signs: Vec<String>, unknown: &str| Sign {
        test: test.to_owned(),
        label: list.and_then(|l| l.label(test)).unwrap_or(test).to_owned(),
        signs,
        unknown: unknown.to_owned(),
    };
    let replaced = replaced(conn, viewer, means, rules, row, deep)?;
    let unasked = if deep {
        ""
    } else {
        "功能是否与其他系统重复，见下线办理"
    };
    Ok(Some(vec![
        sign("detached", sheet.detached(), ""),
        sign("replaced", replaced, unasked),
        sign(
            "idle",
            Vec::new(),
            "台账没有资源监测数据，请向云平台或机房核实",
        ),
        sign("unmaintained", sheet.unmaintained(), ""),
        sign("rare", sheet.rare(), ""),
    ]))
}

/// Systems that say they replace this one, and those in use that are much like it.
fn replaced(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    rules: Rules,
    row: &EntryRow,
    deep: bool,
) -> Result<Vec<String>> {
    let heirs: Vec<(String, String)> = summaries(viewer)
        .inner_join(relations::table.on(relations::from_id.eq(entries::id)))
        .filter(relations::to_id.eq(row.id))
        .filter(relations::field.eq("replaces"))
        .filter(relations::until_seq.is_null())
        .filter(entries::present.eq(true))
        .filter(entries::stage.eq("operation"))
        .order(entries::id)
        .limit(5)
        .select((entries::name, entries::code))
        .load(conn)?;
    let mut out: Vec<String> = heirs
        .into_iter()
        .map(|(name, code)| format!("在用的“{name}”（{code}）填写了替代本系统"))
        .collect();
    if !deep {
        return Ok(out);
    }
    let what = What::Entry(row.register.clone(), row.code.clone());
    let report = check(conn, viewer, means, &what)?;
    let like = report.hits.iter().filter(|h| {
        h.register == SYSTEM && h.score >= rules.replaceable && !h.retired && !h.removed && !h.phase
    });
    out.extend(like.take(5).map(|h| {
        let name: String = h.name.iter().map(|p| p.text.as_str()).collect();
        format!(
            "与{}的“{name}”（{}）相似 {} 分",
            h.department, h.code, h.score
        )
    }));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_last_day() {
        let day = |text: &str| last_day(text).map(|d| d.to_string());
        assert_eq!(day("2024"), Some("2024-12-31".to_owned()));
        assert_eq!(day("2024-02"), Some("2024-02-29".to_owned()));
        assert_eq!(day("2024-02-03"), Some("2024-02-03".to_owned()));
        assert_eq!(day("2024-Q1"), None);
    }
}
