//! What a request becomes elsewhere: a link when it is agreed, an issue when the two ends do not come together.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::steps::{self, State};
use super::{Ground, Request, judge};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, share_requests};
use crate::db::scope::visible;
use crate::error::Result;
use crate::issue::{self, NewIssue};
use crate::ledger::as_of::Definitions;
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::held::step_of;
use crate::ledger::walk;
use crate::register::value::Value;
use crate::sharing::LINKS;
use crate::sharing::agreed::{self, Agreed};
use crate::sharing::field::ENDED;

/// The field that says why a link is over.
const END_REASON: &str = "end_reason";

fn present(conn: &mut Conn, id: i64) -> Result<Option<EntryRow>> {
    // Whoever answers for one end acts for both by agreeing; what is read here goes into their link alone.
    let found = visible(&Viewer::operator("系统"))
        .filter(entries::id.eq(id))
        .filter(entries::present.eq(true))
        .select(EntryRow::as_select())
        .first(conn);
    Ok(found.optional()?)
}

/// Makes the link of a request that was just agreed; returns its code.
pub(super) fn link(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Request,
) -> Result<Option<String>> {
    let dataset = present(conn, row.dataset_id)?;
    let document = dataset.as_ref().map(EntryRow::document).unwrap_or_default();
    let named = entry::text(&document, "system_id").map(str::to_owned);
    let provider_system: Option<String> = match named {
        Some(code) => visible(&Viewer::operator("系统"))
            .filter(entries::register.eq("information_system"))
            .filter(entries::code.eq(code))
            .filter(entries::present.eq(true))
            .select(entries::code)
            .first(conn)
            .optional()?,
        None => None,
    };
    let consumer_system = match row.consumer_system_id {
        Some(id) => present(conn, id)?.map(|r| r.code),
        None => None,
    };
    let until = row.valid_until.map(|d| d.to_string());
    let wanted = Agreed {
        provider: row.provider_id,
        consumer: row.consumer_id,
        dataset_id: dataset.map(|d| d.id),
        provider_system: provider_system.as_deref(),
        consumer_system: consumer_system.as_deref(),
        mode: &row.share_mode,
        frequency: entry::text(&document, "update_cycle").unwrap_or_default(),
        basis: &row.basis,
        purpose: &row.scene,
        scope: &row.use_scope,
        valid_until: until.as_deref(),
        request_id: row.id,
    };
    let (catalogue, directory) = (ground.catalogue, ground.directory);
    // The change set that holds the lock is empty: this one takes its number.
    agreed::agreed(conn, viewer, catalogue, directory, &wanted).map(Some)
}

/// Ends the link of a request that ends; one that another request still uses, or that others have ended or removed
/// meanwhile, stays as it is.
pub(super) fn ended(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Request,
    why: &str,
) -> Result<()> {
    let Some(register) = ground.catalogue.register(LINKS) else {
        return Ok(());
    };
    let Some(code) = &row.link_code else {
        return Ok(());
    };
    let others: i64 = share_requests::table
        .filter(share_requests::link_code.eq(code.clone()))
        .filter(share_requests::open.eq(true))
        .filter(share_requests::id.ne(row.id))
        .count()
        .get_result(conn)?;
    if others > 0 {
        return Ok(());
    }
    let found: Option<EntryRow> = visible(&Viewer::operator("系统"))
        .filter(entries::register.eq(LINKS))
        .filter(entries::code.eq(code.clone()))
        .filter(entries::present.eq(true))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    let Some(link) = found else {
        return Ok(());
    };
    let document = link.document();
    let before = step_of(register, &document);
    if before == ENDED {
        return Ok(());
    }
    let definitions = Definitions {
        catalogue: ground.catalogue,
        directory: ground.directory,
        register,
    };
    let purpose = Purpose {
        source: "agreed",
        reason: format!("共享申请{}已结束", row.number()),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let reason = Value::Text(why.to_owned());
    let mut after = document.clone();
    after.insert(END_REASON.to_owned(), reason.clone());
    // The law's own way led here, and no gate holds it up; it is named where it opens.
    let found = walk::arrow(definitions, (before, ENDED), &after, clock::today());
    let (arrow, gate) = found.unwrap_or(("end", None));
    let step = walk::Step {
        arrow,
        to: ENDED,
        gate,
        submission: None,
        carried_by: None,
        note: why,
    };
    let values = BTreeMap::from([(END_REASON.to_owned(), Some(reason))]);
    change_set::write(conn, viewer, purpose, |set| {
        walk::take(set, viewer, definitions, &link, &step, values)?;
        Ok(Verdict::Commit(()))
    })?;
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
    let cause = format!("{}{}:{}", issue::BY_PEOPLE, row.id, judge::phase(state));
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
