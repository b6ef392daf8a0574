//! 统一社会信用代码, GB 32100-2015.

use super::value::{Fault, Note, Reading, Value};

const CHARSET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Reads a credit code from text that is not blank.
pub(super) fn read(label: &str, raw: &str, clean: &str) -> Reading {
    let code: String = clean
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let fault = |message: String, suggestion: &str| {
        Reading::Fault(Fault::new("bad_credit_code", message, suggestion))
    };
    let count = code.chars().count();
    if count != 18 {
        return fault(
            format!("{label}“{raw}”有 {count} 位，应为 18 位"),
            "请核对证照，填写 18 位统一社会信用代码，并将该列设为文本格式",
        );
    }
    if let Some(wrong) = code.chars().find(|c| !CHARSET.contains(*c)) {
        return fault(
            format!("{label}“{raw}”含有不会出现的字符“{wrong}”"),
            "代码只含数字和大写字母，且不含 I、O、Z、S、V；请检查是否把 0 写成 O、把 1 写成 I",
        );
    }
    if !is_valid(&code) {
        return fault(
            format!("{label}“{raw}”校验位不对，可能有一位写错"),
            "请核对证照重新填写；如为数值格式，请将该列设为文本格式",
        );
    }
    let note = (code != raw).then(|| Note::normalised(raw, &code));
    Reading::Value(Value::Text(code), note)
}

/// Whether the 18 characters and the check character fit together.
#[must_use]
pub fn is_valid(code: &str) -> bool {
    let values: Option<Vec<usize>> = code.chars().map(|c| CHARSET.find(c)).collect();
    let Some(values) = values.filter(|v| v.len() == 18) else {
        return false;
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    values.last().copied() == Some((31 - sum % 31) % 31)
}
