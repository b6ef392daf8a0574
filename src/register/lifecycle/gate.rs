//! What a gate needs against what is there: always the complete list of what is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::{GateVersion, Need, When};
use crate::register::catalogue::Catalogue;
use crate::register::field::Register;
use crate::register::rules::has;
use crate::register::value::{Document, Value};

/// What is known of an entry when it comes to a gate.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its values.
    pub document: Document,
    /// Kinds of the files it has.
    pub attachments: BTreeSet<String>,
    /// Entries it refers to, by field; and entries that refer to it, by `register.field`.
    pub related: BTreeMap<String, Vec<Related>>,
    /// Who would be cut off without it.
    pub links: Links,
    /// How it stands between its ends while they have not both confirmed it; empty when they have.
    pub unconfirmed: String,
}

/// Entries in use that depend on one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Those that are told.
    pub told: Vec<Link>,
    /// Others that whoever asks may not see.
    pub hidden: usize,
    /// There are more than were looked at.
    pub cut: bool,
    /// What takes the entry's place, as people read it; empty when nothing is named.
    pub replacement: String,
}

/// An entry in use that depends on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Label of its register.
    pub register: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// Key of the reference field.
    pub field: String,
    /// What people call that field.
    pub via: String,
}

/// A related entry, as far as a gate must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Its register.
    pub register: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its status, empty when it says none.
    pub step: String,
}

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `field`, `attachment`, `related`, `link` or `ends`.
    pub what: &'static str,
    /// Key of the field, code of the kind of attachment.
    pub key: String,
    /// What people read: 缺少“合同编号”.
    pub message: String,
    /// What to do, and why.
    pub suggestion: String,
}

/// The facts' key of what refers to an entry.
pub(super) fn incoming(register: &str, field: &str) -> String {
    format!("{register}.{field}")
}

/// Whether a condition holds for a document.
#[must_use]
pub fn holds(when: Option<&When>, document: &Document) -> bool {
    when.is_none_or(|when| {
        let value = document.get(&when.field);
        value.is_some_and(|v| when.values.iter().any(|wanted| has(v, wanted)))
    })
}

/// Everything that a gate needs and that is not there; empty when it opens.
#[must_use]
pub fn missing(
    catalogue: &Catalogue,
    register: &Register,
    gate: &GateVersion,
    facts: &Facts,
) -> Vec<Missing> {
    let asked = gate
        .need
        .iter()
        .filter(|need| holds(need.when.as_ref(), &facts.document));
    let mut out = Vec::new();
    for need in asked {
        if need.links {
            out.extend(of_links(need, &facts.links));
            continue;
        }
        if need.ends {
            out.extend(of_ends(need, &facts.unconfirmed));
            continue;
        }
        let found = match (&need.field, &need.attachment, &need.related) {
            (Some(field), _, _) => of_field(catalogue, register, need, field, facts),
            (_, Some(kind), _) => of_attachment(catalogue, need, kind, facts),
            (_, _, Some(via)) => of_related(catalogue, register, need, via, facts),
            (None, None, None) => None,
        };
        out.extend(found.filter(|m| !out.contains(m)));
    }
    out
}

fn with_reason(need: &Need, text: String) -> String {
    if need.reason.is_empty() {
        text
    } else {
        format!("{text}（{}）", need.reason)
    }
}

fn of_field(
    catalogue: &Catalogue,
    register: &Register,
    need: &Need,
    key: &str,
    facts: &Facts,
) -> Option<Missing> {
    let value = facts.document.get(key);
    let filled = value.is_some_and(|v| match v {
        Value::Text(text) => !text.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Bool(_) | Value::Integer(_) => true,
    });
    let fits = need.is.is_empty() || value.is_some_and(|v| need.is.iter().any(|w| has(v, w)));
    if filled && fits {
        return None;
    }
    let field = register.field(key)?;
    let list = field.list.as_deref().and_then(|l| catalogue.list(l));
    let wanted: Vec<&str> = need
        .is
        .iter()
        .map(
            |code| match (code.as_str(), list.and_then(|l| l.label(code))) {
                (_, Some(label)) => label,
                ("true", _) => "是",
                ("false", _) => "否",
                (code, None) => code,
            },
        )
        .collect();
    let (message, todo) = if filled {
        (
            format!("“{}”应为{}", field.label, wanted.join("或")),
            format!("请核对“{}”", field.label),
        )
    } else if wanted.is_empty() {
        (
            format!("未填写“{}”", field.label),
            format!("请填写“{}”", field.label),
        )
    } else {
        (
            format!("未填写“{}”", field.label),
            format!("请填写“{}”，应为{}", field.label, wanted.join("或")),
        )
    };
    Some(Missing {
        what: "field",
        key: key.to_owned(),
        message,
        suggestion: with_reason(need, todo),
    })
}

fn of_attachment(catalogue: &Catalogue, need: &Need, kind: &str, facts: &Facts) -> Option<Missing> {
    if facts.attachments.contains(kind) {
        return None;
    }
    let label = catalogue
        .list(super::load::ATTACHMENT_KINDS)
        .and_then(|l| l.label(kind))
        .unwrap_or(kind);
    Some(Missing {
        what: "attachment",
        key: kind.to_owned(),
        message: format!("缺少附件“{label}”"),
        suggestion: with_reason(need, format!("请上传类别为“{label}”的附件")),
    })
}

/// Both ends say the same.
fn of_ends(need: &Need, unconfirmed: &str) -> Option<Missing> {
    (!unconfirmed.is_empty()).then(|| Missing {
        what: "ends",
        key: "ends".to_owned(),
        message: format!("双方尚未确认这条对接（{unconfirmed}）"),
        suggestion: with_reason(need, "请两端单位在“对接确认”中确认".to_owned()),
    })
}

/// Everyone who would be cut off, one by one; those out of sight are counted.
fn of_links(need: &Need, links: &Links) -> Vec<Missing> {
    let todo = if links.replacement.is_empty() {
        "请先改接到接替的系统，或终止这一对接".to_owned()
    } else {
        format!("请先改接到{}，或终止这一对接", links.replacement)
    };
    let line = |key: &str, message: String| Missing {
        what: "link",
        key: key.to_owned(),
        message,
        suggestion: with_reason(need, todo.clone()),
    };
    let told = links.told.iter().map(|link| {
        let Link {
            register,
            code,
            name,
            owner,
            ..
        } = link;
        let via = &link.via;
        line(
            &link.field,
            format!("{owner}的{register}“{name}”（{code}）仍在使用它（{via}）"),
        )
    });
    let mut out: Vec<Missing> = told.collect();
    if links.hidden > 0 {
        let hidden = links.hidden;
        out.push(line(
            "links",
            format!("另有 {hidden} 个您无权查看的条目仍在使用它"),
        ));
    }
    if links.cut {
        out.push(line("links", "仍在使用它的条目过多，未全部列出".to_owned()));
    }
    out
}

fn of_related(
    catalogue: &Catalogue,
    register: &Register,
    need: &Need,
    via: &str,
    facts: &Facts,
) -> Option<Missing> {
    let (key, holder) = match &need.of {
        Some(of) => (incoming(of, via), catalogue.register(of)?),
        None => (via.to_owned(), register),
    };
    let field = holder.field(via)?;
    let target = match &need.of {
        Some(_) => holder,
        None => catalogue.register(field.refers_to.as_deref()?)?,
    };
    let found = facts
        .related
        .get(&key)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if found.is_empty() {
        let (message, todo) = if need.of.is_some() {
            (
                format!("还没有登记所属的{}", target.label),
                format!("请登记{}", target.label),
            )
        } else {
            (
                format!("没有关联“{}”", field.label),
                format!("请在“{}”中填写已登记的{}", field.label, target.label),
            )
        };
        return Some(Missing {
            what: "related",
            key: via.to_owned(),
            message,
            suggestion: with_reason(need, todo),
        });
    }
    let elsewhere: Vec<String> = found
        .iter()
        .filter(|r| !need.steps.is_empty() && !need.steps.contains(&r.step))
        .map(|r| format!("“{}”（{}）", r.name, r.code))
        .collect();
    if elsewhere.is_empty() {
        return None;
    }
    let list = target
        .keys
        .status
        .as_deref()
        .and_then(|k| target.field(k))
        .and_then(|f| f.list.as_deref())
        .and_then(|l| catalogue.list(l));
    let wanted: Vec<&str> = need
        .steps
        .iter()
        .map(|s| list.and_then(|l| l.label(s)).unwrap_or(s))
        .collect();
    Some(Missing {
        what: "related",
        key: via.to_owned(),
        message: format!(
            "{}尚未{}: {}",
            target.label,
            wanted.join("或"),
            elsewhere.join("、")
        ),
        suggestion: with_reason(
            need,
            format!("请先把这些{}办到“{}”", target.label, wanted.join("或")),
        ),
    })
}
