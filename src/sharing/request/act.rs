//! Doing something with a request: the table judges, a conditional update decides who was first.

mod record;

use super::clock::{Kind, Reckoner, Standing, UNCONDITIONAL, tick};
use super::judge::{self, Case, case};
use super::steps::{Act, State, Step};
use super::{
    Ground, Request, agreed, bureau_of, checked, locked, note, open, settled, stale, store, tell,
};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};

/// Longest extension of an answer, in working days (art. 21).
pub const LONGEST_EXTENSION: i32 = 10;

/// What somebody wants to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The request.
    pub id: i64,
    /// The version that was looked at.
    pub version: i64,
    /// What to do.
    pub act: Act,
    /// What there is to say.
    pub note: String,
    /// For a drafted answer: `agree` or `refuse`.
    pub verdict: String,
    /// The legal basis of a refusal.
    pub basis: String,
    /// Working days of an extension.
    pub days: Option<i32>,
    /// For a consultation: `stop` or `change`.
    pub kind: String,
    /// What became of the data when the use ends.
    pub disposal: String,
}

impl Wish {
    /// A plain act.
    #[must_use]
    pub fn new(id: i64, version: i64, act: Act) -> Self {
        Self {
            id,
            version,
            act,
            note: String::new(),
            verdict: String::new(),
            basis: String::new(),
            days: None,
            kind: String::new(),
            disposal: String::new(),
        }
    }
}

/// Does it, all of it or nothing: the request, its clocks, its history, the link, the notices, the log.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] with the rule; [`Error::Conflict`] when the act does not begin here or the law
/// allows none now; [`Error::Stale`] when somebody else was first; [`Error::Invalid`] with everything that is missing.
pub fn act(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, wish: &Wish) -> Result<Request> {
    locked(conn, viewer, |conn| {
        let case = case(conn, viewer, wish.id)?;
        let step = match judge::may(conn, viewer, ground, &case, wish.act) {
            // Whoever looked at an older version is told that first: it explains the rest.
            Err(Error::Conflict(_)) if case.row.version != wish.version => Err(stale(&case.row)),
            other => other,
        }?;
        if case.row.version != wish.version {
            return Err(stale(&case.row));
        }
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        let said = said(wish, &case)?;
        let bench = Bench {
            viewer,
            ground,
            step,
            case: &case,
            said,
            reckoner,
        };
        bench.carry_out(conn)
    })
}

/// What was said, checked and tidied.
struct Said {
    note: String,
    verdict: String,
    basis: String,
    days: i32,
    kind: String,
    disposal: String,
}

fn said(wish: &Wish, case: &Case) -> Result<Said> {
    let mut problems = Vec::new();
    let p = &mut problems;
    let label = match wish.act.note_label() {
        "" => "说明",
        label => label,
    };
    let said = Said {
        note: checked(p, ("note", label), &wish.note, 2_000),
        verdict: checked(p, ("verdict", "答复"), &wish.verdict, 20),
        basis: checked(p, ("basis", "法律依据"), &wish.basis, 1_000),
        days: wish.days.unwrap_or(0),
        kind: checked(p, ("kind", "停止或变更"), &wish.kind, 20),
        disposal: checked(p, ("disposal", "数据处置情况"), &wish.disposal, 1_000),
    };
    if !wish.act.note_label().is_empty() && said.note.is_empty() {
        let hint = format!("《政务数据共享条例》{}", wish.act.article());
        p.push(Problem::new(
            "note",
            "required",
            &format!("请填写{label}"),
            &hint,
        ));
    }
    match wish.act {
        Act::DraftAnswer => answer(p, &said, case),
        Act::AskExtension if !(1..=LONGEST_EXTENSION).contains(&said.days) => {
            let hint = "《政务数据共享条例》第二十一条: 延长的期限最多 10 个工作日";
            p.push(Problem::new(
                "days",
                "out_of_range",
                "延期应为 1 至 10 个工作日",
                hint,
            ));
        }
        Act::Wish if !matches!(said.kind.as_str(), "stop" | "change") => {
            p.push(Problem::new("kind", "required", "请选择停止还是变更", ""));
        }
        Act::Finish if said.disposal.is_empty() => {
            let hint =
                "《政务数据共享条例》第二十七条: 使用目的实现后，按照提供部门的要求妥善处置数据";
            p.push(Problem::new(
                "disposal",
                "required",
                "请填写数据处置情况",
                hint,
            ));
        }
        _ => {}
    }
    settled(problems)?;
    Ok(said)
}

/// What an answer must say (art. 21; for what is shared without conditions, art. 14).
fn answer(problems: &mut Vec<Problem>, said: &Said, case: &Case) {
    let mut say = |field: &str, code: &str, message: &str, hint: &str| {
        problems.push(Problem::new(field, code, message, hint));
    };
    match said.verdict.as_str() {
        "agree" => {}
        "refuse" => {
            if said.note.is_empty() {
                say(
                    "note",
                    "required",
                    "不同意共享的应当说明理由",
                    "《政务数据共享条例》第二十一条",
                );
            }
            if case.row.share_attr == UNCONDITIONAL && said.basis.is_empty() {
                say(
                    "basis",
                    "required",
                    "无条件共享的数据不同意共享，须写明法律、行政法规或者国务院决定依据",
                    "《政务数据共享条例》第十四条、第二十一条",
                );
            }
            if case.row.state() == State::PapersAsked {
                say(
                    "verdict",
                    "papers",
                    "材料待补正，不得直接拒绝",
                    "《政务数据共享条例》第二十一条: 应当一次性告知需要补正的全部内容，不得直接拒绝",
                );
            }
        }
        _ => say("verdict", "required", "请选择同意或者不同意", ""),
    }
}

struct Bench<'b> {
    viewer: &'b Viewer,
    ground: Ground<'b>,
    step: &'static Step,
    case: &'b Case,
    said: Said,
    reckoner: Reckoner<'b>,
}

impl Bench<'_> {
    fn carry_out(&self, conn: &mut Conn) -> Result<Request> {
        let before = &self.case.row;
        let mut new = self.moved(conn)?;
        self.check(conn, &new)?;
        self.note_answer(conn)?;
        self.note_consultation(conn)?;
        // Of one that is withdrawn, the link is there once it was agreed to.
        match new.state() {
            State::Ended => agreed::ended(conn, self.viewer, self.ground, &new, &new.end_reason)?,
            State::Withdrawn => {
                agreed::ended(conn, self.viewer, self.ground, &new, &self.said.note)?;
            }
            _ => {}
        }
        if self.step.act == Act::Agree {
            new.link_code = agreed::link(conn, self.viewer, self.ground, &new)?;
        }
        if self.step.act == Act::Escalate {
            let issue = agreed::escalate(conn, self.viewer, self.ground, &new, &self.said.note)?;
            new.issue_id = Some(issue);
        }
        store(conn, before, &new)?;
        tick(conn, &self.reckoner, &new, before.state())?;
        if self.step.act == Act::Consent {
            self.reckoner
                .extend(conn, new.id, self.case.answered.ext_days)?;
        }
        let word = self.step.act.word();
        note(conn, self.viewer, &new, (word, &before.state), &self.told())?;
        let drafter = self.case.answered.drafter_id;
        tell::moved(
            conn,
            self.viewer,
            self.ground,
            (&new, drafter),
            self.step.act,
        )?;
        tell::log(
            conn,
            self.viewer,
            &new,
            self.step.act.label(),
            &self.said.note,
        )?;
        Ok(new)
    }

    /// What the history says of it.
    fn told(&self) -> String {
        let said = &self.said;
        let mut parts = Vec::new();
        match self.step.act {
            Act::DraftAnswer => parts.push(
                if said.verdict == "agree" {
                    "同意共享"
                } else {
                    "不同意共享"
                }
                .to_owned(),
            ),
            Act::AskExtension => parts.push(format!("延期 {} 个工作日", said.days)),
            Act::Wish => parts.push(
                if said.kind == "stop" {
                    "停止"
                } else {
                    "变更"
                }
                .to_owned(),
            ),
            Act::Agree | Act::Refuse => {
                let answered = &self.case.answered;
                parts.extend([answered.answer.clone(), answered.answer_basis.clone()]);
            }
            _ => {}
        }
        parts.push(said.note.clone());
        if !said.basis.is_empty() {
            parts.push(format!("依据: {}", said.basis));
        }
        if !said.disposal.is_empty() {
            parts.push(format!("数据处置: {}", said.disposal));
        }
        parts.retain(|p| !p.is_empty());
        parts.join("；")
    }

    /// The request as it stands after the act.
    fn moved(&self, conn: &mut Conn) -> Result<Request> {
        let before = &self.case.row;
        let now = clock::now();
        let to = self.step.to.unwrap_or(before.state());
        let mut new = Request {
            state: to.word().to_owned(),
            open: to.is_open(),
            version: before.version + 1,
            state_since: if self.step.to.is_some() {
                now
            } else {
                before.state_since
            },
            ..before.clone()
        };
        if self.step.act == Act::Approve {
            self.addressed(conn, &mut new)?;
            new.submitted_at = Some(now);
        }
        if to == State::Ended {
            new.ended_at = Some(now);
            new.disposal.clone_from(&self.said.disposal);
            let wished = || self.case.consultation.as_ref().map(|c| c.wish.clone());
            new.end_reason = match self.step.act {
                Act::Finish => self.said.note.clone(),
                _ => wished().unwrap_or_default(),
            };
        }
        Ok(new)
    }

    /// What it is asked about, and of whom, as it stands on the day it is sent.
    fn addressed(&self, conn: &mut Conn, new: &mut Request) -> Result<()> {
        let asked = open::dataset_of(conn, self.viewer, new)?.ok_or_else(|| {
            Error::Conflict(format!("“{}”已不在目录中，不能再申请", new.dataset_name))
        })?;
        new.provider_id = asked.row.department_id;
        new.dataset_name = asked.row.name;
        new.share_attr = asked.attr;
        if new.provider_id == new.consumer_id {
            return Err(Error::Conflict(
                "该数据资源已由本单位提供，无须申请".to_owned(),
            ));
        }
        new.bureau_id = bureau_of(conn, self.ground, new.provider_id)?;
        Ok(())
    }

    /// What stands in the way, said at once.
    fn check(&self, conn: &mut Conn, new: &Request) -> Result<()> {
        match self.step.act {
            Act::HandIn | Act::Approve => settled(open::missing(self.ground, new)),
            Act::AskExtension => {
                let all = self.reckoner.of_request(conn, new.id)?;
                let late = |k: &super::clock::Clock| {
                    k.kind == Kind::Answer && k.standing == Standing::Overdue
                };
                if all.iter().any(late) {
                    let what = "答复期限已过，不能再申请延期（第二十一条）";
                    return Err(Error::Conflict(what.to_owned()));
                }
                if new.bureau_id.is_none() {
                    let what = "没有找到提供部门的同级主管部门，请联系系统管理员在机构中指定";
                    return Err(Error::Conflict(what.to_owned()));
                }
                Ok(())
            }
            Act::File if new.bureau_id.is_none() => Err(Error::Conflict(
                "没有找到受理备案的主管部门，请联系系统管理员在机构中指定".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}
