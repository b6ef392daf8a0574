//! The page of a request: what is asked, the clocks, whose move it is, what may be done.

use actix_web::web;
use askama::Template;
use chrono::NaiveDate;

use super::{Answer, Dial, HERE, state_badge};
use crate::auth::Right;
use crate::clock as time;
use crate::error::{Problem, Result};
use crate::sharing::request::clock::Reckoner;
use crate::sharing::request::correction::{self, Correction, Note};
use crate::sharing::request::open::{self, ATTRIBUTES, MODES};
use crate::sharing::request::steps::{ANSWER_OWED, Act, whose_move};
use crate::sharing::request::uses::{self, Use};
use crate::sharing::request::{self, Answered, Consultation, Ground, LAW, Request};
use crate::web::api::requests::grounded;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;

/// An act that is open to the viewer.
struct Press {
    act: Act,
    main: bool,
}

impl Press {
    /// Whether it is this one, by word.
    fn is(&self, word: &str) -> bool {
        self.act.word() == word
    }
}

struct Doubt {
    c: Correction,
    notes: Vec<Note>,
    /// Its clock; the last one, when it was reopened.
    dial: Option<Dial>,
}

/// A label and a text.
type Fact = (&'static str, String);

#[derive(Template)]
#[template(path = "requests/show.html")]
pub(super) struct Show {
    shell: Shell,
    problems: Vec<Problem>,
    sent: String,
    r: Request,
    number: String,
    consumer: String,
    provider: String,
    bureau: String,
    state: &'static str,
    badge: &'static str,
    turn: &'static str,
    facts: Vec<Fact>,
    catalogued: Vec<Fact>,
    dataset_href: String,
    warnings: Vec<String>,
    said: Answered,
    dials: Vec<Dial>,
    pauses: bool,
    presses: Vec<Press>,
    consultations: Vec<Consultation>,
    doubts: Vec<Doubt>,
    uses: Vec<(Use, NaiveDate)>,
    /// The viewer may delete use records that need not be kept any more.
    erases: bool,
    /// The provider owes an answer: an extension can still be decided on.
    owes: bool,
    /// The viewer works for the consumer.
    asks: bool,
    /// The viewer works for the provider.
    answers: bool,
    served: bool,
    steps: Vec<(&'static str, String, String)>,
    edits: bool,
    law: &'static str,
    today: NaiveDate,
}

fn facts(ground: Ground<'_>, r: &Request) -> Vec<Fact> {
    let until = r.valid_until.map(|d| d.to_string()).unwrap_or_default();
    let contact = format!("{} {}", r.contact, r.contact_phone)
        .trim()
        .to_owned();
    let mut out = vec![
        ("使用系统", r.consumer_system.clone()),
        ("数据项", r.items.clone()),
        ("使用依据", r.basis.clone()),
        ("使用场景", r.scene.clone()),
        ("使用范围", r.use_scope.clone()),
        ("共享方式", ground.label(MODES, &r.share_mode)),
        ("使用时限", until),
        ("联系人", contact),
        ("申请理由", r.argument.clone()),
    ];
    if out
        .iter()
        .any(|(label, text)| *label == "数据项" && text.is_empty())
    {
        out.iter_mut()
            .filter(|(label, _)| *label == "数据项")
            .for_each(|(_, text)| "全部数据项".clone_into(text));
    }
    out.retain(|(_, text)| !text.is_empty());
    out
}

/// What the catalogue says of sharing the dataset.
fn catalogued(ground: Ground<'_>, asked: &open::Asked) -> Vec<(&'static str, String)> {
    let modes: Vec<String> = asked.modes.iter().map(|m| ground.label(MODES, m)).collect();
    let mut out = vec![
        ("共享属性", ground.label(ATTRIBUTES, &asked.attr)),
        ("登记的共享方式", modes.join("、")),
        ("共享条件", asked.condition.clone()),
        ("不予共享依据", asked.basis.clone()),
    ];
    out.retain(|(_, text)| !text.is_empty());
    out
}

/// The page, with what is wrong in the act that was tried.
pub(super) fn page(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    (sent, problems): (&str, Vec<Problem>),
) -> Result<Show> {
    let viewer = ask.viewer.clone();
    let r = request::get(ask.conn, &viewer, id)?;
    let asked = open::dataset_of(ask.conn, &viewer, &r)?;
    let reckoner = Reckoner::new(ask.conn, ground, time::today())?;
    let clocks = reckoner.of_request(ask.conn, id)?;
    let doubts = correction::all(ask.conn, &viewer, id)?.into_iter();
    let dial_of = |c: &Correction| {
        let own = clocks.iter().rev().find(|k| k.correction_id == Some(c.id));
        own.map(|k| Dial::of(ground, k.clone()))
    };
    let doubts = doubts
        .map(|(c, notes)| Doubt {
            dial: dial_of(&c),
            c,
            notes,
        })
        .collect();
    let acts = request::acts(ask.conn, &viewer, ground, id)?;
    let first = acts.iter().copied().find(|a| is_main(*a));
    let history = request::history(ask.conn, &viewer, &r)?.into_iter();
    let catalogued = asked
        .as_ref()
        .map_or_else(Vec::new, |a| catalogued(ground, a));
    let state = r.state();
    Ok(Show {
        shell: ask.shell(&format!("共享申请: {}", r.dataset_name), HERE),
        problems,
        sent: sent.to_owned(),
        number: r.number(),
        consumer: ground.name(r.consumer_id),
        provider: ground.name(r.provider_id),
        bureau: r.bureau_id.map(|b| ground.name(b)).unwrap_or_default(),
        state: state.label(),
        badge: state_badge(state),
        turn: whose_move(state).map_or("", |s| s.label()),
        facts: facts(ground, &r),
        catalogued,
        dataset_href: asked.as_ref().map_or_else(String::new, |a| {
            let code = crate::web::desk::coded(&a.row.code);
            format!("/registers/{}/{code}", request::DATASET)
        }),
        warnings: asked
            .as_ref()
            .map(|a| open::warnings(ground, &r, a))
            .unwrap_or_default(),
        said: request::answer(ask.conn, &viewer, &r)?,
        dials: clocks.into_iter().map(|c| Dial::of(ground, c)).collect(),
        pauses: ground.rules.pause_for_papers,
        presses: acts
            .into_iter()
            .map(|act| Press {
                act,
                main: Some(act) == first || act.word() == sent,
            })
            .collect(),
        consultations: request::consultations(ask.conn, id)?,
        doubts,
        uses: uses::all(ask.conn, &viewer, ground, id)?,
        erases: viewer.can(Right::ApproveSharing, r.consumer_id),
        owes: ANSWER_OWED.contains(&state),
        asks: request::answers_for(&viewer, ground.directory, r.consumer_id),
        answers: request::answers_for(&viewer, ground.directory, r.provider_id),
        served: state.is_served(),
        steps: history
            .map(|t| {
                let who = format!("{} {}", time::local(t.at), t.actor);
                (t.label(), who, t.note)
            })
            .collect(),
        edits: state == request::steps::State::Draft
            && request::answers_for(&viewer, ground.directory, r.consumer_id),
        law: LAW,
        today: time::today(),
        r,
    })
}

/// What the page offers first, opened.
fn is_main(act: Act) -> bool {
    matches!(
        act,
        Act::HandIn
            | Act::Approve
            | Act::Supplement
            | Act::DraftAnswer
            | Act::Agree
            | Act::Refuse
            | Act::Consent
            | Act::Supply
            | Act::Accept
            | Act::File
            | Act::End
            | Act::ApplyChange
            | Act::Allow
    )
}

/// `GET /requests/{id}`
async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| grounded(ask, |ask, ground| page(ask, ground, *id, ("", Vec::new()))))
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.route("/requests/{id}", web::get().to(show));
}
