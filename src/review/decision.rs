//! What a decision says and writes: approved, cut by items, refused, merged into another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::facts;
use crate::register::lifecycle::{CHANGE, Kind, Lifecycle};
use crate::register::text as words;
use crate::register::value::Value;
use crate::review::steps::Act;
use crate::review::submission::Submission;
use crate::review::{Ground, checked, money};

/// The most items of a cut.
const ITEMS: usize = 100;

/// What the bureau says with a decision; which parts are needed depends on the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Number of the approving paper (批复文号); may be empty.
    pub number: String,
    /// What is cut, item by item.
    pub cuts: Vec<CutItem>,
    /// Register and code of the entry that it is merged into.
    pub into: Option<(String, String)>,
}

/// One item of a cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutItem {
    /// What is cut.
    pub item: String,
    /// By how much, in 万元.
    pub amount: String,
    /// Why.
    pub reason: String,
}

/// One item of a cut, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutLine {
    /// What is cut.
    pub item: String,
    /// By how much, in 分.
    pub amount: i64,
    /// Why.
    pub reason: String,
}

/// A decision that can be carried out.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Values that it writes into the entry.
    pub values: BTreeMap<String, Option<Value>>,
    /// The amount that was asked for, in 分.
    pub asked: Option<i64>,
    /// The amount that is approved, in 分.
    pub amount: Option<i64>,
    /// What is cut.
    pub cuts: Vec<CutLine>,
    /// Number of the approving paper.
    pub number: String,
    /// The entry it is merged into.
    pub into: Option<i64>,
    /// Code of that entry.
    pub into_code: String,
}

impl Decided {
    /// What the history keeps of it, as JSON.
    #[must_use]
    pub fn detail(&self) -> String {
        serde_json::json!({
            "asked": self.asked, "amount": self.amount, "cuts": self.cuts, "number": self.number,
            "into": self.into_code,
        })
        .to_string()
    }
}

/// Everything outside the submission that must be settled before a decision: the complete list.
///
/// # Errors
/// When the database fails.
pub fn ready(
    conn: &mut Conn,
    viewer: &Viewer,
    about: (&Submission, &EntryRow, &Kind),
) -> Result<Vec<Problem>> {
    let (row, entry, kind) = about;
    checked::wanting(conn, viewer, row, entry, kind)
}

/// Reads a short text of a form: trimmed, without control characters, not too long.
///
/// # Errors
/// [`Error::Invalid`] naming the field.
pub fn text(key: &str, label: &str, given: &str, most: usize) -> Result<String> {
    let given = given.trim();
    if let Err(fault) = words::check(label, given) {
        let problem = Problem::new(key, fault.code, &fault.message, &fault.suggestion);
        return Err(Error::Invalid(vec![problem]));
    }
    if given.chars().count() > most {
        let message = format!("{label}超过 {most} 个字");
        return Err(Error::Invalid(vec![Problem::new(
            key,
            "too_long",
            &message,
            "请缩短",
        )]));
    }
    Ok(given.to_owned())
}

/// Reads and checks a decision; what it will write.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong; [`Error::NotFound`] for an entry to merge into.
pub fn prepare(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    about: (&Submission, &EntryRow),
    act: Act,
    said: &Decision,
) -> Result<Decided> {
    let (row, entry) = about;
    let model = ground.model(&entry.register)?;
    let number = text("number", "批复文号", &said.number, 100)?;
    let mut out = Decided {
        values: BTreeMap::new(),
        asked: None,
        amount: None,
        cuts: Vec::new(),
        number,
        into: None,
        into_code: String::new(),
    };
    if act == Act::Merge {
        into(conn, viewer, ground, entry, said, &mut out)?;
    }
    if row.kind == CHANGE {
        if act == Act::Pass {
            change(row, entry, model, &mut out)?;
        }
        return Ok(out);
    }
    if matches!(act, Act::Pass | Act::Cut)
        && model.approval.number.is_some()
        && out.number.is_empty()
    {
        // Decisions alone write it, and what follows asks for it: it cannot be left for later.
        let problem = Problem::new("number", "required", "没有写明批复文号", "请填写批复文号");
        return Err(Error::Invalid(vec![problem]));
    }
    let document = entry.document();
    let asked = model.approval.asked.as_deref();
    out.asked = asked.and_then(|key| money::fen(entry::text(&document, key)?));
    out.amount = out.asked.filter(|_| act == Act::Pass);
    if act == Act::Cut {
        cut(said, &mut out)?;
    } else if !said.cuts.is_empty() {
        let hint = "请改用“核减通过”，或去掉核减项";
        let problem = Problem::new("cuts", "unexpected", "只有核减通过才列核减项", hint);
        return Err(Error::Invalid(vec![problem]));
    }
    values(ground, (row, model), act, &mut out);
    Ok(out)
}

fn into(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    entry: &EntryRow,
    said: &Decision,
    out: &mut Decided,
) -> Result<()> {
    let Some((register, code)) = &said.into else {
        let problem = Problem::new(
            "into",
            "required",
            "没有写明并入哪个条目",
            "请填写登记簿和编码",
        );
        return Err(Error::Invalid(vec![problem]));
    };
    let definitions = ground.definitions(register)?;
    let target = facts::row(conn, viewer, definitions.register, code)?;
    if target.id == entry.id || !target.present {
        let problem = Problem::new(
            "into",
            "invalid",
            "不能并入自己或已移除的条目",
            "请另选条目",
        );
        return Err(Error::Invalid(vec![problem]));
    }
    out.into = Some(target.id);
    out.into_code = target.code;
    Ok(())
}

/// The values of a change request; what they were proposed from must still stand.
fn change(row: &Submission, entry: &EntryRow, model: &Lifecycle, out: &mut Decided) -> Result<()> {
    let mut document = entry.document();
    let amounts = [&model.approval.amount, &model.approval.asked];
    let amount = |document: &crate::register::value::Document| {
        amounts
            .into_iter()
            .flatten()
            .find_map(|key| money::fen(entry::text(document, key)?))
    };
    out.asked = amount(&document);
    for (key, proposal) in row.proposals() {
        if document.get(&key) != proposal.old.as_ref()
            && document.get(&key) != proposal.new.as_ref()
        {
            return Err(Error::Conflict(format!(
                "提出变更之后“{key}”又有变化，请退回重新填报"
            )));
        }
        match &proposal.new {
            Some(value) => document.insert(key.clone(), value.clone()),
            None => document.remove(&key),
        };
        out.values.insert(key, proposal.new);
    }
    out.amount = amount(&document);
    Ok(())
}

/// Reads the items of a cut; together they take away something, and not more than was asked for.
fn cut(said: &Decision, out: &mut Decided) -> Result<()> {
    let mut problems = Vec::new();
    let mut wrong = |code: &str, message: &str, hint: &str| {
        problems.push(Problem::new("cuts", code, message, hint));
    };
    if out.asked.is_none() {
        wrong("no_amount", "申报没有金额，不能核减", "请先补填申报资金");
    }
    if said.cuts.is_empty() {
        wrong("required", "核减须逐项写明", "请写明核减项、金额和原因");
    }
    if said.cuts.len() > ITEMS {
        wrong("too_many", "核减项过多", "最多 100 项，请合并");
    }
    let (lines, faults) = items(said);
    let sum = lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.amount));
    if let Some(asked) = out.asked {
        if sum > asked {
            wrong("too_much", "核减合计超过申报金额", "请核对各项金额");
        }
        out.amount = Some(asked.saturating_sub(sum));
    }
    out.cuts = lines;
    problems.extend(faults);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// The items of a cut that can be read, and what is wrong with the others.
fn items(said: &Decision) -> (Vec<CutLine>, Vec<Problem>) {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (number, cut) in said.cuts.iter().enumerate().take(ITEMS) {
        let mut wrong = |field: &str, code: &str, what: &str, hint: &str| {
            let message = format!("第 {} 项{what}", number + 1);
            let at = format!("cuts[{number}].{field}");
            problems.push(Problem::new(&at, code, &message, hint));
        };
        for (key, label, given) in [
            ("item", "核减项", &cut.item),
            ("reason", "核减原因", &cut.reason),
        ] {
            if given.trim().is_empty() {
                wrong(key, "required", &format!("没有写{label}"), "请填写");
            } else if text(key, label, given, 500).is_err() {
                let what = format!("的{label}有误");
                wrong(key, "invalid", &what, "请改写，500 字以内");
            }
        }
        match money::fen(&cut.amount).filter(|fen| *fen > 0) {
            Some(amount) => lines.push(CutLine {
                item: cut.item.trim().to_owned(),
                amount,
                reason: cut.reason.trim().to_owned(),
            }),
            None => {
                let what = "的核减金额应为大于 0 的数";
                wrong("amount", "invalid_money", what, "单位万元，如 42 或 3.5");
            }
        }
    }
    (lines, problems)
}

/// What the decision writes into the fields that the register has for it.
fn values(ground: Ground<'_>, about: (&Submission, &Lifecycle), act: Act, out: &mut Decided) {
    let (row, model) = about;
    let fields = &model.approval;
    let mut put = |key: &Option<String>, value: Option<Value>| {
        if let Some(key) = key {
            out.values.insert(key.clone(), value);
        }
    };
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    // Codes of the list `review_decision`.
    let code = match act {
        Act::Cut => "cut",
        Act::Merge => "merge",
        Act::Reject => "reject",
        _ => "pass",
    };
    put(&fields.decision, text(code));
    put(&fields.day, text(&clock::today().to_string()));
    let cut: i64 = out.cuts.iter().map(|c| c.amount).sum();
    put(
        &fields.cut,
        text(&if cut > 0 {
            money::wan(cut)
        } else {
            String::new()
        }),
    );
    put(
        &fields.amount,
        out.amount.and_then(|a| text(&money::wan(a))),
    );
    put(&fields.number, text(&out.number));
    let bureau = row.bureau_id.and_then(|id| ground.directory.get(id));
    put(&fields.office, bureau.and_then(|b| text(&b.name)));
}
