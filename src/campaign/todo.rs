//! What waits for somebody in open campaigns, for the first page.

use diesel::prelude::*;

use super::board::{self, Standing};
use super::{Campaign, Members, OPEN, answer, runs};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::campaigns;
use crate::error::Result;
use crate::org::directory::Directory;

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many there are.
    pub count: usize,
    /// What they are, to be read behind the number.
    pub text: String,
    /// Where it is dealt with.
    pub href: String,
}

/// What waits for the viewer: entries to answer for, a list to hand in, questions to settle, a campaign to close.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer, directory: &Directory) -> Result<Vec<Waiting>> {
    let mut out = Vec::new();
    if !viewer.can_anywhere(Right::Write) {
        return Ok(out);
    }
    let open: Vec<Campaign> = campaigns::table
        .filter(campaigns::state.eq(OPEN))
        .order(campaigns::id)
        .select(Campaign::as_select())
        .load(conn)?;
    for campaign in &open {
        let members = Members::load(conn, directory, campaign)?;
        let pair = (campaign, &members);
        let lines = board::lines(conn, viewer, directory, pair, clock::today())?;
        if runs(viewer, campaign) {
            let questions = lines.iter().map(|l| l.questions).sum();
            let here = format!("/campaigns/{}", campaign.id);
            let text = format!("条“{}”归属待处理", campaign.title);
            out.push(Waiting {
                count: questions,
                text,
                href: here.clone(),
            });
            if lines.iter().all(|l| l.standing.is_settled()) {
                let text = format!("次核对各单位均已提交，可以结束: “{}”", campaign.title);
                out.push(Waiting {
                    count: 1,
                    text,
                    href: here,
                });
            }
        }
        for line in &lines {
            let head = line.part.department_id;
            let href = board::address(directory, campaign.id, head);
            let own = members.of(head);
            if own
                .iter()
                .any(|d| answer::answers_for(viewer, directory, *d))
            {
                let late = if line.late { "，已逾期" } else { "" };
                let text = format!("条“{}”待答复{late}", campaign.title);
                out.push(Waiting {
                    count: line.open(),
                    text,
                    href: href.clone(),
                });
            }
            if line.standing == Standing::Ready && viewer.can(Right::ApproveSubmission, head) {
                let text = format!("份“{}”核对结果待您提交", campaign.title);
                out.push(Waiting {
                    count: 1,
                    text,
                    href,
                });
            }
        }
    }
    Ok(out)
}
