//! How our own sheets look: header texts, column widths, colours. Template and export share it, so
//! that what was exported can be filled in and imported like the template.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::register::field::{Field, FieldType};

/// Header of the leading column that counts the rows; the importer skips it.
pub const SERIAL_HEADER: &str = "序号";

/// Longest text one cell of a workbook holds, in UTF-16 units.
pub const CELL_LIMIT: usize = 32_767;

/// Rows of a worksheet.
pub const ROW_LIMIT: u32 = 1_048_576;

/// One soft colour per group of fields, reused in turn.
const GROUP_COLOURS: [u32; 8] = [
    0x00D9_E7F5,
    0x00E2_F0D9,
    0x00FC_E9D6,
    0x00EA_E1F3,
    0x00FF_F4D1,
    0x00D8_F0EF,
    0x00F8_DEE3,
    0x00E9_E9E9,
];

/// The unit shown behind a field's label: its own, 万元 for money.
#[must_use]
pub fn unit(field: &Field) -> Option<&str> {
    match (&field.unit, field.kind) {
        (Some(unit), _) => Some(unit.as_str()),
        (None, FieldType::Money) => Some("万元"),
        (None, _) => None,
    }
}

/// A field's header: `*` when required, the label, the unit in brackets.
#[must_use]
pub fn header_text(field: &Field) -> String {
    let mut out = String::new();
    if field.required {
        out.push('*');
    }
    out.push_str(&field.label);
    if let Some(unit) = unit(field)
        && !field.label.contains(unit)
    {
        out.push('（');
        out.push_str(unit);
        out.push('）');
    }
    out
}

/// Whether cells of this field are written as numbers.
#[must_use]
pub fn is_number(field: &Field) -> bool {
    matches!(
        field.kind,
        FieldType::Integer | FieldType::Decimal | FieldType::Money
    ) && !field.multiple
}

/// A column's width in characters of the default font.
#[must_use]
pub fn width(field: &Field) -> f64 {
    let by_kind: f64 = match field.kind {
        FieldType::Text if field.multiple => 32.0,
        FieldType::Text | FieldType::Reference | FieldType::Department => 28.0,
        FieldType::CreditCode => 22.0,
        FieldType::Code | FieldType::Region | FieldType::Choice => 18.0,
        FieldType::Integer | FieldType::Decimal | FieldType::Money | FieldType::Date => 14.0,
        FieldType::Bool => 10.0,
    };
    // A Chinese character is two digits wide; the header wraps onto two lines at most.
    let header = u8::try_from(header_text(field).chars().count()).unwrap_or(u8::MAX);
    by_kind.max(f64::from(header) + 4.0)
}

/// The colour of each field's group, in the order of the fields.
#[must_use]
pub fn group_colours(fields: &[&Field]) -> Vec<Color> {
    let mut groups: Vec<&str> = Vec::new();
    fields
        .iter()
        .map(|field| {
            let at = groups.iter().position(|g| *g == field.group);
            let at = at.unwrap_or_else(|| {
                groups.push(&field.group);
                groups.len() - 1
            });
            let rgb = GROUP_COLOURS.get(at % GROUP_COLOURS.len());
            Color::RGB(rgb.copied().unwrap_or(0x00E9_E9E9))
        })
        .collect()
}

/// The format of a header cell.
#[must_use]
pub fn header_format(colour: Color) -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_border(FormatBorder::Thin)
        .set_border_color(Color::RGB(0x00A6_A6A6))
        .set_background_color(colour)
}

/// Text format: what is typed stays as it is typed.
#[must_use]
pub fn text_format() -> Format {
    Format::new().set_num_format("@")
}

/// Text format for texts that start like a formula: Excel shows and keeps them as text.
#[must_use]
pub fn quoted_format() -> Format {
    text_format().set_quote_prefix()
}

/// A sheet name Excel takes: at most 31 characters, no `[]:*?/\`, not in `taken` (case ignored).
#[must_use]
pub fn sheet_name(wanted: &str, taken: &[String]) -> String {
    let mut clean: String = wanted
        .chars()
        .map(|c| {
            if "[]:*?/\\".contains(c) || c.is_control() {
                '_'
            } else {
                c
            }
        })
        .collect();
    clean = clean.trim_matches('\'').trim().to_owned();
    if clean.is_empty() {
        clean.push_str("数据");
    }
    let is_taken = |name: &str| {
        taken
            .iter()
            .any(|t| t.to_lowercase() == name.to_lowercase())
    };
    let first = shorten(&clean, 31);
    if !is_taken(&first) {
        return first;
    }
    let mut number = 2_u32;
    loop {
        let tail = format!("（{number}）");
        let name = shorten(&clean, 31 - tail.chars().count()) + &tail;
        if !is_taken(&name) {
            return name;
        }
        number += 1;
    }
}

/// The first characters of a text, counted as Excel counts: in UTF-16 units.
#[must_use]
pub fn shorten(text: &str, units: usize) -> String {
    let mut left = units;
    text.chars()
        .take_while(|c| match left.checked_sub(c.len_utf16()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect()
}

/// Whether a text fits into one cell.
#[must_use]
pub fn fits(text: &str) -> bool {
    // A text never has more UTF-16 units than bytes, so most need no counting.
    text.len() <= CELL_LIMIT || text.encode_utf16().count() <= CELL_LIMIT
}

/// A plain decimal as the number a sheet can hold exactly: at most 15 significant digits.
#[must_use]
pub fn exact_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut significant = 0_u32;
    let mut seen_point = false;
    let mut seen_digit = false;
    for byte in digits.bytes() {
        match byte {
            b'0' if significant == 0 => seen_digit = true,
            b'0'..=b'9' => {
                seen_digit = true;
                significant += 1;
            }
            b'.' if !seen_point => seen_point = true,
            _ => return None,
        }
    }
    if !seen_digit || significant > 15 {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_out_as_numbers_only_when_exact() {
        assert_eq!(exact_number("120.5"), Some(120.5));
        assert_eq!(exact_number("-0.0001"), Some(-0.0001));
        assert_eq!(exact_number("123456789012345"), Some(123_456_789_012_345.0));
        for text in [
            "1234567890123456",
            "0.1234567890123456",
            "1e5",
            "",
            "-",
            "1.2.3",
            "NaN",
        ] {
            assert_eq!(exact_number(text), None, "{text}");
        }
    }

    #[test]
    fn sheet_names_are_cut_cleaned_and_made_unique() {
        assert_eq!(sheet_name("信息系统", &[]), "信息系统");
        assert_eq!(sheet_name("a/b:c", &[]), "a_b_c");
        let taken = vec!["信息系统".to_owned()];
        assert_eq!(sheet_name("信息系统", &taken), "信息系统（2）");
        assert_eq!(sheet_name(&"长".repeat(40), &[]).chars().count(), 31);
    }
}
