//! What a row of a workbook may write into an entry with two ends, and what it says for the end that imports it.

use std::borrow::Cow;

use crate::intake::compare::{Ground, Prepared};
use crate::ledger::change::Edges;
use crate::ledger::ends::{self, Fate, Given, Names, OTHER_END, Pair, Pairs, Side, Standing};
use crate::ledger::entry::EntryRow;
use crate::register::field::Register;
use crate::register::rules::Finding;
use crate::register::value::{Document, Fault, Note};

/// Words of what a row means for how a link stands: it is said, it confirms, it disputes.
pub const APART: [&str; 3] = ["states_end", "confirms_end", "disputes_end"];

/// What the ends of entries say, and the names that links are called after.
#[derive(Default)]
pub struct Spoken {
    /// What stands, by entry.
    pub pairs: Pairs,
    /// Names of what links refer to.
    pub names: Names,
}

/// What an import says for one end of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which end.
    pub side: Side,
    /// What it gives for the agreed fields.
    pub given: Given,
    /// Whether that says more than what it has said.
    pub is_news: bool,
}

/// What a row says for its end, before anything is taken out of it; `None` for a register without two ends.
pub(super) fn statement(
    ground: Ground<'_>,
    register: &Register,
    row: &Prepared,
    old: Option<&EntryRow>,
) -> Option<Statement> {
    register.keys.party.as_ref()?;
    let side = side(ground, row, old)?;
    let mut given = Given::new();
    for (position, value) in &row.fields {
        let field = register.fields.get(*position);
        if let Some(field) = field.filter(|f| register.agreed.contains(&f.key)) {
            given.insert(field.key.clone(), value.clone());
        }
    }
    let before = ground
        .spoken
        .pairs
        .get(&row.id)
        .cloned()
        .unwrap_or_default();
    let after = ends::stated(&before, side, &given);
    let said = |p: &Pair| p.of(side).map(|e| (e.state, e.said.clone()));
    Some(Statement {
        side,
        given,
        is_news: said(&before) != said(&after),
    })
}

/// The end that the importer speaks for: of the entry as it stands, else of what the row names.
fn side(ground: Ground<'_>, row: &Prepared, old: Option<&EntryRow>) -> Option<Side> {
    let stands = old.filter(|o| o.present);
    stands
        .and_then(|o| Side::of_writer(ground.viewer, o.department_id, o.party_id))
        .or_else(|| Side::of_writer(ground.viewer, row.place.department_id, row.place.party_id))
}

/// Takes out of a row what the other end has stated otherwise; every such cell is named, the rest of the row goes in.
pub(super) fn yield_to(
    ground: Ground<'_>,
    register: &Register,
    row: &mut Cow<'_, Prepared>,
    edges: &mut Vec<Edges>,
    (old, before): (&EntryRow, &Document),
    statement: &Statement,
) -> Vec<(String, Finding)> {
    let mut out = Vec::new();
    let pair = ground
        .spoken
        .pairs
        .get(&old.id)
        .cloned()
        .unwrap_or_default();
    let side = statement.side;
    let mut gone: Vec<usize> = Vec::new();
    for (position, value) in &row.fields {
        let Some(field) = register.fields.get(*position) else {
            continue;
        };
        if before.get(&field.key) == value.as_ref() {
            continue;
        }
        let named = field.key == register.keys.name;
        if named && ends::name_is_derived(register, ground.directory, &ground.spoken.names, before)
        {
            continue;
        }
        let shown = before.get(&field.key).map_or_else(String::new, |v| {
            field.show(ground.catalogue, ground.directory, v)
        });
        let finding = match ends::fate(register, &pair, side, before, &field.key) {
            Fate::Free => continue,
            Fate::Said => Finding::Note(Note::warning(
                OTHER_END,
                format!("对方已登记为“{shown}”，将作为本方说法记录"),
            )),
            Fate::Kept => Finding::Note(Note::warning(
                "other_end_kept",
                format!("对方已登记为“{shown}”，未改动"),
            )),
            Fate::Fixed => Finding::Fault(Fault::new(
                "ends_fixed",
                format!("对方单位已有登记，“{}”不能更改。", field.label),
                "请终止这一对接，另行登记",
            )),
        };
        gone.push(*position);
        out.push((field.key.clone(), finding));
    }
    let kept = |key: &str| {
        let position = register.fields.iter().position(|f| f.key == key);
        position.is_none_or(|p| !gone.contains(&p))
    };
    let extra = |(key, _): &(String, String)| !before.contains_key(key);
    let yields = side == Side::Consumer && pair.has(Side::Provider);
    let extras = yields && row.extras.iter().any(|e| !extra(e));
    if !gone.is_empty() || extras {
        edges.retain(|e| kept(&e.field));
        let row = row.to_mut();
        row.fields.retain(|(p, _)| !gone.contains(p));
        if yields {
            row.extras.retain(extra);
        }
    }
    out.extend(told(register, &pair, statement));
    out
}

/// What the row means for how the link stands.
fn told(register: &Register, pair: &Pair, statement: &Statement) -> Option<(String, Finding)> {
    if !statement.is_news {
        return None;
    }
    let after = ends::stated(pair, statement.side, &statement.given);
    let [states, confirms, disputes] = APART;
    let (code, message) = match (pair.standing(), after.standing()) {
        (Standing::Waiting(_), Standing::Confirmed) => {
            (confirms, "与对方登记一致，写入后即为双方确认")
        }
        (before, Standing::Disputed) if before != Standing::Disputed => (
            disputes,
            "与对方说法不一致，写入后为有争议，并转为对接难点问题",
        ),
        _ => (states, "写入后作为本方说法记录"),
    };
    let note = Note::warning(code, message.to_owned());
    let key = register.keys.party.clone().unwrap_or_default();
    Some((key, Finding::Note(note)))
}
