//! What stands above the header: the title, who fills in, when, in which unit of money.

use super::header::Grid;
use super::marks;
use crate::register::words;
use serde::{Deserialize, Serialize};

/// Facts from the lines above the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetInfo {
    /// The title line.
    pub title: Option<String>,
    /// Label and value, in order, cleaned.
    pub pairs: Vec<(String, String)>,
    /// The unit of money stated for the sheet, such as `万元`.
    pub money_unit_text: Option<String>,
    /// Who fills in.
    pub department: Option<String>,
}

impl SheetInfo {
    /// Reads the lines above row `header`.
    pub(super) fn above(grid: &Grid<'_>, header: u32) -> Self {
        let mut info = Self::default();
        for row in grid.rows().take_while(|row| *row < header) {
            info.line(grid, row);
        }
        info.conclude();
        info
    }

    fn line(&mut self, grid: &Grid<'_>, row: u32) {
        let mut waiting: Option<String> = None;
        for (_, cell) in grid.filled(row) {
            let text = cell.text();
            let found = pairs(&text);
            let cleaned = words::clean(&text);
            if let Some(label) = waiting.take() {
                if found.is_empty() && !marks::is_info_label(&words::header(&text).key) {
                    self.pairs.push((label, cleaned));
                    continue;
                }
                self.pairs.push((label, String::new()));
            }
            if found.is_empty() {
                if marks::is_info_label(&words::header(&text).key) {
                    waiting = Some(cleaned);
                } else if self.title.is_none() && is_title(&cleaned) {
                    self.title = Some(cleaned);
                }
            } else {
                for (label, value) in found {
                    if let Some(label) = waiting.take() {
                        self.pairs.push((label, String::new()));
                    }
                    if value.is_empty() {
                        waiting = Some(label);
                    } else {
                        self.pairs.push((label, value));
                    }
                }
            }
        }
        if let Some(label) = waiting {
            self.pairs.push((label, String::new()));
        }
    }

    fn conclude(&mut self) {
        let with = |wanted: &dyn Fn(&str, &str) -> bool| {
            let found = self.pairs.iter().find(|(label, value)| {
                !value.is_empty() && wanted(&words::header(label).key, value)
            });
            found.map(|(_, value)| value.clone())
        };
        let unit = with(&|key, value| key.ends_with("单位") && marks::is_money_unit(value));
        let department = with(&|key, _| marks::is_department_label(key)).or_else(|| {
            with(&|key, value| matches!(key, "单位" | "部门") && !marks::is_money_unit(value))
        });
        self.money_unit_text = unit;
        self.department = department;
    }
}

/// Whether a line's text may be the title: not `附件1`, not a number, not a remark.
fn is_title(cleaned: &str) -> bool {
    let key: String = cleaned.chars().filter(|c| !c.is_whitespace()).collect();
    let number = |c: char| c.is_ascii_digit() || "一二三四五六七八九十:-.".contains(c);
    let rest = ["附件", "附表", "附"]
        .iter()
        .find_map(|word| key.strip_prefix(word))
        .unwrap_or(&key);
    key.chars().count() >= 2 && !rest.chars().all(number) && !marks::starts_note(cleaned)
}

/// Label and value of every `label：value` in a text; all in one merged cell is usual.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut loose: Vec<String> = Vec::new();
    for token in text.split(char::is_whitespace).filter(|t| !t.is_empty()) {
        match split_label(token) {
            Some((label, value)) => {
                // `填 报 单 位：X`: letters set apart belong to the label.
                let apart = |t: &&String| t.chars().count() == 1;
                let mut label = label.to_owned();
                if label.chars().count() == 1 {
                    let from = loose.len() - loose.iter().rev().take_while(apart).count();
                    label = loose.drain(from..).collect::<String>() + &label;
                }
                settle(&mut out, &mut loose);
                out.push((words::clean(&label), value.to_owned()));
            }
            None => loose.push(token.to_owned()),
        }
    }
    settle(&mut out, &mut loose);
    for (_, value) in &mut out {
        let bare = words::clean(value);
        // `（单位：万元）`: the closing bracket belongs to the opening one before the label.
        let closed = bare.strip_suffix(')').filter(|inner| !inner.contains('('));
        *value = closed.unwrap_or(&bare).trim().to_owned();
    }
    out
}

/// Words without a colon go on with the value before them.
fn settle(out: &mut [(String, String)], loose: &mut Vec<String>) {
    let more = std::mem::take(loose).join(" ");
    if let (Some((_, value)), false) = (out.last_mut(), more.is_empty()) {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&more);
    }
}

/// `label：value`, when the label is words and not a time of day or an address.
fn split_label(token: &str) -> Option<(&str, &str)> {
    let (label, value) = token.split_once(['：', ':'])?;
    let label = label.trim_start_matches(['（', '(', '【', '[']);
    let named = label
        .chars()
        .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    named.then_some((label, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text)
    }

    fn pair(label: &str, value: &str) -> (String, String) {
        (label.to_owned(), value.to_owned())
    }

    #[test]
    fn pairs_are_found_in_one_merged_cell() {
        let found =
            read("填报单位（盖章）：示例市大数据局        填报时间：2026年3月 10:30　　单位：万元");
        let expected = [
            pair("填报单位(盖章)", "示例市大数据局"),
            pair("填报时间", "2026年3月 10:30"),
            pair("单位", "万元"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn spread_labels_and_brackets_are_understood() {
        assert_eq!(
            read("填 报 单 位：市局 填 表 人：张 三"),
            [pair("填报单位", "市局"), pair("填表人", "张 三")]
        );
        assert_eq!(read("（单位：万元）"), [pair("单位", "万元")]);
        assert_eq!(read("http://a.example 12:30"), []);
        assert_eq!(read("附件1"), []);
    }
}
