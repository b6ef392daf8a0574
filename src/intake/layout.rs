//! What each sheet of a workbook is: its register, its header, its columns.

use std::collections::{BTreeMap, HashSet};

use crate::error::{Error, Result};
use crate::intake::mapping::{self, MapFile, Remembered};
use crate::intake::matching::{self, ColumnMatch, HeaderPath, How};
use crate::intake::report::{ColumnReport, SheetReport};
use crate::intake::sheet_plan::{PlannedColumn, SheetPlan, Target};
use crate::register::catalogue::Catalogue;
use crate::register::field::{FieldType, Register};
use crate::register::money::MoneyUnit;
use crate::register::read::ColumnContext;
use crate::register::words;
use crate::sheet::cell::{Cell, SheetHead, Shown, column_letters};
use crate::sheet::locate::{self, Located};
use crate::sheet::{TOTALS_SHEET, locate::LocateFault};

/// What is asked of the sheets of a file.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// Only this register.
    pub register: Option<&'w str>,
    /// Only this sheet.
    pub sheet: Option<&'w str>,
    /// Mappings given with the file.
    pub maps: &'w [MapFile],
    /// The importer's own department.
    pub home: Option<i64>,
    /// Mappings remembered from before.
    pub remembered: &'w Remembered,
}

/// A sheet: taken in, or left out with a reason; always reported.
pub struct Sheet<'c> {
    /// What is said of it.
    pub report: SheetReport,
    /// How it is taken in.
    pub plan: Option<SheetPlan<'c>>,
}

/// Decides what each sheet is.
///
/// # Errors
/// [`Error::Usage`] when a named sheet, register or field does not exist.
pub fn plan<'c>(
    catalogue: &'c Catalogue,
    heads: &[SheetHead],
    wanted: Wanted<'_>,
) -> Result<Vec<Sheet<'c>>> {
    let words = matching::header_words(catalogue);
    if let Some(name) = wanted.sheet
        && !heads.iter().any(|h| h.name == name)
    {
        let names: Vec<&str> = heads.iter().map(|h| h.name.as_str()).collect();
        return Err(Error::Usage(format!(
            "工作簿中没有名为“{name}”的工作表，现有: {}",
            names.join("、")
        )));
    }
    let mut out = Vec::with_capacity(heads.len());
    for (number, head) in heads.iter().enumerate() {
        let mut sheet = one(catalogue, head, wanted, &words)?;
        if let Some(plan) = &mut sheet.plan {
            plan.number = number;
        }
        out.push(sheet);
    }
    Ok(out)
}

fn one<'c>(
    catalogue: &'c Catalogue,
    head: &SheetHead,
    wanted: Wanted<'_>,
    words: &HashSet<String>,
) -> Result<Sheet<'c>> {
    let report = SheetReport {
        sheet: head.name.clone(),
        hidden_rows: head.hidden_rows,
        ..SheetReport::default()
    };
    let left_out = |why: String| Sheet {
        report: SheetReport {
            left_out: Some(why),
            ..report.clone()
        },
        plan: None,
    };
    let map = wanted.map(&head.name);
    if let Some(why) = out_of_question(head, wanted, map) {
        return Ok(left_out(why));
    }
    let located = match map.and_then(|m| m.header_row) {
        Some(row) => locate::locate_at(head, row),
        None => locate::locate(head, words),
    };
    let located = match located {
        Ok(located) => located,
        Err(LocateFault { message, .. }) => return Ok(left_out(message)),
    };
    let headers: Vec<HeaderPath> = located
        .columns
        .iter()
        .map(|c| HeaderPath {
            column: c.index,
            path: c.path.clone(),
        })
        .collect();
    let Some(choice) = choose(catalogue, head, wanted, map, &located, &headers)? else {
        return Ok(left_out(
            "没有认出是哪一种登记簿的表，请核对表头，或用 --register 指定".to_owned(),
        ));
    };
    Ok(lay_out(head, located, &headers, choice, report))
}

impl<'w> Wanted<'w> {
    /// What was said of this sheet by name, else of all sheets.
    fn map(self, sheet: &str) -> Option<&'w MapFile> {
        let named = self.maps.iter().find(|m| m.sheet.as_deref() == Some(sheet));
        named.or_else(|| self.maps.iter().find(|m| m.sheet.is_none()))
    }
}

fn out_of_question(head: &SheetHead, wanted: Wanted<'_>, map: Option<&MapFile>) -> Option<String> {
    if head.name == TOTALS_SHEET {
        return Some("本系统生成的结果汇总表，已跳过".to_owned());
    }
    if wanted.sheet.is_some_and(|s| s != head.name) {
        return Some("未选择此工作表".to_owned());
    }
    if map.is_some_and(|m| m.left_out) {
        return Some("已选择不导入此工作表".to_owned());
    }
    let asked_for = map.is_some_and(|m| m.sheet.is_some() && m.register.is_some());
    if head.shown == Shown::Hidden && wanted.sheet.is_none() && !asked_for {
        return Some("隐藏的工作表，已跳过".to_owned());
    }
    head.head.is_empty().then(|| "空工作表".to_owned())
}

/// A register with the match of every column.
struct Choice<'c> {
    register: &'c Register,
    matches: Vec<ColumnMatch>,
    signature: String,
    by_hand: bool,
}

fn choose<'c>(
    catalogue: &'c Catalogue,
    head: &SheetHead,
    wanted: Wanted<'_>,
    map: Option<&MapFile>,
    located: &Located,
    headers: &[HeaderPath],
) -> Result<Option<Choice<'c>>> {
    let signature = matching::signature(headers);
    let remembered =
        wanted
            .remembered
            .find(wanted.home, located.info.department.as_deref(), &signature);
    let named = map
        .and_then(|m| m.register.as_deref())
        .or(wanted.register)
        .or(remembered.map(|r| r.register.as_str()));
    let (register, mut matches) = if let Some(key) = named {
        let register = catalogue
            .register(key)
            .ok_or_else(|| unknown_register(catalogue, key))?;
        (register, matching::match_columns(register, headers))
    } else {
        let title = located.info.title.clone().unwrap_or_default();
        match matching::best_register(catalogue, headers, &[&head.name, &title]) {
            Some((register, matches, _)) => (register, matches),
            None => return Ok(None),
        }
    };
    matching::reconsider_owner(register, &mut matches, &samples(head, located));
    let given = map.map(|m| &m.columns).filter(|c| !c.is_empty());
    let by_hand = given.is_some();
    if let Some(columns) = given.or(remembered.map(|r| &r.columns)) {
        mapping::apply(register, headers, columns, &mut matches).map_err(Error::Usage)?;
    }
    Ok(Some(Choice {
        register,
        matches,
        signature,
        by_hand,
    }))
}

/// Some texts of each column, to see what kind of thing stands there.
fn samples<'h>(head: &'h SheetHead, located: &Located) -> BTreeMap<u16, Vec<&'h str>> {
    let mut out: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let data = head
        .head
        .iter()
        .filter(|r| r.number >= located.first_data_row);
    for (column, cell) in data.flat_map(|row| (0_u16..).zip(&row.cells)) {
        if let Cell::Text(text) = cell {
            out.entry(column).or_default().push(text);
        }
    }
    out
}

fn unknown_register(catalogue: &Catalogue, key: &str) -> Error {
    let known: Vec<&str> = catalogue
        .registers()
        .iter()
        .map(|r| r.key.as_str())
        .collect();
    Error::Usage(format!(
        "没有名为“{key}”的登记簿，现有: {}",
        known.join("、")
    ))
}

fn lay_out<'c>(
    head: &SheetHead,
    located: Located,
    headers: &[HeaderPath],
    choice: Choice<'c>,
    mut report: SheetReport,
) -> Sheet<'c> {
    let register = choice.register;
    let sheet_unit = located
        .info
        .money_unit_text
        .as_deref()
        .and_then(MoneyUnit::find);
    let mut columns = Vec::with_capacity(headers.len());
    for (header, found) in headers.iter().zip(&choice.matches) {
        let text = if header.path.is_empty() {
            format!("第{}列", column_letters(header.column))
        } else {
            header.path.join("/")
        };
        let target = target(register, header, found, &text, sheet_unit);
        report.columns.push(ColumnReport {
            column: column_letters(header.column),
            header: text,
            field: found.field.clone(),
            confidence: found.confidence,
            how: mapping::word(found.how).to_owned(),
            note: found.note.clone(),
        });
        columns.push(PlannedColumn {
            index: header.column,
            target,
        });
    }
    report.register = Some(register.key.clone());
    report.register_label = Some(register.label.clone());
    report.header_row = Some(located.header_row);
    report.header_rows = located.header_rows;
    report.amount = register.keys.amount.as_ref().map(|_| "0".to_owned());
    let plan = SheetPlan {
        number: 0,
        index: head.index,
        name: head.name.clone(),
        register,
        department: located.info.department.clone(),
        located,
        columns,
        signature: choice.signature,
        by_hand: choice.by_hand,
    };
    Sheet {
        report,
        plan: Some(plan),
    }
}

fn target(
    register: &Register,
    header: &HeaderPath,
    found: &ColumnMatch,
    text: &str,
    sheet_unit: Option<MoneyUnit>,
) -> Target {
    let position = found
        .field
        .as_ref()
        .and_then(|key| register.fields.iter().position(|f| &f.key == key));
    if let Some(position) = position {
        let is_money = register
            .fields
            .get(position)
            .is_some_and(|f| f.kind == FieldType::Money);
        let own = header
            .path
            .iter()
            .rev()
            .find_map(|p| matching::money_unit(&words::header(p).brackets));
        let money_unit = is_money.then(|| own.or(sheet_unit)).flatten();
        return Target::Field {
            position,
            context: ColumnContext { money_unit },
        };
    }
    match found.how {
        How::Ignored | How::OurOwn | How::Secret => Target::Ignored,
        _ => Target::Extra(text.to_owned()),
    }
}
