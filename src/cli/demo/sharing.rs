//! What departments of the demo share: links, what a systems sheet proposes, share requests, issues. Every act is done by
//! whom it belongs to, through the same rooms as at the desk.

use chrono::Days;

use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::issue::{self, Raise};
use crate::ledger::ends::Act as Word;
use crate::review::stage::{StageWish, act as take};
use crate::sharing::LINKS;
use crate::sharing::link;
use crate::sharing::request::act::{self, Wish};
use crate::sharing::request::open;
use crate::sharing::request::steps::Act;
use crate::sharing::request::{DATASET, Ground};

use super::stage::Stage;
use script::{ASKED, Asked, EXTENSION, PROPOSING, RAISED, RECORDED, Raised, Recorded, Step, Then};

mod script;

/// Plays it.
///
/// # Errors
/// When an act is refused that the demo counts on; when the database fails.
pub(super) fn play(conn: &mut Conn, stage: &Stage<'_>) -> Result<()> {
    for recorded in &RECORDED {
        record(conn, stage, recorded)?;
    }
    let who = stage.viewer(conn, "liaison")?;
    let values = PROPOSING.map(|(key, value)| (key, value.to_owned()));
    stage.make(conn, &who, "information_system", values.to_vec())?;
    for asked in &ASKED {
        ask(conn, stage, asked)?;
    }
    for raised in &RAISED {
        raise(conn, stage, raised)?;
    }
    Ok(())
}

fn record(conn: &mut Conn, stage: &Stage<'_>, recorded: &Recorded) -> Result<()> {
    let who = stage.viewer(conn, recorded.by)?;
    let since = clock::today() - Days::new(90);
    let values = [
        ("provider_org", recorded.provider),
        ("consumer_org", recorded.consumer),
        ("dataset", recorded.dataset),
        ("share_mode", recorded.mode),
        ("frequency", recorded.frequency),
        ("purpose", recorded.purpose),
        ("link_status", recorded.status),
    ];
    let mut values: Vec<(&str, String)> = values
        .into_iter()
        .map(|(key, value)| (key, value.to_owned()))
        .collect();
    if recorded.status == "运行中" {
        values.push(("valid_from", since.to_string()));
    }
    let code = stage.make(conn, &who, LINKS, values)?;
    let entry = (LINKS, code.as_str());
    match recorded.then {
        Then::Waits => Ok(()),
        Then::Confirmed(other) => confirm(conn, stage, other, &code),
        Then::Otherwise(other, frequency) => {
            let other = stage.viewer(conn, other)?;
            let said = vec![("frequency", frequency.to_owned())];
            stage.amend(conn, &other, entry, said)
        }
        Then::Ended(other, why) => {
            confirm(conn, stage, other, &code)?;
            let said = vec![("end_reason", why.to_owned())];
            stage.amend(conn, &who, entry, said)?;
            let definitions = stage.ground().definitions(LINKS)?;
            let wish = StageWish {
                register: LINKS,
                code: &code,
                revision: link::one(conn, &who, definitions, &code)?.row.revision,
                arrow: "end",
                note: why,
                carry: false,
            };
            take(conn, &who, stage.ground(), &wish).map(drop)
        }
    }
}

fn confirm(conn: &mut Conn, stage: &Stage<'_>, login: &str, code: &str) -> Result<()> {
    let who = stage.viewer(conn, login)?;
    let definitions = stage.ground().definitions(LINKS)?;
    let wish = link::Wish {
        code,
        version: link::one(conn, &who, definitions, code)?.version(),
        act: Word::Confirm,
        note: "",
    };
    link::act(conn, &who, definitions, &wish).map(drop)
}

fn ask(conn: &mut Conn, stage: &Stage<'_>, asked: &Asked) -> Result<()> {
    let ground = Ground {
        catalogue: &stage.app.catalogue,
        directory: &stage.directory,
        rules: stage.app.sharing,
    };
    let wish = open::Wish {
        dataset: asked.dataset.to_owned(),
        consumer_system: asked.system.to_owned(),
        basis: asked.basis.to_owned(),
        scene: asked.scene.to_owned(),
        use_scope: "经办岗位，仅用于核验".to_owned(),
        share_mode: "服务接口".to_owned(),
        valid_until: Some(clock::today() + Days::new(365)),
        contact: "信息化科".to_owned(),
        contact_phone: "0632-3000100".to_owned(),
        argument: asked.argument.to_owned(),
        ..open::Wish::default()
    };
    let who = stage.viewer(conn, asked.by)?;
    let mut row = open::draft(conn, &who, ground, &wish)?;
    for done in asked.acts {
        let who = stage.viewer(conn, done.by)?;
        let wish = Wish {
            note: done.note.to_owned(),
            verdict: done.verdict.to_owned(),
            basis: done.basis.to_owned(),
            days: (done.act == Act::AskExtension).then_some(EXTENSION),
            ..Wish::new(row.id, row.version, done.act)
        };
        row = act::act(conn, &who, ground, &wish)?;
    }
    Ok(())
}

fn raise(conn: &mut Conn, stage: &Stage<'_>, raised: &Raised) -> Result<()> {
    let ground = issue::Ground {
        catalogue: &stage.app.catalogue,
        directory: &stage.directory,
    };
    let wish = Raise {
        kind: raised.kind.to_owned(),
        title: raised.title.to_owned(),
        text: raised.text.to_owned(),
        raised_by: raised.ends.0.to_owned(),
        owed_by: raised.ends.1.to_owned(),
        entries: vec![(DATASET.to_owned(), raised.dataset.to_owned())],
    };
    let who = stage.viewer(conn, raised.by)?;
    let mut row = issue::raise(conn, &who, ground, &wish)?;
    for step in raised.steps {
        match *step {
            Step::Act(login, act, note) => {
                let who = stage.viewer(conn, login)?;
                let wish = issue::Wish::plain(row.id, row.version, act, note);
                row = issue::act(conn, &who, ground, &wish)?;
            }
            Step::Correct(login, summary) => {
                let who = stage.viewer(conn, login)?;
                let values = vec![("abstract", summary.to_owned())];
                stage.amend(conn, &who, (DATASET, raised.dataset), values)?;
            }
        }
    }
    Ok(())
}
