//! What is asked for with a file: register, owner, mapping of its sheets, reason.

use serde::{Deserialize, Serialize};

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::intake::identify;
use crate::intake::mapping::{MapFile, NOT_READ};
use crate::org::directory::{Directory, Found};
use crate::register::catalogue::Catalogue;

/// Characters of a reason.
pub(super) const LONGEST_REASON: usize = 500;
/// Sheets, and columns of one, that a mapping may speak of.
const MOST: usize = 500;

/// What is asked for; kept with the import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Only this register.
    pub register: Option<String>,
    /// Only this sheet.
    pub sheet: Option<String>,
    /// Owner of rows that name none: code or full name.
    pub department: Option<String>,
    /// Applied at once when nothing is wrong.
    pub apply: bool,
    /// Why.
    pub reason: String,
    /// From which day it is true.
    pub valid_on: Option<String>,
    /// What was said of the sheets.
    pub sheets: Vec<MapFile>,
}

impl Options {
    /// Everything that is wrong with them.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem; when the database fails.
    pub fn check(&self, conn: &mut Conn, viewer: &Viewer, catalogue: &Catalogue) -> Result<()> {
        let mut problems = Vec::new();
        let texts = [
            ("register", self.register.as_deref()),
            ("sheet", self.sheet.as_deref()),
            ("department", self.department.as_deref()),
            ("reason", Some(self.reason.as_str())),
        ];
        for (field, text) in texts {
            problems.extend(text.and_then(|t| odd(field, t)));
        }
        if let Some(key) = &self.register {
            problems.extend(no_register(catalogue, "register", key));
        }
        if self.reason.chars().count() > LONGEST_REASON {
            problems.push(Problem::new(
                "reason",
                "too_long",
                "变更原因超过 500 个字",
                "请缩短后再提交",
            ));
        }
        let is_day = |d: &str| chrono::NaiveDate::parse_from_str(d, "%Y-%m-%d").is_ok();
        if self.valid_on.as_deref().is_some_and(|d| !is_day(d)) {
            problems.push(Problem::new(
                "valid_on",
                "invalid_date",
                "生效日期无法识别",
                "请按 2026-03-05 的形式填写",
            ));
        }
        let directory = Directory::load(conn)?;
        if let Some(text) = &self.department {
            problems.extend(no_department(&directory, viewer, text));
        }
        self.check_sheets(catalogue, &directory, &mut problems);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(problems))
        }
    }

    fn check_sheets(
        &self,
        catalogue: &Catalogue,
        directory: &Directory,
        problems: &mut Vec<Problem>,
    ) {
        let many = self
            .sheets
            .iter()
            .any(|s| s.columns.len() > MOST || s.departments.len() > MOST);
        if self.sheets.len() > MOST || many {
            problems.push(Problem::new(
                "sheets",
                "too_many",
                "列对应的内容过多",
                "请只写需要改动的列",
            ));
            return;
        }
        for (n, sheet) in self.sheets.iter().enumerate() {
            let at = |field: &str| format!("sheets[{n}].{field}");
            let register = match &sheet.register {
                Some(key) => {
                    problems.extend(no_register(catalogue, &at("register"), key));
                    catalogue.register(key)
                }
                None => None,
            };
            if sheet.header_row == Some(0) {
                problems.push(Problem::new(
                    &at("header_row"),
                    "no_such_row",
                    "表头行号从 1 开始",
                    "请填写表头所在的行号",
                ));
            }
            for (column, field) in &sheet.columns {
                problems.extend(odd(&at("columns"), column));
                let known = |key: &str| {
                    let any = catalogue.registers().iter();
                    key == NOT_READ
                        || register.map_or_else(
                            || any.into_iter().any(|r| r.field(key).is_some()),
                            |r| r.field(key).is_some(),
                        )
                };
                if let Some(key) = field.as_deref().filter(|k| !known(k)) {
                    problems.push(Problem::new(
                        &at("columns"),
                        "no_such_field",
                        &format!("“{column}”列所对应的字段“{key}”不存在"),
                        "请从该登记簿的字段中选择",
                    ));
                }
            }
            for (alias, meant) in &sheet.departments {
                problems.extend(odd(&at("departments"), alias));
                if !matches!(directory.find(meant), Found::One(_)) {
                    problems.push(Problem::new(
                        &at("departments"),
                        "unknown_department",
                        &format!("“{alias}”所指的单位“{meant}”不在机构名录中"),
                        "请填写单位全称或代码",
                    ));
                }
            }
        }
    }
}

fn odd(field: &str, text: &str) -> Option<Problem> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.chars().any(control).then(|| {
        Problem::new(
            field,
            "control_character",
            "含有不能保存的控制字符",
            "请删去看不见的字符后再提交",
        )
    })
}

fn no_register(catalogue: &Catalogue, field: &str, key: &str) -> Option<Problem> {
    if catalogue.register(key).is_some() {
        return None;
    }
    let known: Vec<String> = catalogue
        .registers()
        .iter()
        .map(|r| format!("{}（{}）", r.label, r.key))
        .collect();
    Some(Problem::new(
        field,
        "no_such_register",
        &format!("没有名为“{key}”的登记簿"),
        &format!("现有: {}", known.join("、")),
    ))
}

fn no_department(directory: &Directory, viewer: &Viewer, text: &str) -> Option<Problem> {
    let found = directory.find(text);
    if let Found::One(id) = found {
        let refusal = viewer.may(Right::Write, id).err()?;
        return Some(Problem::new(
            "department",
            "out_of_reach",
            "您不能为该单位填报",
            &refusal.rule,
        ));
    }
    let fault = identify::department_fault(directory, text, &found);
    Some(Problem::new(
        "department",
        fault.code,
        &fault.message,
        &fault.suggestion,
    ))
}
