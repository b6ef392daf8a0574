//! From a cell to a value: which reader a field's kind asks, and what holds for every kind.

use super::catalogue::Catalogue;
use super::field::{Field, FieldType};
use super::money::MoneyUnit;
use super::value::{Fault, Note, Reading, Value};
use super::{boolean, choice, credit_code, date, money, number, region, text};
use crate::sheet::cell::Cell;

/// What the column or its sheet says about every cell in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnContext {
    /// Unit in the header or above the table; absent = 万元. A unit in the cell wins.
    pub money_unit: Option<MoneyUnit>,
}

/// Above this a number cell has lost digits: Excel keeps fifteen.
const LOST_DIGITS: f64 = 1e15;

impl Field {
    /// Reads one cell for this field.
    #[must_use]
    pub fn read(&self, catalogue: &Catalogue, cell: &Cell, column: &ColumnContext) -> Reading {
        match cell {
            Cell::Empty => Reading::Blank(None),
            Cell::Text(t) => self.read_text(catalogue, t, column),
            Cell::Number(n) => self.read_number(catalogue, *n, column),
            Cell::Date(n) => self.read_date(*n),
            Cell::Bool(b) => self.read_bool(catalogue, *b, column),
            Cell::Error(e) => Reading::Fault(Fault::new(
                "error_value",
                format!("{}是公式错误 {e}", self.label),
                "请在 Excel 中改正公式，或直接填写结果",
            )),
            Cell::NoValue => Reading::Fault(Fault::new(
                "no_value",
                format!("{}：公式没有计算结果", self.label),
                "请在 Excel 中打开保存后再上传",
            )),
        }
    }

    fn read_text(&self, catalogue: &Catalogue, raw: &str, column: &ColumnContext) -> Reading {
        if let Err(fault) = text::check(&self.label, raw) {
            return Reading::Fault(fault);
        }
        if raw.len() <= 24 && matches!(raw.trim(), "[清空]" | "【清空】" | "［清空］") {
            return Reading::Clear;
        }
        if matches!(
            self.kind,
            FieldType::Text | FieldType::Department | FieldType::Reference
        ) {
            return self.read_words(raw);
        }
        let clean = text::cleaned(raw);
        let clean = clean.as_ref();
        if clean.is_empty() {
            return Reading::Blank(None);
        }
        // Notes quote what a person can see: no invisible marks, no spaces around it.
        let seen = text::tidy(raw);
        let seen = seen.as_ref();
        // Words for "nothing" mean something in some lists (无 = 未定级) and in 是否 columns.
        match self.kind {
            FieldType::Bool => return boolean::read(self, seen, clean),
            FieldType::Choice => return choice::read(self, catalogue, raw, clean),
            FieldType::Date => return date::read(&self.label, seen, clean),
            _ if text::is_null_word(clean) => return Reading::Blank(None),
            _ => {}
        }
        match self.kind {
            FieldType::Integer => number::read_integer(self, seen, clean),
            FieldType::Decimal => number::read_decimal(self, seen, clean),
            FieldType::Money => money::read(&self.label, seen, clean, column.money_unit),
            FieldType::CreditCode => credit_code::read(&self.label, seen, clean),
            FieldType::Region => region::read(&self.label, catalogue.regions(), clean),
            _ => self.read_code(seen, clean),
        }
    }

    fn read_words(&self, raw: &str) -> Reading {
        let tidy = text::tidy(raw);
        let nothing = if self.kind == FieldType::Text {
            text::is_dash(&tidy)
        } else {
            text::is_null_word(&tidy)
        };
        if tidy.is_empty() || nothing {
            return Reading::Blank(None);
        }
        if !self.multiple {
            return Reading::Value(Value::Text(tidy.into_owned()), None);
        }
        let list = if self.kind == FieldType::Text {
            text::split(&tidy)
        } else {
            text::split_names(&tidy)
        };
        listed(list, None)
    }

    fn read_code(&self, seen: &str, clean: &str) -> Reading {
        let note = (seen != clean).then(|| Note::normalised(seen, clean));
        if self.multiple {
            return listed(text::split_names(clean), note);
        }
        Reading::Value(Value::Text(clean.to_owned()), note)
    }

    fn read_number(&self, catalogue: &Catalogue, n: f64, column: &ColumnContext) -> Reading {
        if !n.is_finite() {
            return Reading::Fault(Fault::new(
                "not_a_number",
                format!("{}不是有效的数值", self.label),
                "请重新填写",
            ));
        }
        match self.kind {
            FieldType::Date => date::read_number(&self.label, n),
            FieldType::Money => money::read_number(&self.label, n, column.money_unit),
            FieldType::Decimal => number::decimal_cell(self, n),
            FieldType::Integer => number::integer_cell(self, n),
            FieldType::Bool | FieldType::Choice => {
                self.read_text(catalogue, &number::plain(n), column)
            }
            FieldType::Text => self.read_text(catalogue, &number::plain(n), column),
            _ if n.abs() >= LOST_DIGITS => Reading::Fault(Fault::new(
                "lost_digits",
                format!("{}是数值单元格，超过 15 位的数字已经丢失", self.label),
                "请先将该列设为文本格式，再重新填写",
            )),
            _ => self.read_text(catalogue, &number::plain(n), column),
        }
    }

    fn read_date(&self, serial: f64) -> Reading {
        let date = match date::from_serial(serial) {
            Ok(date) => date,
            Err(fault) => return Reading::Fault(fault),
        };
        match self.kind {
            FieldType::Date | FieldType::Text | FieldType::Code if !self.multiple => {
                Reading::Value(Value::Text(date.to_string()), None)
            }
            FieldType::Text | FieldType::Code => {
                Reading::Value(Value::List(vec![date.to_string()]), None)
            }
            _ => Reading::Fault(Fault::new(
                "unexpected_date",
                format!("{}是日期格式的单元格（显示为 {date}）", self.label),
                "请将单元格格式改为常规或文本后重新填写",
            )),
        }
    }

    fn read_bool(&self, catalogue: &Catalogue, b: bool, column: &ColumnContext) -> Reading {
        match self.kind {
            FieldType::Bool => Reading::Value(Value::Bool(b), None),
            _ => self.read_text(catalogue, if b { "是" } else { "否" }, column),
        }
    }
}

/// A list value, or nothing when no part was left.
pub(super) fn listed(list: Vec<String>, note: Option<Note>) -> Reading {
    if list.is_empty() {
        return Reading::Blank(None);
    }
    Reading::Value(Value::List(list), note)
}
