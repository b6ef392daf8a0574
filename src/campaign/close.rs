//! A campaign is closed: what the ledger holds is frozen as digests, with a certificate for every department.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde_json::json;

use super::board::{self, Line, Standing};
use super::certificate::Certificate;
use super::freeze::{Frozen, frozen};
use super::open::demand_run;
use super::{CLOSED, Campaign, Members, demand_open, get, locked, nowhere, sees};
use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::{self, Conn};
use crate::db::schema::{campaign_departments, campaign_units, campaigns, ledger_head};
use crate::error::{Error, Problem, Result};
use crate::ledger::chain;
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;
use crate::review::Ground;
use crate::review::decision::text;
use crate::review::paper;

/// How somebody wants to close a campaign.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The version that was looked at.
    pub version: i64,
    /// Close it although something is open.
    pub force: bool,
    /// Why, when it is forced.
    pub reason: String,
}

/// What stands in the way of closing.
fn in_the_way(lines: &[Line]) -> Vec<Problem> {
    let open: Vec<&str> = lines
        .iter()
        .filter(|l| !l.standing.is_settled())
        .map(|l| l.name.as_str())
        .collect();
    let mut out = Vec::new();
    if !open.is_empty() {
        let named: Vec<&str> = open.iter().take(10).copied().collect();
        let more = if open.len() > named.len() { "等" } else { "" };
        let what = format!(
            "还有 {} 个单位没有提交: {}{more}",
            open.len(),
            named.join("、")
        );
        let todo = "请催办，或写明原因后强制结束";
        out.push(Problem::new("departments", "open", &what, todo));
    }
    let questions: usize = lines.iter().map(|l| l.questions).sum();
    if questions > 0 {
        let what = format!("还有 {questions} 个“不属本单位”的条目没有处理");
        let todo = "请划转或退回，或写明原因后强制结束";
        out.push(Problem::new("questions", "open", &what, todo));
    }
    out
}

/// Closes a campaign. Nothing of it changes any more.
///
/// Questions that are still open when it is forced stay with the department that owns the entry, and its
/// certificate says how many they are.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]; [`Error::Invalid`] with everything that is open unless it is forced with a
/// reason; [`Error::Conflict`] once it is closed; [`Error::Stale`] when it changed since.
pub fn close(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
    wish: &Wish,
) -> Result<Campaign> {
    viewer.may_anywhere(Right::RunCampaign)?;
    let reason = text("reason", "强制结束的原因", &wish.reason, 500)?;
    locked(conn, viewer, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        demand_run(viewer, &campaign)?;
        demand_open(&campaign)?;
        let all = Viewer::operator(viewer.name());
        let pair = (&campaign, &members);
        let lines = board::lines(conn, &all, ground.directory, pair, clock::today())?;
        let open = in_the_way(&lines);
        if !open.is_empty() && !wish.force {
            return Err(Error::Invalid(open));
        }
        if !open.is_empty() && reason.is_empty() {
            let what = "强制结束须写明原因";
            let problem = Problem::new("reason", "required", what, "");
            return Err(Error::Invalid(vec![problem]));
        }
        let (seq, head): (i64, Vec<u8>) = ledger_head::table
            .select((ledger_head::seq, ledger_head::hash))
            .first(conn)?;
        let sums = frozen(conn, ground, pair, seq)?;
        let total: i64 = sums.parts.values().map(super::freeze::Sum::total).sum();
        let done = diesel::update(campaigns::table.find(id))
            .filter(campaigns::version.eq(wish.version))
            .set((
                campaigns::state.eq(CLOSED),
                campaigns::version.eq(campaigns::version + 1),
                campaigns::closed_at.eq(Some(clock::now())),
                campaigns::closed_by.eq(Some(viewer.name())),
                campaigns::closer_id.eq(viewer.account()),
                campaigns::closed_seq.eq(Some(seq)),
                campaigns::head.eq(Some(chain::hex(&head))),
                campaigns::entries.eq(Some(total)),
                campaigns::digest.eq(Some(&sums.digest)),
                campaigns::forced.eq(Some(&reason).filter(|_| !open.is_empty())),
            ))
            .execute(conn)?;
        if done == 0 {
            return Err(Error::Stale(format!("“{}”", campaign.title)));
        }
        let closed: Campaign = campaigns::table
            .find(id)
            .select(Campaign::as_select())
            .first(conn)?;
        keep(conn, ground.directory, (&closed, &members), &lines, &sums)?;
        let line = Event::done("close_campaign", &closed.title)
            .of(Some(closed.bureau_id))
            .with(json!({
                "campaign": id, "seq": seq, "entries": total, "digest": sums.digest,
                "reason": closed.forced,
            }));
        audit::record(conn, viewer, &line)?;
        Ok(closed)
    })
}

/// Keeps who counted to whom, and what every department held, with its certificate.
fn keep(
    conn: &mut Conn,
    directory: &Directory,
    (closed, members): (&Campaign, &Members),
    lines: &[Line],
    sums: &Frozen,
) -> Result<()> {
    for head in members.heads() {
        for department in members.of(head) {
            diesel::insert_into(campaign_units::table)
                .values((
                    campaign_units::campaign_id.eq(closed.id),
                    campaign_units::department_id.eq(department),
                    campaign_units::head_id.eq(head),
                ))
                .execute(conn)?;
        }
    }
    for line in lines {
        let department = line.part.department_id;
        let sum = sums.parts.get(&department).cloned().unwrap_or_default();
        let outcome = match line.standing {
            Standing::Submitted => "complete",
            Standing::Gone => "gone",
            _ => "incomplete",
        };
        let content = Certificate::of(directory, closed, line, &sum);
        let content = serde_json::to_string(&content).unwrap_or_default();
        let digest = paper::sm3(&content);
        // Only who was complete gets a paper.
        let code = (outcome == "complete")
            .then(|| paper::check_code(&format!("{}\n{department}\n{digest}", closed.id)));
        diesel::update(campaign_departments::table.find((closed.id, department)))
            .set((
                campaign_departments::outcome.eq(Some(outcome)),
                campaign_departments::entries.eq(Some(sum.total())),
                campaign_departments::digest.eq(Some(&sum.digest)),
                campaign_departments::code.eq(&code),
                campaign_departments::content.eq(Some(&content)),
                campaign_departments::content_digest.eq(Some(&digest)),
            ))
            .execute(conn)?;
        if code.is_some() {
            let message = Message {
                kind: "campaign",
                text: &format!("“{}”已结束，可以打印本单位的核对证明", closed.title),
                href: &format!(
                    "{}/certificate",
                    board::address(directory, closed.id, department)
                ),
                dedupe: &format!("campaign:{}:{department}:closed", closed.id),
            };
            let role = Role::Cdo;
            let to = To::Role { role, department };
            notice::send(conn, to, message, clock::now())?;
        }
    }
    Ok(())
}

/// A department's digest as it was frozen and as it comes out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The department.
    pub department_id: i64,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many entries were frozen.
    pub entries: i64,
    /// The digest that was frozen.
    pub frozen: String,
    /// The digest that comes out now.
    pub now: String,
}

impl Compared {
    /// Whether they are the same.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.frozen == self.now
    }
}

/// What verifying found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The change set as of which it was reckoned.
    pub seq: i64,
    /// The digest that was frozen.
    pub frozen: String,
    /// The digest that comes out now.
    pub now: String,
    /// Whether the chain still has the hash there that it had.
    pub chain: bool,
    /// The departments that the viewer sees.
    pub departments: Vec<Compared>,
}

impl Verified {
    /// Whether everything is as it was frozen.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.chain && self.frozen == self.now && self.departments.iter().all(Compared::equal)
    }
}

/// Reckons the digests anew from the ledger as of the closing, and holds them against what was frozen.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] while the campaign is open.
pub fn verify(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, id: i64) -> Result<Verified> {
    connection::snapshot(conn, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        let Some((seq, digest)) = campaign.closed_seq.zip(campaign.digest.clone()) else {
            let what = "这次核对尚未结束，还没有冻结的摘要";
            return Err(Error::Conflict(what.to_owned()));
        };
        let now = frozen(conn, ground, (&campaign, &members), seq)?;
        let parts: Vec<super::Part> = campaign_departments::table
            .filter(campaign_departments::campaign_id.eq(id))
            .order(campaign_departments::department_id)
            .select(super::Part::as_select())
            .load(conn)?;
        let names: BTreeMap<i64, (&str, &str)> = ground
            .directory
            .all()
            .iter()
            .map(|d| (d.id, (d.code.as_str(), d.name.as_str())))
            .collect();
        let departments = parts
            .into_iter()
            .filter(|p| sees(viewer, &campaign, &members, p.department_id))
            .map(|p| {
                let sum = now.parts.get(&p.department_id);
                let (code, name) = names.get(&p.department_id).copied().unwrap_or_default();
                Compared {
                    department_id: p.department_id,
                    code: code.to_owned(),
                    name: name.to_owned(),
                    entries: p.entries.unwrap_or(0),
                    frozen: p.digest.unwrap_or_default(),
                    now: sum.map(|s| s.digest.clone()).unwrap_or_default(),
                }
            })
            .collect();
        Ok(Verified {
            seq,
            chain: hash_at(conn, seq)? == campaign.head.ok_or_else(nowhere)?,
            frozen: digest,
            now: now.digest,
            departments,
        })
    })
}

/// The chain's hash after a change set, in hexadecimal; that of an empty ledger is zeros.
fn hash_at(conn: &mut Conn, seq: i64) -> Result<String> {
    use crate::db::schema::change_sets;
    let found: Option<Vec<u8>> = change_sets::table
        .find(seq)
        .select(change_sets::hash)
        .first(conn)
        .optional()?;
    Ok(chain::hex(&found.unwrap_or_else(|| vec![0; 32])))
}
