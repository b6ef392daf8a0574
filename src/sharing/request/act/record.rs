//! What an act writes down beside the request: the provider's answer, the consultation about an end.

use diesel::prelude::*;

use super::Bench;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{share_answers, share_consultations};
use crate::error::Result;
use crate::sharing::request::steps::Act;
use crate::sharing::request::{Answered, Consultation};

impl Bench<'_> {
    /// What the act says of papers, extension, answer and supply.
    pub(super) fn note_answer(&self, conn: &mut Conn) -> Result<()> {
        let now = clock::now();
        let said = &self.said;
        let mut new: Answered = self.case.answered.clone();
        let viewer = self.viewer;
        match self.step.act {
            Act::AskPapers => {
                new.papers_asked_at = Some(now);
                new.papers.clone_from(&said.note);
            }
            Act::Supplement => {
                new.supplemented_at = Some(now);
                new.supplement.clone_from(&said.note);
            }
            Act::AskExtension => {
                "asked".clone_into(&mut new.ext_state);
                new.ext_days = said.days;
                new.ext_reason.clone_from(&said.note);
                new.ext_asked_at = Some(now);
                new.ext_note.clear();
            }
            Act::Consent | Act::Decline => {
                let word = if self.step.act == Act::Consent {
                    "consented"
                } else {
                    "declined"
                };
                word.clone_into(&mut new.ext_state);
                new.ext_decided_at = Some(now);
                viewer.name().clone_into(&mut new.ext_decided_by);
                new.ext_note.clone_from(&said.note);
            }
            Act::DraftAnswer => {
                new.verdict.clone_from(&said.verdict);
                new.answer.clone_from(&said.note);
                new.answer_basis.clone_from(&said.basis);
                viewer.name().clone_into(&mut new.drafter);
                new.drafter_id = viewer.account();
            }
            Act::Agree | Act::Refuse => {
                new.answered_at = Some(now);
                viewer.name().clone_into(&mut new.answered_by);
            }
            Act::Supply => new.supplied_at = Some(now),
            _ => return Ok(()),
        }
        diesel::update(share_answers::table.find(new.request_id))
            .set(&new)
            .execute(conn)?;
        Ok(())
    }

    /// What the act says in a consultation (art. 27).
    pub(super) fn note_consultation(&self, conn: &mut Conn) -> Result<()> {
        let now = clock::now();
        let said = &self.said;
        let name = self.viewer.name();
        if self.step.act == Act::Wish {
            // A new statement takes the place of one that was objected to; that stays on record.
            self.close(conn, "dropped")?;
            return self.begin(conn);
        }
        let Some(mut open) = self.case.consultation.clone() else {
            return Ok(());
        };
        match self.step.act {
            Act::Accept | Act::Object => {
                let word = if self.step.act == Act::Accept {
                    "agree"
                } else {
                    "object"
                };
                word.clone_into(&mut open.reply);
                open.reply_text.clone_from(&said.note);
                open.replied_at = Some(now);
                name.clone_into(&mut open.replied_by);
            }
            Act::Allow | Act::Keep => {
                let word = if self.step.act == Act::Allow {
                    "allow"
                } else {
                    "keep"
                };
                word.clone_into(&mut open.word);
                open.word_text.clone_from(&said.note);
                open.word_at = Some(now);
                name.clone_into(&mut open.word_by);
            }
            Act::File => {
                open.filed_at = Some(now);
                name.clone_into(&mut open.filed_by);
            }
            Act::ReturnFiling => open.filed_at = None,
            _ => {}
        }
        diesel::update(share_consultations::table.find(open.id))
            .set(&open)
            .execute(conn)?;
        match self.step.act {
            Act::DropWish => self.close(conn, "dropped"),
            Act::Keep => self.close(conn, "kept"),
            Act::End | Act::Finish => self.close(conn, "ended"),
            Act::ApplyChange => self.close(conn, "changed"),
            _ => Ok(()),
        }
    }

    fn close(&self, conn: &mut Conn, outcome: &str) -> Result<()> {
        let open = share_consultations::table
            .filter(share_consultations::request_id.eq(self.case.row.id))
            .filter(share_consultations::outcome.eq(""));
        diesel::update(open)
            .set((
                share_consultations::outcome.eq(outcome),
                share_consultations::closed_at.eq(clock::now()),
            ))
            .execute(conn)?;
        Ok(())
    }

    fn begin(&self, conn: &mut Conn) -> Result<()> {
        let last: Option<i64> = share_consultations::table
            .select(diesel::dsl::max(share_consultations::id))
            .first(conn)?;
        let made = Consultation {
            id: last.unwrap_or(0) + 1,
            request_id: self.case.row.id,
            kind: self.said.kind.clone(),
            wish: self.said.note.clone(),
            wished_at: clock::now(),
            wished_by: self.viewer.name().to_owned(),
            reply: String::new(),
            reply_text: String::new(),
            replied_at: None,
            replied_by: String::new(),
            word: String::new(),
            word_text: String::new(),
            word_at: None,
            word_by: String::new(),
            filed_at: None,
            filed_by: String::new(),
            outcome: String::new(),
            closed_at: None,
        };
        diesel::insert_into(share_consultations::table)
            .values(&made)
            .execute(conn)?;
        Ok(())
    }
}
