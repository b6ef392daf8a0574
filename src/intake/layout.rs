//! What each sheet of a workbook is: its register, its header, its columns.

use std::collections::{BTreeMap, HashSet};

use rust_decimal::Decimal;

use crate::error::{Error, Result};
use crate::intake::mapping::{self, Columns, MapFile, Remembered};
use crate::intake::matching::{self, ColumnMatch, HeaderPath, How};
use crate::intake::report::{ColumnReport, SheetReport};
use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register};
use crate::register::money::MoneyUnit;
use crate::register::read::ColumnContext;
use crate::register::value::{Reading, Value};
use crate::register::words;
use crate::sheet::cell::{Cell, Row, SheetHead, Shown, column_letters};
use crate::sheet::locate::{self, Located};
use crate::sheet::{TOTALS_SHEET, locate::LocateFault};

/// What is asked of the sheets of a file.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// Only this register.
    pub register: Option<&'w str>,
    /// Only this sheet.
    pub sheet: Option<&'w str>,
    /// A mapping given with the file.
    pub map: Option<&'w MapFile>,
    /// Mappings remembered from before.
    pub remembered: &'w Remembered,
}

/// Where a column's cells go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into the field at this position of the register.
    Field {
        /// Position in [`Register::fields`].
        position: usize,
        /// How to read a cell there.
        context: ColumnContext,
    },
    /// Kept under its header.
    Extra(String),
    /// Nowhere: running numbers, our own columns, secrets.
    Ignored,
}

/// One column of a sheet that is taken in.
#[derive(Clone, Debug)]
pub struct PlannedColumn {
    /// 0 = A.
    pub index: u16,
    /// Where its cells go.
    pub target: Target,
}

/// A sheet that is taken in.
#[derive(Clone, Debug)]
pub struct SheetPlan<'c> {
    /// Its number among the sheets of the report.
    pub number: usize,
    /// Its position in the workbook.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The register its rows belong to.
    pub register: &'c Register,
    /// Header and first row.
    pub located: Located,
    /// Columns.
    pub columns: Vec<PlannedColumn>,
    /// Name of the department in the lines above the header.
    pub department: Option<String>,
    /// Signature of the header, to remember a mapping by.
    pub signature: String,
    /// Field by column, when the mapping was given by hand.
    pub by_hand: bool,
}

impl SheetPlan<'_> {
    /// The column that feeds a field.
    #[must_use]
    pub fn column_of(&self, key: &str) -> Option<u16> {
        let fields = &self.register.fields;
        self.columns.iter().find_map(|c| match c.target {
            Target::Field { position, .. }
                if fields.get(position).is_some_and(|f| f.key == key) =>
            {
                Some(c.index)
            }
            _ => None,
        })
    }

    /// The mapping as it stands, by header, for remembering.
    #[must_use]
    pub fn columns_by_header(&self) -> Columns {
        let field = |c: &PlannedColumn| match c.target {
            Target::Field { position, .. } => {
                self.register.fields.get(position).map(|f| f.key.clone())
            }
            _ => None,
        };
        let header = |c: &PlannedColumn| {
            self.located
                .columns
                .iter()
                .find(|l| l.index == c.index)
                .map(|l| l.path.join("/"))
        };
        self.columns
            .iter()
            .filter_map(|c| Some((header(c)?, field(c))))
            .collect()
    }

    /// What a 合计 row states for the register's amount field, in 万元.
    #[must_use]
    pub fn total<'s>(
        &'s self,
        catalogue: &Catalogue,
        row: &Row,
    ) -> Option<(&'s Field, u16, Decimal)> {
        let amount = self.register.keys.amount.as_deref()?;
        self.columns.iter().find_map(|c| {
            let Target::Field { position, context } = &c.target else {
                return None;
            };
            let field = self
                .register
                .fields
                .get(*position)
                .filter(|f| f.key == amount)?;
            match field.read(catalogue, row.cells.get(usize::from(c.index))?, context) {
                Reading::Value(Value::Text(wan), _) => Some((field, c.index, wan.parse().ok()?)),
                _ => None,
            }
        })
    }

    /// The fields that have a column.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.columns.iter().filter_map(|c| match c.target {
            Target::Field { position, .. } => self.register.fields.get(position),
            _ => None,
        })
    }
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
    if let Some(why) = out_of_question(head, wanted) {
        return Ok(left_out(why));
    }
    let map = wanted.map.filter(|m| m.speaks_of(&head.name));
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

fn out_of_question(head: &SheetHead, wanted: Wanted<'_>) -> Option<String> {
    if head.name == TOTALS_SHEET {
        return Some("本系统生成的结果汇总表，已跳过".to_owned());
    }
    if wanted.sheet.is_some_and(|s| s != head.name) {
        return Some("未选择此工作表".to_owned());
    }
    if head.shown == Shown::Hidden && wanted.sheet.is_none() {
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
    let remembered = wanted
        .remembered
        .find(located.info.department.as_deref(), &signature);
    let named = wanted
        .register
        .or(map.and_then(|m| m.register.as_deref()))
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
