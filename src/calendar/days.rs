//! Days that differ from their weekday, as lines of a table: the shipped years, and what people paste.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::{DayKind, Mark, may_be_made_up};
use crate::error::Problem;

/// Years 2024 to 2026, each line with the State Council's notice it is from.
const SHIPPED: &str = include_str!("../../import_templates/calendar/holidays.csv");

/// One day of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The day.
    pub day: NaiveDate,
    /// How it differs from its weekday.
    pub mark: Mark,
}

/// The days that are shipped.
#[must_use]
pub fn shipped() -> Vec<Line> {
    let (lines, _) = read(SHIPPED, "");
    lines
}

/// Reads days of one year from a table: date, 放假 or 调休上班, name, source; commas or tabs, header or not.
///
/// The last days of the year before may be among them, because next year's notice may say something of December.
///
/// # Errors
/// Every line that is wrong: `field` is the line's number.
pub fn parse(text: &str, year: i32, source: &str) -> Result<Vec<Line>, Vec<Problem>> {
    let (lines, mut problems) = read(text, source);
    for line in &lines {
        let fits =
            line.day.year() == year || (line.day.year() == year - 1 && line.day.month() == 12);
        if !fits {
            problems.push(problem(
                "lines",
                "other_year",
                format!("{} 不在 {year} 年", line.day),
                "请只填这一年的日期（上一年 12 月的调休也可以）",
            ));
        }
    }
    if lines.is_empty() && problems.is_empty() {
        problems.push(problem(
            "lines",
            "empty",
            "没有读到任何日期".to_owned(),
            "每行一天，例如: 2027-01-01,放假,元旦",
        ));
    }
    if problems.is_empty() {
        Ok(lines)
    } else {
        Err(problems)
    }
}

fn problem(field: &str, code: &str, message: String, suggestion: &str) -> Problem {
    Problem::new(field, code, &message, suggestion)
}

fn read(text: &str, source: &str) -> (Vec<Line>, Vec<Problem>) {
    let text = text.trim_start_matches('\u{feff}');
    let tabs = text.lines().next().is_some_and(|l| l.contains('\t'));
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(if tabs { b'\t' } else { b',' })
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut seen = BTreeMap::new();
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (n, row) in rows.records().enumerate() {
        let n = n + 1;
        let Ok(row) = row else {
            problems.push(problem(
                "lines",
                "line",
                format!("第 {n} 行读不出来"),
                "请检查引号是否成对",
            ));
            continue;
        };
        let cell = |i: usize| row.get(i).unwrap_or_default();
        let is_head = n == 1 && matches!(cell(0), "date" | "日期");
        if is_head || row.iter().all(str::is_empty) {
            continue;
        }
        match line(cell(0), cell(1), cell(2), [cell(3), source]) {
            Err(wrong) => problems.push(Problem {
                message: format!("第 {n} 行: {}", wrong.message),
                ..wrong
            }),
            Ok(line) => match seen.insert(line.day, n) {
                Some(first) => problems.push(problem(
                    "lines",
                    "twice",
                    format!("第 {n} 行: {} 与第 {first} 行重复", line.day),
                    "请删去一行",
                )),
                None => lines.push(line),
            },
        }
    }
    (lines, problems)
}

/// Reads one day; the first source that is given is its source.
fn line(date: &str, kind: &str, name: &str, sources: [&str; 2]) -> Result<Line, Problem> {
    let day = day(date).ok_or_else(|| {
        problem(
            "lines",
            "date",
            format!("“{date}”不是日期"),
            "请写成 2027-01-01 的样子",
        )
    })?;
    let plain = |text: &str| !text.chars().any(char::is_control);
    if !plain(name) || !sources.into_iter().all(plain) {
        return Err(problem(
            "lines",
            "control_character",
            "内容中有不可见的控制字符".to_owned(),
            "请删除后重新输入",
        ));
    }
    let kind = match kind {
        "off" | "放假" | "休" | "休息" | "节假日" => DayKind::Off,
        "work" | "调休上班" | "上班" | "班" | "补班" | "调休" => DayKind::Work,
        other => {
            return Err(problem(
                "lines",
                "kind",
                format!("“{other}”不知是放假还是上班"),
                "请写 放假 或 调休上班",
            ));
        }
    };
    if kind == DayKind::Work && !may_be_made_up(day) {
        return Err(problem(
            "lines",
            "weekday",
            format!("{day} 不是周六、周日，本来就上班"),
            "调休上班只能是周六或周日",
        ));
    }
    let source = sources.into_iter().find(|s| !s.is_empty());
    Ok(Line {
        day,
        mark: Mark {
            kind,
            name: name.chars().take(40).collect(),
            source: source.unwrap_or_default().chars().take(300).collect(),
        },
    })
}

fn day(text: &str) -> Option<NaiveDate> {
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
        .filter(|day| (2000..=2100).contains(&day.year()))
}
