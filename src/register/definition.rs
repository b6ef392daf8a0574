//! The shape of a definition file, `import_templates/*.toml`, before anything is checked.
//!
//! Unknown keys are refused, so that a misspelt one cannot pass unnoticed.

use serde::Deserialize;
use toml::Spanned;

use super::error::DefinitionError;
use super::field::{Depends, FieldType, Stage, Visibility};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDef {
    /// Register that this file adds fields to.
    pub extend: Option<Spanned<String>>,
    /// Register that this file declares.
    pub register: Option<RegisterDef>,
    /// Its fields, in template order.
    #[serde(default, rename = "field")]
    pub fields: Vec<FieldDef>,
}

/// The `[register]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterDef {
    pub key: Spanned<String>,
    pub label: Spanned<String>,
    #[serde(default)]
    pub titles: Vec<String>,
    pub code_prefix: Spanned<String>,
    #[serde(default)]
    pub names_repeat: bool,
    #[serde(default)]
    pub agreed: Vec<Spanned<String>>,
    #[serde(default)]
    pub default_stage: Stage,
    #[serde(default = "first")]
    pub published_from: Stage,
    #[serde(default = "last")]
    pub order: u32,
    pub keys: KeysDef,
}

fn first() -> Stage {
    Stage::Application
}

fn last() -> u32 {
    1000
}

/// The `[register.keys]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysDef {
    pub code: Spanned<String>,
    pub name: Spanned<String>,
    pub owner: Option<Spanned<String>>,
    pub party: Option<Spanned<String>>,
    pub within: Option<Spanned<String>>,
    pub region: Option<Spanned<String>>,
    pub amount: Option<Spanned<String>>,
    pub year: Option<Spanned<String>>,
    pub status: Option<Spanned<String>>,
}

/// One `[[field]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldDef {
    pub key: Spanned<String>,
    pub label: Spanned<String>,
    pub group: String,
    #[serde(rename = "type")]
    pub kind: FieldType,
    pub list: Option<Spanned<String>>,
    pub refers_to: Option<Spanned<String>>,
    pub depends: Option<Spanned<Depends>>,
    #[serde(default)]
    pub multiple: bool,
    #[serde(default)]
    pub aliases: Vec<Spanned<String>>,
    pub unit: Option<String>,
    #[serde(default)]
    pub required: bool,
    pub required_from: Option<Stage>,
    pub required_if: Option<RequiredIfDef>,
    pub refuse: Option<RefuseDef>,
    pub warn_over: Option<Spanned<i64>>,
    pub visible_to: Option<Visibility>,
    #[serde(default)]
    pub filter: bool,
    #[serde(default)]
    pub listed: bool,
    #[serde(default)]
    pub help: String,
    pub example: Option<Spanned<String>>,
    /// In an extension: the field to stand behind; absent = at the end.
    pub after: Option<Spanned<String>>,
}

/// `required_if = { field = "share_attr", in = ["2"], reason = "…" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequiredIfDef {
    pub field: Spanned<String>,
    #[serde(rename = "in")]
    pub values: Vec<Spanned<String>>,
    #[serde(default)]
    pub hard: bool,
    #[serde(default)]
    pub reason: String,
}

/// `refuse = { in = ["true"], reason = "…" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefuseDef {
    #[serde(rename = "in")]
    pub values: Vec<Spanned<String>>,
    pub reason: String,
}

/// Line number, from 1, of a byte offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Parses one file.
pub(super) fn parse(file: &str, text: &str) -> Result<FileDef, DefinitionError> {
    toml::from_str(text).map_err(|e| DefinitionError {
        file: file.to_owned(),
        line: e.span().map_or(0, |s| line_of(text, s.start)),
        reason: in_chinese(e.message()),
    })
}

/// The parser's most frequent complaints in Chinese; others are quoted.
fn in_chinese(message: &str) -> String {
    let first = message.split('`').nth(1).unwrap_or_default();
    let expected = || {
        let rest = message.split_once("expected").map_or("", |(_, r)| r);
        let words: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        words.join("、")
    };
    if message.starts_with("unknown field") {
        format!("不认识的键 {first}，可用的键：{}", expected())
    } else if message.starts_with("unknown variant") {
        format!("不认识的值 {first}，可用的值：{}", expected())
    } else if message.starts_with("missing field") {
        format!("缺少 {first}，请补上这一项")
    } else if message.starts_with("duplicate key") {
        "同一个键写了两次，请删去一个".to_owned()
    } else if message.starts_with("invalid type") {
        format!("值的类型不对（{message}）")
    } else {
        format!("TOML 语法错误（{message}），请检查引号、方括号和等号")
    }
}
