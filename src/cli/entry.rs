//! `entry`: one entry with its facts, relations and history.

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::Context;
use crate::cli::entries::{moment, object, register};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::{self, Definitions};
use crate::ledger::entry::EntryRow;
use crate::ledger::read;
use crate::org::directory::Directory;
use crate::register::field::Register;
use crate::register::value::Value;

#[derive(Debug, Args)]
pub struct Entry {
    /// 编码
    code: String,
    /// 列出全部历史
    #[arg(long)]
    history: bool,
    /// 过去某一时刻的样子（YYYY-MM-DD，或到秒），关联也是那时的
    #[arg(long, conflicts_with = "history")]
    as_of: Option<String>,
}

impl Entry {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        let directory = Directory::load(&mut conn)?;
        let seq = moment(&mut conn, self.as_of.as_deref())?;
        let mut rows = Vec::new();
        for row in read::by_code(&mut conn, &context.viewer, &self.code)? {
            let definitions = Definitions {
                catalogue: &context.app.catalogue,
                directory: &directory,
                register: register(context, &row.register)?,
            };
            let at = seq.unwrap_or(i64::MAX);
            rows.extend(as_of::stood(&mut conn, definitions, at, vec![row])?);
        }
        if rows.is_empty() {
            return Err(Error::NotFound(format!("编码为“{}”的条目", self.code)));
        }
        let mut objects = Vec::new();
        for row in &rows {
            let mut shown = object(row, &directory);
            let mut add = |key: &str, value: Json| {
                if let Some(map) = shown.as_object_mut() {
                    map.insert(key.to_owned(), value);
                }
            };
            let register = register(context, &row.register)?;
            if !context.out.is_json() {
                facts(context, register, &directory, row);
            }
            let near = relations(context, &mut conn, row, seq.unwrap_or(i64::MAX))?;
            add("relations", json!(near));
            if self.history {
                add(
                    "history",
                    history(context, &mut conn, register, &directory, row)?,
                );
            }
            objects.push(shown);
        }
        if context.out.is_json() {
            context.out.object(&objects);
        }
        Ok(0)
    }
}

fn facts(context: &Context, register: &Register, directory: &Directory, row: &EntryRow) {
    let document = row.document();
    context.out.line(&format!(
        "{} {} {}（版本 {}，完整度 {}%）",
        register.label, row.code, row.name, row.revision, row.completeness
    ));
    let mut group = "";
    for field in &register.fields {
        let Some(value) = document.get(&field.key) else {
            continue;
        };
        if field.group != group {
            group = &field.group;
            context.out.line(&format!("【{group}】"));
        }
        let text = field.show(&context.app.catalogue, directory, value);
        context.out.line(&format!("  {}: {text}", field.label));
    }
}

fn relations(context: &Context, conn: &mut Conn, row: &EntryRow, seq: i64) -> Result<Vec<Json>> {
    let near = read::neighbours(conn, &context.viewer, row.id, seq)?;
    let ids: Vec<i64> = near.iter().map(|n| n.other).collect();
    let others = read::by_ids(conn, &context.viewer, &ids)?;
    let mut out = Vec::new();
    for n in &near {
        let Some(other) = others.iter().find(|o| o.id == n.other) else {
            continue;
        };
        // The field stands in the entry that the relation starts from.
        let (arrow, from) = if n.outgoing {
            ("→", &row.register)
        } else {
            ("←", &other.register)
        };
        let field = register(context, from)?.field(&n.field);
        let label = field.map_or(n.field.as_str(), |f| f.label.as_str());
        if !context.out.is_json() {
            context
                .out
                .line(&format!("  {arrow} {label} {} {}", other.code, other.name));
        }
        out.push(json!({ "field": n.field, "outgoing": n.outgoing, "register": other.register, "code": other.code, "name": other.name }));
    }
    Ok(out)
}

fn history(
    context: &Context,
    conn: &mut Conn,
    register: &Register,
    directory: &Directory,
    row: &EntryRow,
) -> Result<Json> {
    let mut out = Vec::new();
    for version in read::history(conn, &context.viewer, row)? {
        let mut changes = Vec::new();
        for field in &register.fields {
            let (old, new) = (
                version.before.get(&field.key),
                version.after.get(&field.key),
            );
            if old != new {
                let show = |v: Option<&Value>| {
                    v.map(|v| field.show(&context.app.catalogue, directory, v))
                        .unwrap_or_default()
                };
                changes.push(json!({ "field": field.key, "label": field.label, "old": show(old), "new": show(new) }));
            }
        }
        if !context.out.is_json() {
            let (at, actor) = (clock::local(version.at), &version.actor);
            context.out.line(&format!(
                "版本 {} {at} {actor} {}（变更 {}）",
                version.revision, version.reason, version.seq
            ));
            if version.op == "change" {
                for c in &changes {
                    context.out.line(&format!(
                        "    {}: {} → {}",
                        c["label"].as_str().unwrap_or_default(),
                        c["old"].as_str().unwrap_or_default(),
                        c["new"].as_str().unwrap_or_default()
                    ));
                }
            }
        }
        out.push(json!({
            "revision": version.revision, "op": version.op, "change_set": version.seq, "at": clock::stamp(version.at),
            "actor": version.actor, "reason": version.reason, "changes": changes,
        }));
    }
    Ok(Json::Array(out))
}
