//! Answers as they are kept: each replaces the one it was given from, or fails.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use serde_json::json;

use super::Said;
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::campaign::{Campaign, Kept, OPEN};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaign_entries};
use crate::each;
use crate::error::{Error, Result};

/// Stores answers; a department that had handed in its list must do so again.
pub(super) fn store(
    conn: &mut Conn,
    viewer: &Viewer,
    campaign: &Campaign,
    said: &[Said],
) -> Result<()> {
    let now = clock::now();
    let mut counts: BTreeMap<i64, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for one in said {
        let kept = Kept {
            campaign_id: campaign.id,
            entry_id: one.row.id,
            department_id: one.row.department_id,
            revision: one.row.revision,
            answer: one.answer.word().to_owned(),
            note: one.note.clone(),
            to_department_id: one.to,
            version: one.seen + 1,
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            at: now,
            reply: String::new(),
            reply_note: String::new(),
            replied_by: None,
            replied_at: None,
        };
        let done = if one.seen == 0 {
            each!(conn, c => diesel::insert_into(campaign_entries::table).values(&kept).on_conflict_do_nothing().execute(c))?
        } else {
            replace(conn, &kept, one.seen)?
        };
        if done == 0 {
            return Err(Error::Stale(format!("“{}”的答复", one.row.name)));
        }
        let of = counts.entry(one.head).or_default();
        *of.entry(one.answer.label()).or_default() += 1;
    }
    for (head, counts) in counts {
        diesel::update(campaign_departments::table.find((campaign.id, head)))
            .set((
                campaign_departments::state.eq(OPEN),
                campaign_departments::attested_none.eq(false),
                campaign_departments::version.eq(campaign_departments::version + 1),
            ))
            .execute(conn)?;
        let line = Event::done("answer_campaign", &campaign.title)
            .of(Some(head))
            .with(json!({ "campaign": campaign.id, "answers": counts }));
        audit::record(conn, viewer, &line)?;
    }
    Ok(())
}

/// Replaces an answer that still has the version it was given from.
fn replace(conn: &mut Conn, kept: &Kept, seen: i64) -> Result<usize> {
    use campaign_entries as c;
    let done = diesel::update(c::table.find((kept.campaign_id, kept.entry_id)))
        .filter(c::version.eq(seen))
        .set((
            (
                c::department_id.eq(kept.department_id),
                c::revision.eq(kept.revision),
                c::answer.eq(&kept.answer),
                c::note.eq(&kept.note),
                c::to_department_id.eq(kept.to_department_id),
                c::version.eq(kept.version),
                c::account_id.eq(kept.account_id),
                c::actor.eq(&kept.actor),
                c::at.eq(kept.at),
            ),
            (
                c::reply.eq(""),
                c::reply_note.eq(""),
                c::replied_by.eq(None::<String>),
                c::replied_at.eq(None::<chrono::NaiveDateTime>),
            ),
        ))
        .execute(conn)?;
    Ok(done)
}

/// Answers that are stored of some entries.
pub(in crate::campaign) fn kept_of(
    conn: &mut Conn,
    campaign: i64,
    ids: &[i64],
) -> Result<HashMap<i64, Kept>> {
    let mut out = HashMap::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let rows: Vec<Kept> = campaign_entries::table
            .filter(campaign_entries::campaign_id.eq(campaign))
            .filter(campaign_entries::entry_id.eq_any(part.to_vec()))
            .select(Kept::as_select())
            .load(conn)?;
        out.extend(rows.into_iter().map(|k| (k.entry_id, k)));
    }
    Ok(out)
}
