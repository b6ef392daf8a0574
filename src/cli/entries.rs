//! `entries` and `entry`: reading the ledger.

use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::auth::Viewer;
use crate::cli::Context;
use crate::cli::output::{short, table};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::{self, Definitions};
use crate::ledger::entry::{EntryRow, stage_word};
use crate::ledger::read;
use crate::org::directory::Directory;
use crate::register::field::{Register, Stage};
use crate::register::read::ColumnContext;
use crate::register::value::{Document, Reading, Value};
use crate::sheet::cell::Cell;

#[derive(Debug, Args)]
pub struct Entries {
    /// 登记簿
    #[arg(long)]
    register: String,
    /// 部门（名称或代码）
    #[arg(long)]
    department: Option<String>,
    #[arg(
        long = "filter",
        value_name = "字段=值",
        help = "条件，如 --filter mlps_level=三级；可多次使用"
    )]
    filters: Vec<String>,
    /// 名称或编码中的词，也可以用拼音首字母
    #[arg(long)]
    search: Option<String>,
    /// 过去某一时刻的账目（YYYY-MM-DD，或到秒）
    #[arg(long)]
    as_of: Option<String>,
    /// 最多列出多少条
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// The register with this key.
pub fn register<'c>(context: &'c Context, key: &str) -> Result<&'c Register> {
    context.app.catalogue.register(key).ok_or_else(|| {
        let known: Vec<&str> = context
            .app
            .catalogue
            .registers()
            .iter()
            .map(|r| r.key.as_str())
            .collect();
        Error::Usage(format!(
            "没有名为“{key}”的登记簿，现有: {}",
            known.join("、")
        ))
    })
}

/// The department that a name or code means.
pub fn department(directory: &Directory, text: Option<&str>) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    crate::intake::identify::named_department(directory, text).map(Some)
}

/// The point of the chain that `--as-of` means.
pub fn moment(conn: &mut Conn, text: Option<&str>) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    let at = clock::moment(text).ok_or_else(|| {
        Error::Usage(format!(
            "时间“{text}”无法识别，请写成 2026-03-31 或 2026-03-31 18:00:00"
        ))
    })?;
    as_of::seq_at(conn, at).map(Some)
}

/// What is walked: a register, perhaps of one department, perhaps in the past, perhaps only what a word finds.
pub struct Walk<'w> {
    /// The register, with what it is read by.
    pub definitions: Definitions<'w>,
    /// Department, by id.
    pub department: Option<i64>,
    /// A point of the chain.
    pub seq: Option<i64>,
    /// Search words.
    pub search: Option<&'w str>,
}

impl Walk<'_> {
    /// Hands every entry to `each` until it says stop.
    pub fn run(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        mut each: impl FnMut(EntryRow) -> Result<bool>,
    ) -> Result<()> {
        let register = self.definitions.register.key.as_str();
        let mut after = 0;
        loop {
            let (next, rows) = match (self.seq, self.search) {
                (Some(seq), _) => as_of::page(conn, viewer, self.definitions, seq, after)?,
                (None, Some(query)) => {
                    let rows = read::search(conn, viewer, register, query, after)?;
                    (rows.last().map(|r| r.id), rows)
                }
                (None, None) => {
                    let rows = read::page(conn, viewer, register, self.department, after)?;
                    (rows.last().map(|r| r.id), rows)
                }
            };
            let Some(next) = next else { return Ok(()) };
            after = next;
            for row in rows
                .into_iter()
                .filter(|r| self.department.is_none_or(|d| d == r.department_id))
            {
                if !each(row)? {
                    return Ok(());
                }
            }
        }
    }
}

impl Entries {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        let register = register(context, &self.register)?;
        let directory = Directory::load(&mut conn)?;
        let filters = self
            .filters
            .iter()
            .map(|f| filter(context, register, &directory, f))
            .collect::<Result<Vec<_>>>()?;
        let walk = Walk {
            definitions: Definitions {
                catalogue: &context.app.catalogue,
                directory: &directory,
                register,
            },
            department: department(&directory, self.department.as_deref())?,
            seq: moment(&mut conn, self.as_of.as_deref())?,
            search: self.search.as_deref(),
        };
        let mut found = Vec::new();
        let needle = self
            .search
            .as_deref()
            .filter(|_| walk.seq.is_some())
            .map(crate::register::words::name_key);
        walk.run(&mut conn, &context.viewer, |row| {
            let document = row.document();
            let named = needle
                .as_ref()
                .is_none_or(|n| row.name_key.contains(n.as_str()));
            if named
                && filters
                    .iter()
                    .all(|(key, value)| holds(&document, key, value))
            {
                found.push(row);
            }
            Ok(found.len() < self.limit)
        })?;
        if context.out.is_json() {
            let objects: Vec<Json> = found.iter().map(|row| object(row, &directory)).collect();
            context.out.object(&objects);
            return Ok(0);
        }
        let mut lines = vec![
            ["编码", "名称", "部门", "阶段", "完整度"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for row in &found {
            let department = directory
                .get(row.department_id)
                .map(|d| d.name.clone())
                .unwrap_or_default();
            let percent = format!("{}%", row.completeness);
            lines.push(vec![
                row.code.clone(),
                short(&row.name, 30),
                department,
                stage_label(&row.stage).to_owned(),
                percent,
            ]);
        }
        table(&lines).iter().for_each(|line| context.out.line(line));
        context.out.line(&format!("共 {} 条", found.len()));
        Ok(0)
    }
}

/// The Chinese name of a stored stage.
fn stage_label(word: &str) -> &str {
    let stage = Stage::ALL.into_iter().find(|s| stage_word(*s) == word);
    stage.map_or(word, |s| s.label())
}

/// A condition `field=value`, its value read as the field reads it.
fn filter(
    context: &Context,
    register: &Register,
    directory: &Directory,
    text: &str,
) -> Result<(String, Value)> {
    let (key, wanted) = text
        .split_once('=')
        .ok_or_else(|| Error::Usage(format!("条件“{text}”应写成 字段=值")))?;
    let field = register
        .fields
        .iter()
        .find(|f| f.key == key || f.label == key)
        .ok_or_else(|| Error::Usage(format!("{}没有字段“{key}”", register.label)))?;
    let read = field.read(
        &context.app.catalogue,
        &Cell::Text(wanted.to_owned()),
        &ColumnContext::default(),
    );
    match read {
        Reading::Value(Value::Text(name), _)
            if field.kind == crate::register::field::FieldType::Department =>
        {
            let id = department(directory, Some(&name))?;
            let code = id
                .and_then(|id| directory.get(id))
                .map(|d| d.code.clone())
                .unwrap_or_default();
            Ok((field.key.clone(), Value::Text(code)))
        }
        Reading::Value(value, _) => Ok((field.key.clone(), value)),
        Reading::Fault(fault) => Err(Error::Usage(format!(
            "条件“{text}”: {}{}",
            fault.message, fault.suggestion
        ))),
        Reading::Blank(_) | Reading::Clear => Err(Error::Usage(format!("条件“{text}”没有值"))),
    }
}

/// Whether a document holds a value; of a list, every one of the values asked for.
fn holds(document: &Document, key: &str, wanted: &Value) -> bool {
    match (document.get(key), wanted) {
        (Some(Value::List(held)), Value::List(wanted)) => wanted.iter().all(|w| held.contains(w)),
        (held, wanted) => held == Some(wanted),
    }
}

/// An entry as JSON: what it is, then its values by field key.
pub fn object(row: &EntryRow, directory: &Directory) -> Json {
    let mut values = Map::new();
    for (key, value) in row.document() {
        values.insert(key, json!(value));
    }
    json!({
        "register": row.register,
        "code": row.code,
        "name": row.name,
        "department": directory.get(row.department_id).map(|d| &d.name),
        "stage": row.stage,
        "completeness": row.completeness,
        "revision": row.revision,
        "values": values,
    })
}
