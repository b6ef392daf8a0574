//! A department hands in its list as a whole, or declares that it has nothing.

use diesel::prelude::*;
use serde_json::json;

use super::board::{self, Line};
use super::{OPEN, Part, SUBMITTED, demand_open, get, locked, nowhere, part, sees};
use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::campaign_departments;
use crate::error::{Error, Problem, Result};
use crate::notice::{self, Message, To};
use crate::review::Ground;

/// Hands in a department's list; `none` declares that it has no entries.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]: the department's CDO hands in; [`Error::Invalid`] while answers are
/// missing, or when the declaration does not fit; [`Error::Conflict`] when it was handed in or the campaign is
/// closed; [`Error::Stale`] when something was answered since `seen`.
pub fn submit(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (id, department, seen): (i64, i64, i64),
    none: bool,
) -> Result<Part> {
    viewer.may_anywhere(Right::ApproveSubmission)?;
    locked(conn, viewer, |conn| {
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        if !sees(viewer, &campaign, &members, department) {
            return Err(nowhere());
        }
        let mine = part(conn, id, department)?;
        viewer.may(Right::ApproveSubmission, department)?;
        demand_open(&campaign)?;
        // Counted whoever asks: what he does not see must be answered, too.
        let all = Viewer::operator(viewer.name());
        let pair = (&campaign, &members);
        let lines = board::lines(conn, &all, ground.directory, pair, clock::today())?;
        let found = lines.iter().find(|l| l.part.department_id == department);
        let line = found.ok_or_else(nowhere)?;
        fits(line, none)?;
        let now = clock::now();
        let done = diesel::update(campaign_departments::table.find((id, department)))
            .filter(campaign_departments::version.eq(seen))
            .filter(campaign_departments::state.eq(OPEN))
            .set((
                campaign_departments::state.eq(SUBMITTED),
                campaign_departments::attested_none.eq(none),
                campaign_departments::submitted_at.eq(Some(now)),
                campaign_departments::submitted_by.eq(Some(viewer.name())),
                campaign_departments::submitter_id.eq(viewer.account()),
                campaign_departments::version.eq(campaign_departments::version + 1),
            ))
            .execute(conn)?;
        if done == 0 {
            if mine.is_submitted() {
                return Err(Error::Conflict(format!(
                    "“{}”的核对结果已经提交",
                    line.name
                )));
            }
            return Err(Error::Stale(format!("“{}”的核对清单", line.name)));
        }
        let told = Event::done("submit_campaign", &campaign.title)
            .of(Some(department))
            .with(json!({ "campaign": id, "entries": line.total, "none": none }));
        audit::record(conn, viewer, &told)?;
        let others = lines.iter().filter(|l| l.part.department_id != department);
        if others.map(|l| l.standing).all(board::Standing::is_settled) {
            let message = Message {
                kind: "campaign",
                text: &format!("“{}”各单位均已提交，可以结束", campaign.title),
                href: &format!("/campaigns/{id}"),
                dedupe: &format!("campaign:{id}:all:{}", clock::today()),
            };
            let to = To::Role {
                role: Role::Bureau,
                department: campaign.bureau_id,
            };
            notice::send(conn, to, message, now)?;
        }
        part(conn, id, department)
    })
}

fn fits(line: &Line, none: bool) -> Result<()> {
    let wrong = |field: &str, code: &str, message: &str, suggestion: &str| {
        let problem = Problem::new(field, code, message, suggestion);
        Err(Error::Invalid(vec![problem]))
    };
    if line.open() > 0 {
        let again = match line.changed {
            0 => String::new(),
            n => format!("，其中 {n} 条答复后又有变更"),
        };
        let what = format!("还有 {} 个条目没有答复{again}", line.open());
        return wrong("", "open", &what, "请先逐条答复，或批量确认完整的条目");
    }
    match (line.total, none) {
        (0, false) => {
            let what = "本单位名下没有条目，请声明“无”";
            wrong("none", "none", what, "如有遗漏，请先登记")
        }
        (1.., true) => {
            let what = format!("本单位名下有 {} 个条目，不能声明“无”", line.total);
            wrong("none", "some", &what, "")
        }
        _ => Ok(()),
    }
}
