//! Any order of answers, edits and acts by anybody: nothing lost, nothing outside, and the past comes out the same.

use diesel::prelude::*;
use one_ledger::auth::Viewer;
use one_ledger::campaign::answer::Answer;
use one_ledger::campaign::board::Standing;
use one_ledger::campaign::list::View;
use one_ledger::db::schema::{campaign_departments, campaign_entries};
use one_ledger::error::Error;
use one_ledger::ledger::edit::Act;
use proptest::prelude::*;

use super::Scene;
use crate::app::Ledger;
use crate::organisation::id;
use crate::review::SYSTEMS;

#[derive(Clone, Debug)]
enum Try {
    Answer(usize, Answer, &'static str),
    Confirm(&'static str),
    Submit(&'static str, bool),
    Settle(usize, bool),
    Edit(usize, bool),
    Make(&'static str),
    Remove(usize),
    Close(bool),
}

fn tries() -> impl Strategy<Value = Vec<(usize, Try)>> {
    let head = || prop::sample::select(vec!["C1", "C2", "C4"]);
    let owner = || prop::sample::select(vec!["C2", "C3", "C4", "D2"]);
    let said = prop::sample::select(Answer::ALL.to_vec());
    let one = prop_oneof![
        6 => (0..8_usize, said, owner()).prop_map(|(n, a, o)| Try::Answer(n, a, o)),
        4 => head().prop_map(Try::Confirm),
        5 => (head(), any::<bool>()).prop_map(|(d, n)| Try::Submit(d, n)),
        3 => (0..8_usize, any::<bool>()).prop_map(|(n, m)| Try::Settle(n, m)),
        4 => (0..8_usize, any::<bool>()).prop_map(|(n, e)| Try::Edit(n, e)),
        2 => owner().prop_map(Try::Make),
        1 => (0..8_usize).prop_map(Try::Remove),
        2 => any::<bool>().prop_map(Try::Close),
    ];
    prop::collection::vec((0..9_usize, one), 10..45)
}

struct Run<'s, 'l> {
    scene: &'s Scene<'l>,
    id: i64,
    codes: Vec<String>,
}

impl Run<'_, '_> {
    fn who(&self, number: usize) -> &Viewer {
        let (s, h) = (self.scene, &self.scene.house);
        [
            &h.liaison,
            &h.specialist,
            &h.cdo,
            &h.bureau,
            &h.stranger,
            &s.unit,
            &s.other,
            &s.own,
            &s.county,
        ][number]
    }

    fn code(&self, number: usize) -> String {
        self.codes[number % self.codes.len()].clone()
    }

    fn take(&mut self, who: &Viewer, what: &Try) -> Result<(), Error> {
        let (s, id) = (self.scene, self.id);
        let listed = |code: &str| {
            let all = s.items(&s.ledger.viewer, id, View::All);
            all.iter().any(|i| i.row.code == code)
        };
        match what {
            Try::Answer(n, said, to) => {
                let code = self.code(*n);
                if !listed(&code) {
                    return Ok(());
                }
                let to = if *said == Answer::Elsewhere { *to } else { "" };
                let given = s.given(id, &code, *said, to);
                s.send(who, id, &[given]).map(drop)
            }
            Try::Confirm(code) => s.confirm(who, id, code).map(drop),
            Try::Submit(code, none) => s.submit(who, id, code, *none).map(drop),
            Try::Settle(n, moves) => {
                let code = self.code(*n);
                if !listed(&code) {
                    return Ok(());
                }
                s.settle(who, id, &code, *moves)
            }
            Try::Edit(n, filled) => {
                let code = self.code(*n);
                let row = s.house.row(SYSTEMS, &code);
                let does = if *filled {
                    "功能".to_owned()
                } else {
                    format!("功能{}", row.revision)
                };
                let pairs = [("main_function", does.as_str())];
                let act = Act::Amend {
                    code,
                    revision: row.revision,
                };
                s.house.edit(who, SYSTEMS, act, &pairs).map(drop)
            }
            Try::Make(owner) => {
                let name = format!("系统{}", self.codes.len());
                let pairs = [("system_name", name.as_str()), ("owner_org", owner)];
                let done = s
                    .house
                    .edit(&s.ledger.viewer, SYSTEMS, Act::Create, &pairs)?;
                self.codes.push(done.entries[0].code.clone());
                Ok(())
            }
            Try::Remove(n) => {
                let code = self.code(*n);
                let revision = s.house.row(SYSTEMS, &code).revision;
                let act = Act::Remove { code, revision };
                s.house.edit(who, SYSTEMS, act, &[]).map(drop)
            }
            Try::Close(force) => {
                let reason = if *force { "测试" } else { "" };
                s.close(who, id, reason).map(drop)
            }
        }
    }

    /// What must hold at any moment.
    fn holds(&self) {
        let (s, id) = (self.scene, self.id);
        let conn = &mut s.ledger.conn();
        let found = s.get(&s.ledger.viewer, id).unwrap();
        let heads: Vec<i64> = campaign_departments::table
            .order(campaign_departments::department_id)
            .select(campaign_departments::department_id)
            .load(conn)
            .unwrap();
        let mut wanted = ["C1", "C2", "C4"].map(|c| self::id(s.ledger, c)).to_vec();
        wanted.sort_unstable();
        assert_eq!(heads, wanted, "the departments are those of the level");
        if !found.is_open() {
            assert!(s.verify(&s.house.bureau, id).unwrap().equal());
            let listed = s.items(&s.ledger.viewer, id, View::All).len();
            assert_eq!(
                Some(listed as i64),
                found.entries,
                "lists stay as they were"
            );
            return;
        }
        let lines = s.lines(&s.ledger.viewer, id);
        let items = s.items(&s.ledger.viewer, id, View::All);
        let present = self.codes.iter().filter(|c| {
            let row = s.house.row(SYSTEMS, c);
            row.present && row.department_id != self::id(s.ledger, "D2")
        });
        assert_eq!(
            items.len(),
            present.count(),
            "every entry of the level is on a list"
        );
        assert_eq!(lines.iter().map(|l| l.total).sum::<usize>(), items.len());
        let open = s.items(&s.ledger.viewer, id, View::Open).len();
        assert_eq!(lines.iter().map(|l| l.open()).sum::<usize>(), open);
        assert_eq!(items.iter().filter(|i| !i.counts).count(), open);
        for item in items.iter().filter(|i| i.counts) {
            let kept = item.kept.as_ref().unwrap();
            match Answer::from_word(&kept.answer).unwrap() {
                Answer::Unchanged => assert!(!item.moved, "{kept:?}"),
                Answer::Changed => assert!(item.moved, "{kept:?}"),
                Answer::Retired => assert!(item.retired, "{kept:?}"),
                Answer::Elsewhere => assert!(kept.to_department_id.is_some()),
            }
        }
        for line in &lines {
            let done = line.standing == Standing::Submitted;
            assert!(!done || line.open() == 0, "{line:?}");
            assert!(
                !done || line.part.attested_none == (line.total == 0) || line.removed > 0,
                "{line:?}"
            );
        }
        let outside: i64 = campaign_entries::table
            .filter(campaign_entries::department_id.eq(self::id(s.ledger, "D2")))
            .count()
            .get_result(conn)
            .unwrap();
        assert_eq!(outside, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::with_cases(10 * crate::properties::soak()) })]

    #[test]
    fn no_order_of_acts_loses_anything(tries in tries()) {
        let ledger = Ledger::sqlite();
        let scene = Scene::new(&ledger);
        let all = &ledger.viewer;
        let codes = vec![
            scene.system(all, "C2", "学籍", "学籍"),
            scene.system(all, "C2", "考试", ""),
            scene.system(all, "C3", "课件", "课件"),
            scene.system(all, "C4", "路况", "路况"),
            scene.system(all, "D2", "县里的", "县里"),
        ];
        let id = scene.open().id;
        let mut run = Run { scene: &scene, id, codes };
        for (who, what) in tries {
            let who = run.who(who).clone();
            match run.take(&who, &what) {
                Ok(()) | Err(
                    Error::Refused(_) | Error::Conflict(_) | Error::NotFound(_) | Error::Invalid(_) | Error::Stale(_),
                ) => {}
                Err(other) => prop_assert!(false, "{what:?}: {other:?}"),
            }
            run.holds();
        }
        // Whatever was done, it can be closed, and comes out the same after one more change.
        if scene.get(all, id).unwrap().is_open() {
            scene.close(&scene.house.bureau, id, "测试").unwrap();
        }
        scene.system(all, "C2", "后来的", "后来");
        run.holds();
    }
}
