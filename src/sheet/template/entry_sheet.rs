//! The sheet that people fill in: headers with help, drop-downs, text columns, an example row.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format, FormatAlign, FormatBorder, Note,
    Worksheet, XlsxError,
};

use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register};
use crate::sheet::look;

use super::dictionary::Dictionary;
use super::{EXAMPLE_MARK, guide};

/// The row drop-downs start in; they end at the last row of the sheet.
const FIRST_ROW: u32 = 1;

/// Writes one register's sheet.
pub(super) fn write(
    worksheet: &mut Worksheet,
    catalogue: &Catalogue,
    register: &Register,
    dictionary: &Dictionary,
) -> Result<(), XlsxError> {
    let fields: Vec<&Field> = register.fields.iter().collect();
    let colours = look::group_colours(&fields);
    let example = example_format();
    worksheet.set_default_note_author("数字资源一本账");
    worksheet.set_row_height(0, 36)?;
    worksheet.set_column_width(0, 8)?;
    let plain = look::header_format(Color::RGB(0x00F2_F2F2));
    worksheet.write_string_with_format(0, 0, look::SERIAL_HEADER, &plain)?;
    worksheet.insert_note(0, 0, &note("可以不填；写有“示例”的行不会导入。"))?;
    worksheet.write_string_with_format(1, 0, EXAMPLE_MARK, &example)?;
    for ((col, field), colour) in (1_u16..).zip(&fields).zip(colours) {
        worksheet.set_column_width(col, look::width(field))?;
        if is_text(field) {
            worksheet.set_column_format(col, &look::text_format())?;
        }
        let header = look::header_text(field);
        worksheet.write_string_with_format(0, col, header, &look::header_format(colour))?;
        worksheet.insert_note(0, col, &note(&guide::help(catalogue, register, field)))?;
        write_example(worksheet, col, field, &example)?;
        add_drop_down(worksheet, col, field, dictionary)?;
    }
    // Headers and the name stay in sight.
    let name = register
        .fields
        .iter()
        .position(|field| field.key == register.keys.name)
        .and_then(|at| u16::try_from(at + 2).ok())
        .filter(|column| *column <= 4)
        .unwrap_or(1);
    worksheet.set_freeze_panes(1, name)?;
    Ok(())
}

/// Columns where Excel would change what is typed: long codes lose digits, `2024-03` becomes a day.
fn is_text(field: &Field) -> bool {
    matches!(
        field.kind,
        FieldType::Code | FieldType::CreditCode | FieldType::Region | FieldType::Date
    )
}

fn example_format() -> Format {
    Format::new()
        .set_italic()
        .set_font_color(Color::RGB(0x0080_8080))
        .set_background_color(Color::RGB(0x00FA_FAFA))
        .set_border(FormatBorder::Hair)
        .set_align(FormatAlign::VerticalCenter)
        .set_num_format("@")
}

fn write_example(
    worksheet: &mut Worksheet,
    col: u16,
    field: &Field,
    format: &Format,
) -> Result<(), XlsxError> {
    let number = look::exact_number(&field.example).filter(|_| look::is_number(field));
    match number {
        Some(number) => {
            let format = format.clone().set_num_format("General");
            worksheet.write_number_with_format(1, col, number, &format)?;
        }
        None => {
            worksheet.write_string_with_format(1, col, &field.example, format)?;
        }
    }
    Ok(())
}

/// A drop-down that warns but lets other text through: the importer understands more spellings than
/// the list has, and `[清空]`.
fn add_drop_down(
    worksheet: &mut Worksheet,
    col: u16,
    field: &Field,
    dictionary: &Dictionary,
) -> Result<(), XlsxError> {
    let Some(range) = dictionary.range(field) else {
        return Ok(());
    };
    let validation = DataValidation::new()
        .allow_list_formula(range)
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_error_title("不在下拉列表中")?
        .set_error_message("请从下拉列表中选择。如确需填写其他内容，请点击“是”继续。")?;
    worksheet.add_data_validation(FIRST_ROW, col, look::ROW_LIMIT - 1, col, &validation)?;
    Ok(())
}

/// A header's note, sized to its text.
fn note(text: &str) -> Note {
    let lines: usize = text
        .lines()
        .map(|line| line.chars().count().div_ceil(20).max(1))
        .sum();
    let lines = u32::try_from(lines.min(24)).unwrap_or(24);
    Note::new(text)
        .add_author_prefix(false)
        .set_width(280)
        .set_height(24 + lines * 18)
}
