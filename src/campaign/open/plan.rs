//! Whether a plan can be carried out: everything wrong is said at once.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate};

use super::{Plan, REMIND_DAYS, bureaus, level};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::review::Ground;
use crate::review::decision::text;

/// Years that a campaign may be about, and be due in.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

fn bureau_of(viewer: &Viewer, directory: &Directory, wished: &str) -> Result<i64> {
    let may = bureaus(viewer, directory);
    let problem = |message: &str, suggestion: &str| {
        Err(Error::Invalid(vec![Problem::new(
            "bureau", "bureau", message, suggestion,
        )]))
    };
    if wished.is_empty() {
        return match may.as_slice() {
            [one] => Ok(*one),
            [] => problem("您不在任何数据管理部门任职", ""),
            _ => problem(
                "您在多个数据管理部门任职",
                "请填写组织核对的数据管理部门代码",
            ),
        };
    }
    let found = directory.by_code(wished).map(|d| d.id);
    match found.filter(|id| may.contains(id)) {
        Some(id) => Ok(id),
        None => problem(
            "不能以这个部门的名义组织核对",
            "请填写您任职的数据管理部门代码",
        ),
    }
}

/// What is wrong with a day.
pub(super) fn due_problem(due: Option<NaiveDate>) -> Option<Problem> {
    let say = |code, message: &str| {
        Some(Problem::new(
            "due_on",
            code,
            message,
            "请填写今天之后的日期",
        ))
    };
    match due {
        None => say("required", "请填写截止日"),
        Some(day) if day <= clock::today() => say("past", "截止日应在今天之后"),
        Some(day) if !YEARS.contains(&day.year()) => {
            say("out_of_range", "截止日应在 2000 至 2100 年")
        }
        Some(_) => None,
    }
}

/// Keys without repetition, in their order.
fn once(keys: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let fresh = keys.iter().filter(|k| seen.insert((*k).clone()));
    fresh.cloned().collect()
}

/// What is wrong with registers and fields.
fn registers_wrong(catalogue: &Catalogue, plan: &Plan) -> Vec<Problem> {
    let mut out = Vec::new();
    if plan.registers.is_empty() {
        let what = "请至少选择一个登记簿";
        out.push(Problem::new("registers", "required", what, ""));
    }
    for key in &plan.registers {
        if catalogue.register(key).is_none() {
            let what = format!("没有登记簿“{key}”");
            out.push(Problem::new(
                "registers",
                "unknown",
                &what,
                "请从登记簿列表中选择",
            ));
        }
    }
    for (key, fields) in &plan.fields {
        let register = catalogue
            .register(key)
            .filter(|_| plan.registers.contains(key));
        let Some(register) = register else {
            let what = format!("核对字段所属的登记簿“{key}”不在核对范围内");
            out.push(Problem::new("fields", "register", &what, ""));
            continue;
        };
        for field in fields.iter().filter(|f| register.field(f).is_none()) {
            let what = format!("{}没有字段“{field}”", register.label);
            out.push(Problem::new(
                "fields",
                "unknown",
                &what,
                "请填写登记簿定义中的字段",
            ));
        }
    }
    out
}

/// The departments that are wished for, of those of the level.
fn departments_of(
    directory: &Directory,
    level: &[i64],
    codes: &[String],
) -> (Vec<i64>, Vec<Problem>) {
    if codes.is_empty() {
        return (level.to_vec(), Vec::new());
    }
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for code in codes {
        match directory.by_code(code).filter(|d| level.contains(&d.id)) {
            Some(found) => {
                ids.insert(found.id);
            }
            None => {
                let what = format!("“{code}”不是本级应独立核对的单位");
                let problem =
                    Problem::new("departments", "outside", &what, "下属单位随主管单位核对");
                problems.push(problem);
            }
        }
    }
    (ids.into_iter().collect(), problems)
}

/// A plan that was judged, ready to be stored.
pub(super) struct Judged {
    pub(super) title: String,
    pub(super) basis: String,
    pub(super) bureau: i64,
    pub(super) registers: Vec<String>,
    pub(super) due_on: NaiveDate,
    pub(super) remind_days: i32,
    pub(super) heads: Vec<i64>,
}

/// Judges a plan.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong; when the database fails.
pub(super) fn judge(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    plan: &Plan,
) -> Result<Judged> {
    let bureau = bureau_of(viewer, ground.directory, &plan.bureau)?;
    let mut problems = Vec::new();
    let mut read =
        |key: &str, label: &str, given: &str, most: usize| match text(key, label, given, most) {
            Ok(text) => Ok(text),
            Err(Error::Invalid(found)) => {
                problems.extend(found);
                Ok(String::new())
            }
            Err(other) => Err(other),
        };
    let title = read("title", "名称", &plan.title, 60)?;
    let basis = read("basis", "依据", &plan.basis, 200)?;
    if plan.title.trim().is_empty() {
        problems.push(Problem::new(
            "title",
            "required",
            "请填写名称",
            "如: 2027 年度核对",
        ));
    }
    if !YEARS.contains(&plan.year) {
        problems.push(Problem::new(
            "year",
            "out_of_range",
            "年度应在 2000 至 2100 之间",
            "",
        ));
    }
    problems.extend(registers_wrong(ground.catalogue, plan));
    problems.extend(due_problem(plan.due_on));
    let remind_days = plan.remind_days.unwrap_or(REMIND_DAYS);
    if !(0..=60).contains(&remind_days) {
        let what = "提前提醒应为 0 至 60 个工作日";
        problems.push(Problem::new("remind_days", "out_of_range", what, ""));
    }
    let level = level(conn, ground.catalogue, ground.directory, bureau)?;
    let (heads, wrong) = departments_of(ground.directory, &level, &plan.departments);
    problems.extend(wrong);
    if heads.is_empty() && problems.is_empty() {
        let what = "本级没有可以核对的单位";
        problems.push(Problem::new(
            "departments",
            "required",
            what,
            "请先载入机构名录",
        ));
    }
    match (problems.is_empty(), plan.due_on) {
        (true, Some(due_on)) => Ok(Judged {
            title,
            basis,
            bureau,
            registers: once(&plan.registers),
            due_on,
            remind_days,
            heads,
        }),
        _ => Err(Error::Invalid(problems)),
    }
}
