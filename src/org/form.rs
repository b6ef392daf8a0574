//! What was sent, checked field by field; every problem is kept, so that all are told at once.

use chrono::{Datelike, NaiveDate};

use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::register::words;

/// A day that people mean lies in these years.
const YEARS: std::ops::RangeInclusive<i32> = 1949..=2100;

/// Whether a field may stay empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It has to be filled.
    Must,
    /// It may be empty.
    May,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(super) struct Form {
    problems: Vec<Problem>,
}

impl Form {
    /// Notes one thing that is wrong.
    pub fn problem(&mut self, field: &str, code: &str, message: &str, suggestion: &str) {
        self.problems
            .push(Problem::new(field, code, message, suggestion));
    }

    /// One line of text: cleaned, without control characters, not too long.
    pub fn text(&mut self, key: &str, label: &str, text: &str, most: usize, need: Need) -> String {
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            let message = format!("“{label}”含有不可见的控制字符");
            self.problem(key, "control_character", &message, "请重新输入");
            return String::new();
        }
        let clean = words::clean(text);
        if clean.is_empty() && need == Need::Must {
            self.problem(key, "required", &format!("请填写“{label}”"), "");
        }
        let length = clean.chars().count();
        if length > most {
            let message = format!("“{label}”有 {length} 个字，最多 {most} 个字");
            self.problem(key, "too_long", &message, "请缩短");
        }
        clean
    }

    /// A day within reason.
    pub fn day(&mut self, key: &str, label: &str, day: NaiveDate) {
        if !YEARS.contains(&day.year()) {
            let message = format!("“{label}” {day} 不在 1949 年至 2100 年之间");
            self.problem(key, "bad_date", &message, "请核对年份");
        }
    }

    /// A day within reason that has come.
    pub fn past_day(&mut self, key: &str, label: &str, day: NaiveDate) {
        self.day(key, label, day);
        if day > clock::today() {
            let message = format!("“{label}” {day} 还没有到");
            self.problem(key, "future_date", &message, "请在生效之日办理");
        }
    }

    /// Whether something is wrong so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Goes on only when nothing is wrong.
    pub fn done(self) -> Result<()> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.problems))
        }
    }
}
