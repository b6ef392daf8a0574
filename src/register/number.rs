//! Whole numbers and exact decimals, in every spelling but none that must be guessed.

use rust_decimal::Decimal;

use super::field::Field;
use super::value::{Fault, Note, Reading, Value};

/// A number at the head of a text, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leading<'a> {
    pub value: Decimal,
    /// Written plainly: digits and a point, nothing to explain.
    pub plain: bool,
    pub rest: &'a str,
}

/// Reads sign, digits with thousands commas, and fraction from the head of a cleaned text.
pub(super) fn leading(text: &str) -> Option<Leading<'_>> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut i = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let mut plain = bytes.first() != Some(&b'+');
    let start = i;
    while digit(i) {
        i += 1;
    }
    if i == start {
        return None;
    }
    if i - start <= 3 {
        // 1,200,000: a comma and exactly three digits, again and again.
        while bytes.get(i) == Some(&b',')
            && digit(i + 1)
            && digit(i + 2)
            && digit(i + 3)
            && !digit(i + 4)
        {
            i += 4;
            plain = false;
        }
    }
    if bytes.get(i) == Some(&b'.') && digit(i + 1) {
        i += 1;
        while digit(i) {
            i += 1;
        }
    }
    let (head, rest) = text.split_at_checked(i)?;
    let value = if plain {
        Decimal::from_str_exact(head).ok()?
    } else {
        Decimal::from_str_exact(head.replace([',', '+'], "").as_str()).ok()?
    };
    Some(Leading { value, plain, rest })
}

/// The canonical text of a decimal: plain, without trailing zeros.
#[must_use]
pub fn canonical(value: Decimal) -> String {
    let value = value.normalize();
    if value.is_zero() {
        return "0".to_owned();
    }
    value.to_string()
}

/// A number cell as text: no `.0`, no exponent, the fifteen digits that Excel keeps.
#[must_use]
pub fn plain(n: f64) -> String {
    let text = n.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits <= 15 || n.fract() == 0.0 {
        return if text == "-0" { "0".to_owned() } else { text };
    }
    from_cell(n).map_or(text, canonical)
}

/// The exact decimal that a number cell shows.
pub(super) fn from_cell(n: f64) -> Option<Decimal> {
    let text = n.to_string();
    if text.bytes().filter(u8::is_ascii_digit).count() <= 15 {
        return Decimal::from_str_exact(&text).ok();
    }
    Decimal::from_scientific(&format!("{n:.14e}")).ok()
}

/// Words behind a count that add nothing to it.
const COUNTERS: [&str; 16] = [
    "人", "人次", "个", "户", "家", "台", "套", "条", "次", "项", "名", "位", "张", "件", "笔",
    "处",
];

/// Reads a whole number from text that is not blank.
pub(super) fn read_integer(field: &Field, raw: &str, clean: &str) -> Reading {
    let (value, note) = match amount(field, raw, clean) {
        Ok(found) => found,
        Err(fault) => return Reading::Fault(fault),
    };
    integer(field, raw, value, note)
}

/// Reads a decimal from text that is not blank.
pub(super) fn read_decimal(field: &Field, raw: &str, clean: &str) -> Reading {
    match amount(field, raw, clean) {
        Ok((value, note)) => Reading::Value(Value::Text(canonical(value)), note),
        Err(fault) => Reading::Fault(fault),
    }
}

/// A number cell of a decimal field.
pub(super) fn decimal_cell(field: &Field, n: f64) -> Reading {
    match from_cell(n) {
        Some(value) => Reading::Value(Value::Text(canonical(value)), None),
        None => Reading::Fault(too_large(&field.label)),
    }
}

/// A number cell of a whole-number field.
pub(super) fn integer_cell(field: &Field, n: f64) -> Reading {
    match from_cell(n) {
        Some(value) => integer(field, &plain(n), value, None),
        None => Reading::Fault(too_large(&field.label)),
    }
}

fn integer(field: &Field, raw: &str, value: Decimal, note: Option<Note>) -> Reading {
    if !value.fract().is_zero() {
        return Reading::Fault(Fault::new(
            "not_whole",
            format!("{}“{raw}”不是整数", field.label),
            "请填写整数",
        ));
    }
    match i64::try_from(value) {
        Ok(n) => Reading::Value(Value::Integer(n), note),
        Err(_) => Reading::Fault(too_large(&field.label)),
    }
}

pub(super) fn too_large(label: &str) -> Fault {
    Fault::new(
        "too_large",
        format!("{label}的数值太大"),
        "请核对数值和单位后重新填写",
    )
}

/// The number in a text, with a note when it did not stand there plainly.
fn amount(field: &Field, raw: &str, clean: &str) -> Result<(Decimal, Option<Note>), Fault> {
    let bare = clean
        .strip_prefix('约')
        .or_else(|| clean.strip_prefix("大约"));
    let mut approximate = bare.is_some();
    let bare = bare.unwrap_or(clean).trim_start();
    let Some(found) = leading(bare) else {
        return Err(not_a_number(field, raw));
    };
    let mut rest = found.rest.trim();
    if rest.is_empty() && found.plain && !approximate && raw == clean {
        return Ok((found.value, None));
    }
    if let Some(r) = rest
        .strip_suffix("左右")
        .or_else(|| rest.strip_suffix("以上"))
    {
        approximate = true;
        rest = r.trim();
    }
    if let Some(r) = rest.strip_prefix(['余', '多']) {
        approximate = true;
        rest = r;
    }
    let Some(factor) = factor(field, rest) else {
        return Err(not_a_number(field, raw));
    };
    let value = found
        .value
        .checked_mul(factor)
        .ok_or_else(|| too_large(&field.label))?;
    let shown = canonical(value);
    let note = if approximate {
        Note::warning("approximate", format!("“{raw}” 是约数，读作 {shown}"))
    } else {
        Note::normalised(raw, &shown)
    };
    Ok((value, Some(note)))
}

/// What the word behind a number multiplies it with.
fn factor(field: &Field, rest: &str) -> Option<Decimal> {
    let unit = field.unit.as_deref().unwrap_or_default();
    if rest.is_empty() || rest.eq_ignore_ascii_case(unit) || COUNTERS.contains(&rest) {
        return Some(Decimal::ONE);
    }
    if unit == "GB" {
        let size = rest.to_ascii_uppercase();
        return match size.as_str() {
            "G" => Some(Decimal::ONE),
            "T" | "TB" => Some(Decimal::from(1024)),
            "P" | "PB" => Some(Decimal::from(1024 * 1024)),
            "M" | "MB" => Some(Decimal::ONE / Decimal::from(1024)),
            _ => None,
        };
    }
    for (word, times) in [("万", 10_000), ("千", 1_000), ("亿", 100_000_000)] {
        if let Some(r) = rest.strip_prefix(word)
            && (r.is_empty() || r == unit || COUNTERS.contains(&r))
        {
            return Some(Decimal::from(times));
        }
    }
    None
}

fn not_a_number(field: &Field, raw: &str) -> Fault {
    let unit = field
        .unit
        .as_deref()
        .map_or_else(String::new, |u| format!("，单位为{u}"));
    Fault::new(
        "not_a_number",
        format!("{}“{raw}”不是一个数值", field.label),
        format!("请只填写一个数字{unit}"),
    )
}
