//! Doing something with a submission: the table judges, a conditional update decides who was first.

use diesel::prelude::*;

use super::{Submission, get, judge, note};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::submissions;
use crate::error::{Error, Problem, Result};
use crate::ledger::chain;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::org::filing;
use crate::register::lifecycle::{CHANGE, Kind};
use crate::review::announce::{Announced, announce, tell_move};
use crate::review::decision::{self, Decided, Decision};
use crate::review::duplicate::Means;
use crate::review::stage::moves;
use crate::review::steps::{Act, State, Step};
use crate::review::{Ground, approval, checked, facts, finding, opinion};

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The submission.
    pub id: i64,
    /// The version that was looked at.
    pub version: i64,
    /// What to do.
    pub act: Act,
    /// What there is to say.
    pub opinion: String,
    /// Class of the reason, for a change request that is handed in.
    pub reason_class: String,
    /// More, for a decision.
    pub decision: Decision,
}

/// Does it, all of it or nothing: the submission, its history, the entry, the approval, the log.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] with the rule; [`Error::Conflict`] when the submission is not where the
/// act begins; [`Error::Stale`] when somebody else was first; [`Error::Invalid`] with everything that is missing.
pub fn act(conn: &mut Conn, viewer: &Viewer, means: Means<'_>, wish: &Wish) -> Result<Submission> {
    let ground = means.ground();
    let (row, entry) = get(conn, viewer, wish.id)?;
    let model = ground.model(&entry.register)?;
    let kind = model
        .kind(&row.kind)
        .ok_or_else(|| Error::Conflict("这种送审已不再办理".to_owned()))?;
    let purpose = Purpose {
        source: "review",
        reason: format!("{}: {}", kind.label, wish.act.label()),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, done) = change_set::write(conn, viewer, purpose, |set| {
        let (row, entry) = get(set.conn(), viewer, wish.id)?;
        let step = match judge::may(set.conn(), viewer, kind, &row, &entry, wish.act) {
            // Whoever looked at an older version is told that first: it explains the rest.
            Err(Error::Conflict(_)) if row.version != wish.version => Err(stale(&row)),
            other => other,
        }?;
        if row.version != wish.version {
            return Err(stale(&row));
        }
        let bench = Bench {
            viewer,
            ground,
            kind,
            step,
            wish,
            opinion: said(wish)?,
        };
        bench.carry_out(set, &row, &entry).map(Verdict::Commit)
    })?;
    // Behind the act: inside it the index would learn of changes that may yet be taken back.
    if wish.act == Act::Accept && checked::is_asked(&entry.register, kind) {
        checked::run(conn, viewer, means, &done);
    }
    Ok(done)
}

fn stale(row: &Submission) -> Error {
    Error::Stale(format!(
        "送审{}（现为“{}”）",
        row.number(),
        row.state().label()
    ))
}

fn said(wish: &Wish) -> Result<String> {
    let said = decision::text("opinion", "意见", &wish.opinion, 2_000)?;
    if wish.act.needs_opinion() && said.is_empty() {
        let message = format!("“{}”须写明意见或原因", wish.act.label());
        let problem = Problem::new("opinion", "required", &message, "请填写意见");
        return Err(Error::Invalid(vec![problem]));
    }
    Ok(said)
}

struct Bench<'b> {
    viewer: &'b Viewer,
    ground: Ground<'b>,
    kind: &'b Kind,
    step: &'static Step,
    wish: &'b Wish,
    opinion: String,
}

impl Bench<'_> {
    fn carry_out(
        &self,
        set: &mut ChangeSet<'_>,
        row: &Submission,
        entry: &EntryRow,
    ) -> Result<Submission> {
        let gate = self.check(set.conn(), row, entry)?;
        let decided = if self.wish.act.decides() {
            Some(decision::prepare(
                set.conn(),
                self.viewer,
                self.ground,
                (row, entry),
                self.wish.act,
                &self.wish.decision,
            )?)
        } else {
            None
        };
        let mut new = self.moved(set.conn(), row, entry, gate)?;
        if let Some(decided) = &decided {
            new.merged_into = decided.into;
        }
        let stands = self.write_entry(set, row, entry, decided.as_ref())?;
        let changed = stands.revision != entry.revision;
        self.store(set.conn(), row, &new)?;
        if let (Some(decided), true) = (&decided, self.step.to.is_approval()) {
            let given = approval::Given {
                submission: &new,
                row: &stands,
                decided,
                checked: checked::is_asked(&entry.register, self.kind),
                change_set: changed.then(|| set.seq()),
            };
            approval::record(set.conn(), self.viewer, &given)?;
        }
        if self.step.to != State::JointReview {
            opinion::close(set.conn(), row.id)?;
        }
        let seq = changed.then(|| set.seq());
        let detail = decided.map_or_else(|| "{}".to_owned(), |d| d.detail());
        let from = row.state.as_str();
        let word = self.wish.act.word();
        note(
            set.conn(),
            self.viewer,
            &new,
            word,
            from,
            &self.opinion,
            seq,
            &detail,
        )?;
        tell_move(set.conn(), self.viewer, &new, entry)?;
        announce(
            set.conn(),
            self.viewer,
            &Announced {
                action: "submission_act",
                object: format!("{} {}", self.wish.act.label(), entry.code),
                department: entry.department_id,
                submission: Some(row.id),
                entry: entry.id,
                act: word,
                detail: serde_json::json!({ "from": from, "to": new.state }),
            },
        )?;
        Ok(new)
    }

    /// Everything that stands in the way, said at once. Returns the version of the gate that judged it.
    fn check(&self, conn: &mut Conn, row: &Submission, entry: &EntryRow) -> Result<Option<i64>> {
        let act = self.wish.act;
        let mut problems = Vec::new();
        let mut version = row.gate_version;
        let judged = matches!(act, Act::Submit | Act::Approve) || self.step.to.is_approval();
        if judged
            && let Some(gate) = facts::judge(
                conn,
                self.viewer,
                self.ground,
                entry,
                self.kind.gate.as_deref(),
            )?
        {
            version = Some(i64::from(gate.version));
            problems.extend(gate.problems());
        }
        if act == Act::Submit && self.kind.key == CHANGE {
            problems.extend(self.change_faults(row, entry)?);
        }
        if act.clears() {
            problems.extend(finding::unsettled(conn, row.id)?);
        }
        if act.decides() {
            let about = (row, entry, self.kind);
            problems.extend(decision::ready(conn, self.viewer, about)?);
            problems.extend(opinion::wanting(conn, self.kind, row)?);
        }
        if problems.is_empty() {
            Ok(version)
        } else {
            Err(Error::Invalid(problems))
        }
    }

    /// What a change request must say before it is handed in.
    fn change_faults(&self, row: &Submission, entry: &EntryRow) -> Result<Vec<Problem>> {
        let mut out = Vec::new();
        if row.proposals().is_empty() {
            let hint = "请先在条目中修改已审定的内容";
            out.push(Problem::new(
                "proposed",
                "required",
                "变更申请没有变更内容",
                hint,
            ));
        }
        let model = self.ground.model(&entry.register)?;
        let list = model
            .change
            .as_ref()
            .and_then(|c| self.ground.catalogue.list(&c.reasons));
        if let Some(list) = list {
            let class = self.wish.reason_class.trim();
            if list.item(class).is_none() {
                let known: Vec<String> = list
                    .items
                    .iter()
                    .map(|i| format!("{}（{}）", i.label, i.code))
                    .collect();
                let hint = format!("可选: {}", known.join("、"));
                out.push(Problem::new(
                    "reason_class",
                    "required",
                    "请选择变更原因类别",
                    &hint,
                ));
            }
        }
        if self.opinion.is_empty() && row.reason.is_empty() {
            out.push(Problem::new(
                "opinion",
                "required",
                "请写明变更原因",
                "请填写意见",
            ));
        }
        Ok(out)
    }

    /// The submission as it stands after the act.
    fn moved(
        &self,
        conn: &mut Conn,
        row: &Submission,
        entry: &EntryRow,
        gate: Option<i64>,
    ) -> Result<Submission> {
        let (now, act, to) = (clock::now(), self.wish.act, self.step.to);
        let mut new = Submission {
            state: to.word().to_owned(),
            open: to.is_open(),
            version: row.version + 1,
            department_id: entry.department_id,
            gate_version: gate,
            state_since: now,
            ..row.clone()
        };
        if !self.opinion.is_empty() {
            new.opinion.clone_from(&self.opinion);
        }
        match act {
            Act::Submit => {
                new.round = row.round + i64::from(row.state() == State::Returned);
                new.submitter = Some(self.viewer.name().to_owned());
                new.submitter_id = self.viewer.account();
                new.reason_class = self.wish.reason_class.trim().to_owned();
            }
            Act::Approve => {
                new.bureau_id = Some(self.addressee(conn, entry)?);
                new.submitted_at = Some(now);
                new.form_revision = Some(entry.revision);
                let digest = chain::row_digest(entry.id, &entry.register, Some(&entry.attributes));
                new.form_digest = chain::hex(&digest);
            }
            _ if act.decides() => {
                new.decided_at = Some(now);
                new.decided_by = Some(self.viewer.name().to_owned());
                to.word().clone_into(&mut new.outcome);
            }
            _ => {}
        }
        Ok(new)
    }

    /// The bureau that reviews what this department hands in.
    fn addressee(&self, conn: &mut Conn, entry: &EntryRow) -> Result<i64> {
        let owner = self.ground.directory.get(entry.department_id);
        let bureau = match owner {
            Some(owner) => filing::addressee(conn, self.ground.catalogue.regions(), owner)?,
            None => None,
        };
        bureau.map(|b| b.id).ok_or_else(|| {
            Error::Conflict(
                "没有找到受理申报的数据管理部门，请联系系统管理员在机构中指定".to_owned(),
            )
        })
    }

    /// Moves the entry, and writes what the decision writes.
    fn write_entry(
        &self,
        set: &mut ChangeSet<'_>,
        row: &Submission,
        entry: &EntryRow,
        decided: Option<&Decided>,
    ) -> Result<EntryRow> {
        let values = decided.map(|d| d.values.clone()).unwrap_or_default();
        moves::with_values(
            set,
            self.viewer,
            self.ground,
            entry,
            (self.kind, self.step.to, row.id),
            values,
        )
    }

    /// Over the version that was read; of two who press at once, the second is told.
    fn store(&self, conn: &mut Conn, row: &Submission, new: &Submission) -> Result<()> {
        let done = diesel::update(
            submissions::table
                .find(row.id)
                .filter(submissions::version.eq(row.version))
                .filter(submissions::state.eq(&row.state)),
        )
        .set((
            (
                submissions::state.eq(&new.state),
                submissions::open.eq(new.open),
                submissions::version.eq(new.version),
                submissions::round.eq(new.round),
                submissions::department_id.eq(new.department_id),
                submissions::bureau_id.eq(new.bureau_id),
                submissions::reason_class.eq(&new.reason_class),
                submissions::form_revision.eq(new.form_revision),
                submissions::form_digest.eq(&new.form_digest),
                submissions::gate_version.eq(new.gate_version),
            ),
            (
                submissions::submitted_at.eq(new.submitted_at),
                submissions::submitter.eq(&new.submitter),
                submissions::submitter_id.eq(new.submitter_id),
                submissions::state_since.eq(new.state_since),
                submissions::decided_at.eq(new.decided_at),
                submissions::decided_by.eq(&new.decided_by),
                submissions::outcome.eq(&new.outcome),
                submissions::opinion.eq(&new.opinion),
                submissions::merged_into.eq(new.merged_into),
            ),
        ))
        .execute(conn)?;
        if done == 1 { Ok(()) } else { Err(stale(row)) }
    }
}
