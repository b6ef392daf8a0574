//! 填表说明: what each column means, when it is needed, how to write it.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register, Stage};
use crate::sheet::look;

use super::{GUIDE_SHEET, dictionary};

/// General rules, above the table.
const RULES: [&str; 6] = [
    "1. 请在各登记簿的工作表中填写，每行一条；不要修改第一行表头，可以删除或隐藏不需要的列。",
    "2. 带“*”的列必须填写。“序号”列写有“示例”的行不会导入，可以保留，也可以删除。",
    "3. 单元格留空表示不修改已有内容；需要删除已有内容时，请填写“[清空]”。",
    "4. 再次导入时，系统按编码、名称和所属部门识别已有条目，只更新有变化的单元格。",
    "5. 编码、统一社会信用代码、日期等列已设为文本格式，请直接填写，避免 Excel 自动改写。",
    "6. 请勿填写账号、密码等敏感信息，请勿填写涉密信息。",
];

/// The header note of a field: how to fill it in.
pub(super) fn help(catalogue: &Catalogue, register: &Register, field: &Field) -> String {
    let needed = needed(catalogue, register, field);
    let mut lines = vec![format!("【{}】{needed}", field.label)];
    if !field.help.is_empty() {
        lines.push(field.help.clone());
    }
    lines.push(format!("填写格式：{}", form(field)));
    let choices = dictionary::choices(catalogue, field);
    if !choices.is_empty() {
        lines.push(format!("可填：{}", short_list(&choices)));
    }
    lines.join("\n")
}

/// A list for a note: the first dozen values, the rest is in 填表说明.
fn short_list(choices: &[String]) -> String {
    let mut text: Vec<&str> = choices.iter().take(12).map(String::as_str).collect();
    if choices.len() > 12 {
        text.push("……（全部见“填表说明”）");
    }
    text.join("、")
}

/// When a field has to be filled in.
fn needed(catalogue: &Catalogue, register: &Register, field: &Field) -> String {
    if field.required {
        return "必填".to_owned();
    }
    let mut when = Vec::new();
    if let Some(stage) = field.required_from {
        when.push(format!("从{}阶段起应填", stage_label(stage)));
    }
    if let Some(condition) = &field.required_if
        && let Some(other) = register.field(&condition.field)
    {
        let list = other.list.as_ref().and_then(|list| catalogue.list(list));
        let values: Vec<&str> = condition
            .values
            .iter()
            .map(|value| match (list, value.as_str()) {
                (Some(list), code) => list.label(code).unwrap_or(code),
                (None, "true") => "是",
                (None, "false") => "否",
                (None, other) => other,
            })
            .collect();
        let must = if condition.hard { "必填" } else { "应填" };
        when.push(format!("“{}”为{}时{must}", other.label, values.join("、")));
    }
    if when.is_empty() {
        return "选填".to_owned();
    }
    when.join("；")
}

fn stage_label(stage: Stage) -> &'static str {
    match stage {
        Stage::Application => "申报",
        Stage::Build => "建设",
        Stage::Acceptance => "验收",
        Stage::Operation => "运维",
        Stage::Retired => "停用",
    }
}

/// How a value of the field is written.
fn form(field: &Field) -> String {
    let unit = look::unit(field);
    let mut text = match field.kind {
        FieldType::Text => "文字".to_owned(),
        FieldType::Code => "编码或号码，按原样填写".to_owned(),
        FieldType::Integer => format!("整数{}", unit_words(unit)),
        FieldType::Decimal => format!("数字{}", unit_words(unit)),
        FieldType::Money => format!("金额{}，如 120.5", unit_words(unit)),
        FieldType::Bool => "是 或 否".to_owned(),
        FieldType::Date => {
            "日期，精确到已知的程度：2024、2024-03 或 2024-03-05（也可写 2024-H1、2024-Q3）"
                .to_owned()
        }
        FieldType::Choice => "从列表中选择".to_owned(),
        FieldType::CreditCode => "18 位统一社会信用代码".to_owned(),
        FieldType::Region => "行政区划名称或 6 位代码".to_owned(),
        FieldType::Department => "单位全称，不要用简称".to_owned(),
        FieldType::Reference => "相关条目的编码或名称".to_owned(),
    };
    if field.multiple {
        text.push_str(match field.kind {
            FieldType::Choice => "；可填多项，用“、”隔开",
            _ => "；可填多项，用“；”隔开",
        });
    }
    text
}

fn unit_words(unit: Option<&str>) -> String {
    unit.map_or_else(String::new, |unit| format!("（单位：{unit}）"))
}

/// Writes the sheet.
pub(super) fn write(
    worksheet: &mut Worksheet,
    catalogue: &Catalogue,
    registers: &[&Register],
) -> Result<(), XlsxError> {
    let title = Format::new().set_bold().set_font_size(14);
    let cell = Format::new()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_border(FormatBorder::Thin)
        .set_border_color(Color::RGB(0x00D0_D0D0));
    let head = look::header_format(Color::RGB(0x00D9_E7F5));
    worksheet.set_name(GUIDE_SHEET)?;
    for (col, width) in (0_u16..).zip([24.0, 28.0, 18.0, 60.0, 60.0]) {
        worksheet.set_column_width(col, width)?;
    }
    worksheet.write_string_with_format(0, 0, "填表说明", &title)?;
    let mut row = 1_u32;
    for rule in RULES {
        worksheet.write_string(row, 0, rule)?;
        row += 1;
    }
    row += 1;
    let heads = ["工作表和分组", "表头", "何时填写", "怎样填写", "可填内容"];
    for (col, text) in (0_u16..).zip(heads) {
        worksheet.write_string_with_format(row, col, text, &head)?;
    }
    for register in registers {
        for field in &register.fields {
            row += 1;
            let how = if field.help.is_empty() {
                form(field)
            } else {
                format!("{}\n{}", form(field), field.help)
            };
            let choices = dictionary::choices(catalogue, field).join("、");
            let cells = [
                // Together in one cell: apart, group and header would look like two headers.
                format!("{} · {}", register.label, field.group),
                look::header_text(field),
                needed(catalogue, register, field),
                how,
                look::shorten(&choices, look::CELL_LIMIT),
            ];
            for (col, text) in (0_u16..).zip(cells) {
                worksheet.write_string_with_format(row, col, text, &cell)?;
            }
        }
    }
    Ok(())
}
