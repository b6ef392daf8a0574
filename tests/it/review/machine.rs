//! Any order of acts by anybody: no state outside the model, no gate skipped, no history lost, nobody his own judge.

use std::collections::BTreeMap;

use diesel::prelude::*;
use one_ledger::auth::Viewer;
use one_ledger::db::schema::{approvals, stage_steps, submission_acts, submissions};
use one_ledger::error::Error;
use one_ledger::ledger::edit::Act as EditAct;
use one_ledger::ledger::verify::verify;
use one_ledger::register::lifecycle::By;
use one_ledger::register::value::Document;
use one_ledger::review::finding::{self, FindingAct};
use one_ledger::review::opinion;
use one_ledger::review::stage;
use one_ledger::review::steps::{self, Act, Side};
use one_ledger::review::submission;
use proptest::prelude::*;

use super::{FILLED, House, PROJECTS};
use crate::app::Ledger;

#[derive(Clone, Debug)]
enum Try {
    Open,
    Submission(Act),
    Stage(usize),
    Status(&'static str),
    Budget(u16),
    Import(&'static str, u16),
    Assign,
    Give,
    Raise,
    Settle,
    Remove,
    Ahead,
}

fn tries() -> impl Strategy<Value = Vec<(usize, Try)>> {
    let status = || {
        prop::sample::select(vec![
            "draft",
            "submitted",
            "approved",
            "operating",
            "building",
        ])
    };
    let one = prop_oneof![
        1 => Just(Try::Open),
        6 => prop::sample::select(Act::ALL.to_vec()).prop_map(Try::Submission),
        3 => (0..30_usize).prop_map(Try::Stage),
        1 => status().prop_map(Try::Status),
        2 => (100..500_u16).prop_map(Try::Budget),
        2 => (status(), 100..500_u16).prop_map(|(s, b)| Try::Import(s, b)),
        1 => Just(Try::Assign),
        1 => Just(Try::Give),
        1 => Just(Try::Raise),
        1 => Just(Try::Settle),
        1 => Just(Try::Remove),
        // The next act of the way by whoever may: so that sequences get far.
        14 => Just(Try::Ahead),
    ];
    prop::collection::vec((0..7_usize, one), 10..60)
}

struct Run<'h, 'l> {
    house: &'h House<'l>,
    code: String,
    /// Values that were approved, as the ledger must keep them.
    kept: Option<Document>,
    approvals: i64,
}

impl Run<'_, '_> {
    fn who(&self, number: usize) -> &Viewer {
        let h = self.house;
        [
            &h.liaison,
            &h.specialist,
            &h.cdo,
            &h.bureau,
            &h.officer,
            &h.expert,
            &h.stranger,
        ][number]
    }

    fn open(&self) -> Option<submission::Submission> {
        let conn = &mut self.house.ledger.conn();
        let row = self.house.row(PROJECTS, &self.code);
        let all = submission::of_entry(conn, &self.house.ledger.viewer, &row).unwrap();
        all.into_iter().find(|s| s.open)
    }

    fn take(&self, who: &Viewer, what: &Try) -> Result<(), Error> {
        let house = self.house;
        let conn = &mut house.ledger.conn();
        let open = self.open();
        let id = open.as_ref().map_or(0, |s| s.id);
        match what {
            Try::Open => house.open(who, &self.code).map(drop),
            Try::Submission(Act::Cut) if open.is_some() => house.cut(who, id, "42").map(drop),
            Try::Submission(act) if open.is_some() => {
                let mut wish = house.wish(id, *act);
                wish.decision.into = Some((PROJECTS.to_owned(), "P-2".to_owned()));
                house.carry_out(who, &wish).map(drop)
            }
            Try::Stage(n) => {
                let model = house.ledger.app.catalogue.lifecycle(PROJECTS).unwrap();
                let arrow = &model.arrows[n % model.arrows.len()];
                let row = house.row(PROJECTS, &self.code);
                let here = stage::ways(conn, &house.ledger.viewer, house.ground(), &row).unwrap();
                let way = here.into_iter().find(|w| w.arrow.key == arrow.key);
                let done = house.stage(who, PROJECTS, &self.code, &arrow.key);
                if done.is_ok() {
                    let way =
                        way.unwrap_or_else(|| panic!("{} from {}", arrow.key, row.attributes));
                    assert!(
                        way.gate.is_none_or(|g| g.missing.is_empty()),
                        "{}",
                        arrow.key
                    );
                    assert_ne!(arrow.by, By::Submission);
                }
                done.map(drop)
            }
            Try::Status(to) => house
                .change(who, PROJECTS, &self.code, &[("status", to)])
                .map(drop),
            Try::Budget(n) => {
                let budget = n.to_string();
                house
                    .change(who, PROJECTS, &self.code, &[("budget", &budget)])
                    .map(drop)
            }
            Try::Import(status, n) => {
                let label = house.ground().step_label(PROJECTS, status);
                let lines = [
                    "项目编号 | 项目名称 | 申报单位 | 项目阶段 | 申报资金 | 审核结论".to_owned(),
                    format!("{} | 平台 | 济南市教育局 | {label} | {n} | 通过", self.code),
                ];
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let before = house.status(PROJECTS, &self.code);
                let file = house.ledger.draw("改.csv", &lines);
                house.ledger.partial(&file);
                assert_eq!(
                    house.status(PROJECTS, &self.code),
                    before,
                    "an import moved a stage"
                );
                Ok(())
            }
            Try::Assign if open.is_some() => house.assign(id).map(drop),
            Try::Give => house.give(id, 1).map(drop),
            Try::Raise => house.raise(who, id, "有误").map(drop),
            Try::Settle => self.settle(who),
            Try::Remove => {
                let revision = house.row(PROJECTS, &self.code).revision;
                let code = self.code.clone();
                let done = house.edit(who, PROJECTS, EditAct::Remove { code, revision }, &[]);
                done.map(drop)
            }
            Try::Ahead => self.ahead(),
            Try::Submission(_) | Try::Assign => Ok(()),
        }
    }

    fn settle(&self, who: &Viewer) -> Result<(), Error> {
        let conn = &mut self.house.ledger.conn();
        let Some(open) = self.open() else {
            return Ok(());
        };
        let all = finding::of_submission(conn, &self.house.ledger.viewer, open.id).unwrap();
        for (found, _) in all.into_iter().filter(|(f, _)| f.state != "settled") {
            finding::act(
                conn,
                who,
                (found.id, found.version),
                FindingAct::Settle,
                "已改",
            )?;
        }
        Ok(())
    }

    /// The next step towards an approval, by whoever may take it.
    fn ahead(&self) -> Result<(), Error> {
        let Some(open) = self.open() else {
            return self.take(self.who(0), &Try::Open);
        };
        for who in [0, 1, 2, 3, 4] {
            self.settle(self.who(who)).ok();
        }
        let conn = &mut self.house.ledger.conn();
        if open.state() == steps::State::JointReview {
            self.house.assign(open.id).ok();
            let asked = opinion::asked(conn, &self.house.expert).unwrap();
            if let Some((asked, _)) = asked.first().filter(|(o, _)| o.given_at.is_none()) {
                self.house.give(open.id, asked.version)?;
            }
        }
        for act in [
            Act::Submit,
            Act::Check,
            Act::Approve,
            Act::Accept,
            Act::Convene,
            Act::Cut,
            Act::Pass,
        ] {
            for who in 0..5 {
                if self.take(self.who(who), &Try::Submission(act)).is_ok() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What must hold at any moment.
    fn holds(&mut self) {
        let house = self.house;
        let conn = &mut house.ledger.conn();
        let row = house.row(PROJECTS, &self.code);
        let model = house.ledger.app.catalogue.lifecycle(PROJECTS).unwrap();
        let status = house.status(PROJECTS, &self.code);
        if row.present {
            assert!(model.step(&status).is_some(), "{status}");
        }
        let steps: Vec<stage::StageStep> = stage_steps::table
            .filter(stage_steps::entry_id.eq(row.id))
            .order(stage_steps::id)
            .select(stage::StageStep::as_select())
            .load(conn)
            .unwrap();
        for step in &steps {
            let arrow = model
                .arrow(&step.arrow)
                .unwrap_or_else(|| panic!("{}", step.arrow));
            assert!(
                arrow.from.contains(&step.from_step) && arrow.to == step.to_step,
                "{step:?}"
            );
            assert_eq!(
                arrow.by == By::Submission,
                step.submission_id.is_some(),
                "{step:?}"
            );
            assert_eq!(
                arrow.gate.is_some(),
                step.gate_version.is_some(),
                "{step:?}"
            );
        }
        assert!(
            steps.windows(2).all(|p| p[0].to_step == p[1].from_step),
            "{steps:?}"
        );
        if let (Some(last), true) = (steps.last(), row.present) {
            assert_eq!(last.to_step, status);
        }
        self.judges(conn, row.id);
        self.values(conn, &row);
    }

    /// Every act is on record, in order, by somebody who may judge it.
    fn judges(&self, conn: &mut one_ledger::db::connection::Conn, entry: i64) {
        let all: Vec<submission::Submission> = submissions::table
            .filter(submissions::entry_id.eq(entry))
            .select(submission::Submission::as_select())
            .load(conn)
            .unwrap();
        let mut open = BTreeMap::new();
        for row in &all {
            *open.entry(row.kind.clone()).or_insert(0) += i32::from(row.open);
            assert_eq!(row.open, row.state().is_open());
            let acts: Vec<submission::Taken> = submission_acts::table
                .filter(submission_acts::submission_id.eq(row.id))
                .order(submission_acts::id)
                .select(submission::Taken::as_select())
                .load(conn)
                .unwrap();
            let versions: Vec<i64> = acts.iter().map(|a| a.version).collect();
            assert_eq!(versions, (1..=row.version).collect::<Vec<_>>());
            assert!(
                acts.windows(2).all(|p| p[0].to_state == p[1].from_state),
                "{acts:?}"
            );
            let side = |word: &str| {
                let step =
                    Act::from_word(word).and_then(|a| steps::STEPS.iter().find(|s| s.act == a));
                step.map(|s| s.by)
            };
            for judged in acts.iter().filter(|a| side(&a.act) == Some(Side::Bureau)) {
                let own = acts.iter().filter(|a| side(&a.act) != Some(Side::Bureau));
                assert!(
                    own.clone().all(|a| a.account_id != judged.account_id),
                    "{acts:?}"
                );
                assert!([Some(21), Some(22)].contains(&judged.account_id));
            }
            for judged in acts
                .iter()
                .filter(|a| ["check", "approve"].contains(&a.act.as_str()))
            {
                let mine = acts
                    .iter()
                    .filter(|a| a.id < judged.id && a.round == judged.round)
                    .filter(|a| ["submit", "propose"].contains(&a.act.as_str()));
                assert!(
                    mine.clone().all(|a| a.account_id != judged.account_id),
                    "{acts:?}"
                );
            }
            let given: i64 = approvals::table
                .filter(approvals::submission_id.eq(row.id))
                .count()
                .get_result(conn)
                .unwrap();
            assert_eq!(given == 1, row.state().is_approval());
            if row.state().is_approval() {
                for word in ["submit", "check", "approve", "accept"] {
                    assert!(acts.iter().any(|a| a.act == word), "{word} was skipped");
                }
            }
        }
        assert!(open.values().all(|n| *n <= 1), "{open:?}");
    }

    /// What was approved stands until something else is approved.
    fn values(
        &mut self,
        conn: &mut one_ledger::db::connection::Conn,
        row: &one_ledger::ledger::entry::EntryRow,
    ) {
        let model = self.house.ledger.app.catalogue.lifecycle(PROJECTS).unwrap();
        let given: i64 = approvals::table
            .filter(approvals::entry_id.eq(row.id))
            .count()
            .get_result(conn)
            .unwrap();
        let mut document = row.document();
        document
            .retain(|key, _| model.protects(key) || model.approval.amount.as_deref() == Some(key));
        if given > self.approvals || self.kept.is_none() {
            self.kept = (given > 0).then(|| document.clone());
            self.approvals = given;
        }
        if let Some(kept) = &self.kept {
            assert_eq!(*kept, document, "what was approved has changed");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::with_cases(12 * crate::properties::soak()) })]

    #[test]
    fn no_order_of_acts_leaves_the_model(tries in tries()) {
        let ledger = Ledger::sqlite();
        let house = House::new(&ledger);
        let mut pairs = vec![("code", "P-1"), ("name", "平台"), ("status", "需求填报")];
        pairs.extend(FILLED);
        let code = house.make(&house.liaison, PROJECTS, &pairs);
        house.make(&house.liaison, PROJECTS, &[("code", "P-2"), ("name", "统建平台")]);
        house.attach(&house.liaison, PROJECTS, &code, "approval");
        let mut run = Run { house: &house, code, kept: None, approvals: 0 };
        for (who, what) in tries {
            let who = run.who(who).clone();
            match run.take(&who, &what) {
                Ok(()) | Err(
                    Error::Refused(_) | Error::Conflict(_) | Error::NotFound(_) | Error::Invalid(_) | Error::Stale(_),
                ) => {}
                Err(other) => prop_assert!(false, "{what:?}: {other:?}"),
            }
            run.holds();
            if !house.row(PROJECTS, &run.code).present {
                break;
            }
        }
        let found = verify(&mut ledger.conn()).unwrap();
        prop_assert!(found.broken.is_none(), "{found:?}");
    }
}
