//! 是 and 否, and the many ways to write them.

use super::field::Field;
use super::text;
use super::value::{Fault, Note, Reading, Value};

/// Reads a yes-or-no from text that is not blank.
pub(super) fn read(field: &Field, raw: &str, clean: &str) -> Reading {
    match clean {
        "是" => return Reading::Value(Value::Bool(true), None),
        "否" => return Reading::Value(Value::Bool(false), None),
        _ => {}
    }
    if let Some(value) = word(clean) {
        let note = Note::normalised(raw, shown(value));
        return Reading::Value(Value::Bool(value), Some(note));
    }
    if text::is_null_word(clean) {
        return Reading::Blank(None);
    }
    // 是（2024年接入）: the answer stands before the remark.
    if let Some(i) = clean.find(['(', ',', ';', ':', '。', '、', ' '])
        && let (Some(head), Some(rest)) = (clean.get(..i), clean.get(i..))
        && let Some(value) = word(head)
    {
        let message = format!("“{raw}” 读作 {}，“{}”没有录入", shown(value), rest.trim());
        return Reading::Value(
            Value::Bool(value),
            Some(Note::warning("extra_text", message)),
        );
    }
    Reading::Fault(Fault::new(
        "not_yes_or_no",
        format!("{}“{raw}”看不出是“是”还是“否”", field.label),
        "请填写 是 或 否",
    ))
}

/// The word for it on pages and in sheets.
#[must_use]
pub fn shown(value: bool) -> &'static str {
    if value { "是" } else { "否" }
}

fn word(text: &str) -> Option<bool> {
    match text {
        "是" | "有" | "必选" | "必填" | "√" | "✓" | "✔" | "☑" | "Y" | "y" | "1" | "已" | "对"
        | "T" | "t" => {
            return Some(true);
        }
        "否" | "无" | "非必选" | "非必填" | "可选" | "选填" | "×" | "✗" | "✘" | "✕" | "N" | "n"
        | "0" | "未" | "没有" | "不是" | "非" | "不" | "F" | "f" | "X" | "x" => {
            return Some(false);
        }
        _ => {}
    }
    if text.is_ascii() {
        return match text.to_ascii_lowercase().as_str() {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        };
    }
    // 已接入, 未完成, 不提供, 尚未开展, 没有接入; a longer text is a remark, not an answer.
    if text.chars().count() > 6 {
        return None;
    }
    match text {
        "不涉及" | "不适用" | "不详" | "未知" | "未填" | "不清楚" | "未定" => None,
        _ if text.starts_with('已') => Some(true),
        _ if text.starts_with(['未', '不']) => Some(false),
        _ if text.starts_with("尚未") || text.starts_with("没有") || text.starts_with("暂未") => {
            Some(false)
        }
        _ => None,
    }
}
