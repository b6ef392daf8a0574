//! What an entry lacks before it can be confirmed, and which answer its state allows.

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::ledger::facts::stage_of;
use crate::ledger::held::step_of;
use crate::register::field::Stage;
use crate::review::Ground;
use crate::review::facts;

use super::answer::Answer;
use super::{Campaign, Kept};

/// What is missing of an entry, in words: fields to confirm that are empty, and what the gate before the step where
/// it stands asks for in the version of the campaign's day. Security detail is told as well: for its owner only.
pub(super) fn missing(
    (conn, viewer): (&mut Conn, &Viewer),
    ground: Ground<'_>,
    campaign: &Campaign,
    row: &EntryRow,
) -> Result<Vec<String>> {
    let register = ground.definitions(&row.register)?.register;
    let document = row.document();
    let chosen = campaign.fields().remove(&row.register).unwrap_or_default();
    let empty = if chosen.is_empty() {
        let stage = stage_of(&row.stage);
        register.completeness(stage, &document).missing
    } else {
        register.unfilled(&chosen, &document)
    };
    let mut out: Vec<String> = empty
        .into_iter()
        .map(|f| format!("未填写“{}”", f.label))
        .collect();
    let Some((day, model)) = campaign
        .gates_on
        .zip(ground.catalogue.lifecycle(&row.register))
    else {
        return Ok(out);
    };
    let step = step_of(register, &document);
    let mut gates: Vec<&str> = model
        .arrows
        .iter()
        .filter(|a| a.to == step)
        .filter_map(|a| a.gate.as_deref())
        .collect();
    gates.sort_unstable();
    gates.dedup();
    for gate in gates {
        let judged = facts::judge_on(conn, viewer, ground, row, (Some(gate), day))?;
        for lack in judged.iter().flat_map(|j| &j.missing) {
            if !out.contains(&lack.message) {
                out.push(lack.message.clone());
            }
        }
    }
    Ok(out)
}

/// Whether an entry changed, or was made, since the campaign was opened.
pub(super) fn has_moved(campaign: &Campaign, row: &EntryRow) -> bool {
    row.changed_seq > campaign.opened_seq
}

/// Whether it is out of use.
pub(super) fn is_retired(row: &EntryRow) -> bool {
    stage_of(&row.stage) == Stage::Retired
}

/// Whether an answer counts for the entry as it stands.
pub(super) fn counts(kept: &Kept, row: &EntryRow) -> bool {
    kept.revision == row.revision && kept.department_id == row.department_id
}

/// The answer that an entry's state calls for when its department has nothing else to say.
pub(super) fn plain(campaign: &Campaign, row: &EntryRow) -> Answer {
    if is_retired(row) && has_moved(campaign, row) {
        Answer::Retired
    } else if has_moved(campaign, row) {
        Answer::Changed
    } else {
        Answer::Unchanged
    }
}
