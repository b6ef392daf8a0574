//! Who may do what, which answers fit, and what makes an answer void.

use one_ledger::campaign::answer::Answer;
use one_ledger::campaign::board::Standing;
use one_ledger::campaign::list::View;
use one_ledger::campaign::open;
use one_ledger::clock;
use one_ledger::error::Error;

use super::Scene;
use crate::app::on_both;
use crate::review::{SYSTEMS, conflict, keys, problems, refused};

#[test]
fn only_the_bureau_opens_and_everything_wrong_is_said_at_once() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        for who in [&house.liaison, &house.cdo, &house.expert] {
            assert!(refused(scene.open_as(who, &Scene::plan())).contains("组织年度核对"));
        }
        let mut plan = Scene::plan();
        plan.title = String::new();
        plan.year = 1;
        plan.registers.push("nothing".to_owned());
        plan.due_on = Some(clock::today());
        plan.remind_days = Some(-1);
        plan.departments = vec!["C3".to_owned(), "D2".to_owned()];
        plan.fields
            .insert(SYSTEMS.to_owned(), vec!["nothing".to_owned()]);
        let told = problems(scene.open_as(&house.bureau, &plan));
        assert_eq!(
            keys(&told),
            [
                "title",
                "year",
                "registers",
                "fields",
                "due_on",
                "remind_days",
                "departments",
                "departments"
            ]
        );
        let made = scene.open();
        assert!(conflict(scene.open_as(&house.officer, &Scene::plan())).contains("已有"));
        // The level answers: units with their department, no region below, no bureau above.
        let lines = scene.lines(&house.bureau, made.id);
        let codes: Vec<&str> = lines.iter().map(|l| l.code.as_str()).collect();
        assert_eq!(codes, ["C1", "C2", "C4"]);
        let own = scene.lines(&house.stranger, made.id);
        assert_eq!(own.iter().map(|l| &l.code).collect::<Vec<_>>(), ["C4"]);
        assert!(matches!(
            scene.get(&scene.county, made.id),
            Err(Error::NotFound(_))
        ));
        // The bureau above reads, and runs nothing.
        assert_eq!(scene.lines(&scene.province, made.id).len(), 3);
        refused(scene.close(&scene.province, made.id, ""));
        refused(scene.close(&house.cdo, made.id, ""));
    });
}

#[test]
fn an_answer_fits_the_entry_or_is_refused_with_what_is_missing() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let whole = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let bare = scene.system(&house.liaison, "C2", "考试系统", "");
        let units = scene.system(&house.liaison, "C3", "课件系统", "课件");
        let id = scene.open().id;
        let word = |done: Result<usize, Error>| problems(done)[0].code.clone();
        let said = |code: &str, what| scene.answer(&house.liaison, id, code, what);
        assert_eq!(word(said(&bare, Answer::Unchanged)), "incomplete");
        assert_eq!(word(said(&bare, Answer::Changed)), "not_moved");
        assert_eq!(word(said(&bare, Answer::Retired)), "not_retired");
        assert_eq!(word(said(&bare, Answer::Elsewhere)), "required");
        let wrong = scene.elsewhere(&house.liaison, id, &bare, "C3");
        assert_eq!(word(wrong), "own");
        let wrong = scene.elsewhere(&house.liaison, id, &bare, "没有这个单位");
        assert_eq!(word(wrong), "unknown_department");
        // All or none: one that fits does not go in with one that does not.
        let two = [
            scene.given(id, &whole, Answer::Unchanged, ""),
            scene.given(id, &bare, Answer::Unchanged, ""),
        ];
        assert_eq!(
            keys(&problems(scene.send(&house.liaison, id, &two))),
            ["answers[1].answer"]
        );
        assert_eq!(scene.line(id, "C2").answered(), 0);
        // Neither the bureau nor another department answers; who sees it not is told nothing.
        assert!(
            refused(scene.answer(&house.bureau, id, &whole, Answer::Unchanged))
                .contains("不能代答")
        );
        assert_eq!(
            word(scene.answer(&scene.other, id, &whole, Answer::Unchanged)),
            "unknown"
        );
        // The unit answers for its own, its department for both.
        scene
            .answer(&scene.unit, id, &units, Answer::Unchanged)
            .unwrap();
        assert_eq!(
            word(scene.answer(&scene.unit, id, &whole, Answer::Unchanged)),
            "unknown"
        );
        let done = scene.confirm(&house.liaison, id, "C2").unwrap();
        assert_eq!((done.unchanged, done.changed, done.incomplete), (1, 0, 1));
        // The edit settles it.
        house
            .change(&house.liaison, SYSTEMS, &bare, &[("main_function", "考务")])
            .unwrap();
        assert_eq!(word(said(&bare, Answer::Unchanged)), "moved");
        said(&bare, Answer::Changed).unwrap();
        assert_eq!(scene.standing(id, "C2"), Standing::Ready);
        // Out of use is what the stages say.
        let gone = scene.system(&house.liaison, "C2", "旧系统", "");
        house
            .change(
                &house.liaison,
                SYSTEMS,
                &gone,
                &[("stop_date", "2026-05-01")],
            )
            .unwrap();
        house
            .stage(&house.liaison, SYSTEMS, &gone, "suspend")
            .unwrap();
        said(&gone, Answer::Retired).unwrap();
        assert_eq!(scene.line(id, "C2").count(Answer::Retired), 1);
    });
}

#[test]
fn a_list_is_handed_in_whole_and_any_change_opens_it_again() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let code = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let id = scene.open().id;
        assert_eq!(
            problems(scene.submit(&house.cdo, id, "C2", false))[0].code,
            "open"
        );
        scene.confirm(&house.liaison, id, "C2").unwrap();
        refused(scene.submit(&house.specialist, id, "C2", false));
        refused(scene.submit(&house.bureau, id, "C2", false));
        assert!(matches!(
            scene.submit(&scene.other, id, "C2", false),
            Err(Error::NotFound(_))
        ));
        assert_eq!(
            problems(scene.submit(&house.cdo, id, "C2", true))[0].code,
            "some"
        );
        let seen = scene.part(id, "C2").version;
        scene.submit(&house.cdo, id, "C2", false).unwrap();
        let which = (id, crate::organisation::id(ledger, "C2"), seen);
        let again = scene.with(|g| {
            one_ledger::campaign::submit::submit(&mut ledger.conn(), &house.cdo, g, which, false)
        });
        assert!(conflict(again).contains("已经提交"));
        assert_eq!(scene.standing(id, "C2"), Standing::Submitted);
        // What was answered changes.
        house
            .change(&house.liaison, SYSTEMS, &code, &[("short_name", "学籍")])
            .unwrap();
        let line = scene.line(id, "C2");
        assert_eq!(
            (line.standing, line.changed, line.open()),
            (Standing::Reopened, 1, 1)
        );
        assert_eq!(scene.items(&house.liaison, id, View::Changed).len(), 1);
        // Something is made meanwhile: it is on the list.
        let fresh = scene.system(&house.liaison, "C2", "新系统", "新建");
        assert!(scene.item(id, &fresh).fresh);
        assert_eq!(scene.line(id, "C2").open(), 2);
        let done = scene.confirm(&house.specialist, id, "C2").unwrap();
        assert_eq!((done.unchanged, done.changed), (0, 2));
        assert_eq!(
            scene.standing(id, "C2"),
            Standing::Ready,
            "handed in again by the CDO only"
        );
        scene.submit(&house.cdo, id, "C2", false).unwrap();
        // What is taken out is counted.
        let revision = house.row(SYSTEMS, &code).revision;
        let act = one_ledger::ledger::edit::Act::Remove { code, revision };
        house.edit(&house.liaison, SYSTEMS, act, &[]).unwrap();
        assert_eq!(scene.line(id, "C2").removed, 1);
        // Who has nothing says so.
        assert_eq!(
            problems(scene.submit(&scene.other, id, "C4", false))[0].code,
            "none"
        );
        scene.submit(&scene.other, id, "C4", true).unwrap();
        assert!(scene.part(id, "C4").attested_none);
        scene.system(&house.stranger, "C4", "路况系统", "路况");
        assert_eq!(scene.standing(id, "C4"), Standing::Reopened);
    });
}

#[test]
fn of_two_who_answer_at_once_one_wins() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let code = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let id = scene.open().id;
        let given = scene.given(id, &code, Answer::Unchanged, "");
        let (one, two) = (given.clone(), given.clone());
        let ways: Vec<Result<usize, Error>> = std::thread::scope(|s| {
            let a = s.spawn(|| scene.send(&house.liaison, id, &[one]));
            let b = s.spawn(|| scene.send(&house.specialist, id, &[two]));
            vec![a.join().unwrap(), b.join().unwrap()]
        });
        let stale = |d: &&Result<usize, Error>| matches!(d, Err(Error::Stale(_)));
        assert_eq!(ways.iter().filter(stale).count(), 1, "{ways:?}");
        assert_eq!(ways.iter().filter(|d| d.is_ok()).count(), 1, "{ways:?}");
        // An entry that moved since it was looked at is not answered for.
        let given = scene.given(id, &code, Answer::Unchanged, "");
        house
            .change(&house.liaison, SYSTEMS, &code, &[("short_name", "学籍")])
            .unwrap();
        assert!(matches!(
            scene.send(&house.liaison, id, &[given]),
            Err(Error::Stale(_))
        ));
    });
}

#[test]
fn what_is_not_ones_own_goes_to_the_bureau_and_on_to_its_owner() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let code = scene.system(&house.liaison, "C2", "公交系统", "公交");
        let id = scene.open().id;
        scene
            .elsewhere(&house.liaison, id, &code, "济南市交通运输局")
            .unwrap();
        scene.submit(&house.cdo, id, "C2", false).unwrap();
        scene.submit(&scene.other, id, "C4", true).unwrap();
        scene.submit(&scene.own, id, "C1", true).unwrap();
        assert_eq!(
            keys(&problems(scene.close(&house.bureau, id, ""))),
            ["questions"]
        );
        refused(scene.settle(&house.cdo, id, &code, true));
        refused(scene.settle(&scene.province, id, &code, true));
        scene.settle(&house.bureau, id, &code, false).unwrap();
        let line = scene.line(id, "C2");
        assert_eq!(
            (line.standing, line.questions, line.changed),
            (Standing::Answering, 0, 0)
        );
        assert_eq!(scene.item(id, &code).kept.unwrap().reply, "returned");
        assert!(matches!(
            scene.settle(&house.bureau, id, &code, true),
            Err(Error::NotFound(_))
        ));
        scene.elsewhere(&house.specialist, id, &code, "C4").unwrap();
        scene.settle(&house.bureau, id, &code, true).unwrap();
        assert_eq!(
            house.row(SYSTEMS, &code).department_id,
            crate::organisation::id(ledger, "C4")
        );
        assert_eq!(
            (scene.line(id, "C2").total, scene.line(id, "C4").total),
            (0, 1)
        );
        assert_eq!(scene.standing(id, "C4"), Standing::Reopened);
        scene.submit(&house.cdo, id, "C2", true).unwrap();
        scene
            .answer(&scene.other, id, &code, Answer::Changed)
            .unwrap();
        scene.submit(&scene.other, id, "C4", false).unwrap();
        scene.close(&house.bureau, id, "").unwrap();
    });
}

#[test]
fn gates_are_asked_in_the_version_of_the_campaigns_day() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let house = &scene.house;
        let code = scene.system(&house.liaison, "C2", "学籍系统", "学籍管理");
        let mut plan = Scene::plan();
        plan.gates_on = Some(clock::today());
        let id = scene.open_as(&house.bureau, &plan).unwrap().id;
        let missing = scene.item(id, &code).missing;
        assert!(
            missing.contains(&"未填写“等保定级”".to_owned()),
            "{missing:?}"
        );
        assert_eq!(
            scene.confirm(&house.liaison, id, "C2").unwrap().incomplete,
            1
        );
        // Before the gates were in force they ask for nothing.
        plan.title = "旧版".to_owned();
        plan.gates_on = "2019-01-01".parse().ok();
        let id = scene.open_as(&house.bureau, &plan).unwrap().id;
        assert!(scene.item(id, &code).missing.is_empty());
        // Without chosen fields it is what the stage expects.
        plan.title = "按阶段".to_owned();
        plan.fields.clear();
        plan.gates_on = None;
        let id = scene.open_as(&house.bureau, &plan).unwrap().id;
        assert!(scene.item(id, &code).missing.len() > 3);
    });
}

#[test]
fn another_day_is_set_by_whoever_saw_the_last_one() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let made = scene.open();
        let day = Some("2027-02-06".parse().unwrap());
        let set = |who, seen| {
            scene.with(|g| open::reschedule(&mut ledger.conn(), who, g, (made.id, seen), day))
        };
        refused(set(&scene.house.cdo, 1));
        let moved = set(&scene.house.bureau, 1).unwrap();
        assert!(matches!(set(&scene.house.officer, 1), Err(Error::Stale(_))));
        // A Saturday moves on to a working day; the year's days are not published yet.
        let due = moved.due(&mut ledger.conn()).unwrap();
        assert!(
            due.date > "2027-02-06".parse().unwrap() && due.provisional,
            "{due:?}"
        );
        let late = due.date + chrono::Days::new(1);
        assert!(
            scene
                .lines_on(&scene.house.bureau, made.id, late)
                .iter()
                .all(|l| l.late)
        );
        assert!(
            scene
                .lines_on(&scene.house.bureau, made.id, due.date)
                .iter()
                .all(|l| !l.late)
        );
    });
}
