//! Links: who sees them, both orders of entry, what each end says, and what follows from it.

use std::path::PathBuf;

use diesel::prelude::*;
use one_ledger::auth::{Role, Sight, Viewer};
use one_ledger::db::schema::{issues, notices};
use one_ledger::error::Error;
use one_ledger::intake::record;
use one_ledger::intake::report::Report;
use one_ledger::intake::run::{self, Mode};
use one_ledger::ledger::as_of::Definitions;
use one_ledger::ledger::edit::{self, Draft, Given, Source, Why};
use one_ledger::ledger::ends::{Act, Side, Standing};
use one_ledger::ledger::entry::EntryRow;
use one_ledger::ledger::list::{self, Paging, Query};
use one_ledger::ledger::{facts, undo::Undone};
use one_ledger::org::directory::Directory;
use one_ledger::sharing::agreed::{Agreed, agreed};
use one_ledger::sharing::link::{self, Link, View, Wish};
use one_ledger::sharing::{LINKS, steps};

use crate::app::people::{department, settle, viewer};
use crate::app::{Ledger, on_both};

mod desk;
mod proposed;
mod random;
mod told;
mod walk;
mod web;

const GIVES: &str = "济南市教育局";
const TAKES: &str = "济南市公安局";
const THIRD: &str = "历下区教育局";

const HEAD: &str = "数据提供单位 | 数据使用单位 | 数据资源 | 对接方式 | 更新频率 | 使用场景 | 对接联系人 | 对接状态";

/// Two departments with a dataset between them.
pub struct Scene<'l> {
    pub ledger: &'l Ledger,
    pub gives: Viewer,
    pub takes: Viewer,
}

impl<'l> Scene<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        settle(ledger);
        ledger.import_whole(&ledger.draw(
            "datasets.xlsx",
            &[
                "数据资源代码 | 数据资源名称 | 数源单位 | 目录状态",
                "SJ-1 | 学籍信息 | 济南市教育局 | 已发布",
            ],
        ));
        Self {
            gives: viewer(ledger, Role::Specialist, GIVES),
            takes: viewer(ledger, Role::Specialist, TAKES),
            ledger,
        }
    }

    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut one_ledger::db::connection::Conn, Definitions<'_>) -> T,
    ) -> T {
        let mut conn = self.ledger.conn();
        let directory = Directory::load(&mut conn).unwrap();
        let catalogue = &self.ledger.app.catalogue;
        let register = catalogue.register(LINKS).unwrap();
        work(
            &mut conn,
            Definitions {
                catalogue,
                directory: &directory,
                register,
            },
        )
    }

    pub fn sheet(&self, name: &str, rows: &[&str]) -> PathBuf {
        let lines: Vec<&str> = [HEAD].into_iter().chain(rows.iter().copied()).collect();
        self.ledger.draw(name, &lines)
    }

    pub fn run(&self, who: &Viewer, file: &std::path::Path, mode: Mode) -> Report {
        let request = Ledger::request(file, mode);
        run::run(&self.ledger.app, who, &request, &|_| ())
            .unwrap()
            .report
    }

    pub fn import(&self, who: &Viewer, name: &str, rows: &[&str]) -> Report {
        let report = self.run(who, &self.sheet(name, rows), Mode::Whole);
        assert!(report.applied, "{:#?}", report.problems);
        report
    }

    pub fn undo(&self, who: &Viewer, import: i64) -> Undone {
        let catalogue = &self.ledger.app.catalogue;
        record::undo(&mut self.ledger.conn(), who, catalogue, import, "")
            .unwrap()
            .1
    }

    pub fn rows(&self) -> Vec<EntryRow> {
        use one_ledger::db::schema::entries;
        entries::table
            .filter(entries::register.eq(LINKS))
            .filter(entries::present.eq(true))
            .order(entries::id)
            .select(EntryRow::as_select())
            .load(&mut self.ledger.conn())
            .unwrap()
    }

    pub fn only(&self) -> EntryRow {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "{rows:#?}");
        rows.remove(0)
    }

    pub fn link(&self, who: &Viewer) -> Link {
        let code = self.only().code;
        self.with(|conn, d| link::one(conn, who, d, &code).unwrap())
    }

    pub fn standing(&self) -> Standing {
        self.link(&self.gives).standing()
    }

    pub fn act(&self, who: &Viewer, act: Act, note: &str) -> Result<Link, Error> {
        let seen = self.link(who);
        let wish = Wish {
            code: &seen.row.code,
            version: seen.version(),
            act,
            note,
        };
        self.with(|conn, d| link::act(conn, who, d, &wish))
    }

    pub fn amend(&self, who: &Viewer, values: &[(&str, &str)]) -> Result<edit::Done, Error> {
        let row = self.only();
        let given = values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Given::Text((*v).to_owned())))
            .collect();
        let draft = Draft {
            act: edit::Act::Amend {
                code: row.code.clone(),
                revision: row.revision,
            },
            given,
        };
        self.with(|conn, d| edit::write(conn, who, d, &[draft], &why()))
    }

    pub fn open_issues(&self) -> i64 {
        issues::table
            .filter(issues::open.eq(true))
            .count()
            .get_result(&mut self.ledger.conn())
            .unwrap()
    }
}

fn why() -> Why {
    Why {
        source: Source::Form,
        reason: String::new(),
        valid_on: None,
    }
}

const SAME: &str =
    "济南市教育局 | 济南市公安局 | 学籍信息 | 服务接口 | 每日 | 核验 | 张三 | 运行中";
const OTHER: &str =
    "济南市教育局 | 济南市公安局 | 学籍信息 | 批量交换 | 每日 | 核验 | 李四 | 运行中";

#[test]
fn the_second_list_confirms_what_the_first_one_said() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        let row = scene.only();
        assert_eq!(row.name, "学籍信息→济南市公安局");
        let report = scene.run(&scene.takes, &scene.sheet("2.xlsx", &[SAME]), Mode::Check);
        assert_eq!(report.stated, 1, "{report:#?}");
        assert!(
            report.warnings.iter().any(|w| w.code == "confirms_end"),
            "{report:#?}"
        );
        assert_eq!(
            scene.standing(),
            Standing::Waiting(Side::Consumer),
            "a check writes nothing"
        );
        let report = scene.import(&scene.takes, "2.xlsx", &[SAME]);
        assert_eq!(scene.standing(), Standing::Confirmed);
        assert_eq!(scene.only().revision, row.revision);
        assert_eq!(scene.open_issues(), 0);
        scene.undo(&scene.takes, report.import.unwrap());
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        assert!(ledger.verify().broken.is_none());
    });
}

#[test]
fn another_word_of_the_consumer_is_kept_beside_and_becomes_an_issue() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        let before = scene.only();
        let report = scene.import(&scene.takes, "2.xlsx", &[OTHER]);
        let told: Vec<_> = report.warnings.iter().map(|w| w.code.as_str()).collect();
        assert!(
            told.contains(&"other_end") && told.contains(&"other_end_kept"),
            "{told:?}"
        );
        let after = scene.only();
        assert_eq!(
            before.attributes, after.attributes,
            "the provider's word stands"
        );
        let seen = scene.link(&scene.takes);
        assert_eq!(seen.standing(), Standing::Disputed);
        assert_eq!(seen.pair.differences(), ["share_mode"]);
        assert_eq!(scene.open_issues(), 1);
        // The provider gives in: both say the same, and the issue heals.
        scene
            .amend(&scene.gives, &[("share_mode", "批量交换")])
            .unwrap();
        assert_eq!(scene.standing(), Standing::Confirmed);
        scene.with(|conn, d| one_ledger::sharing::follow::tell(conn, d.directory).unwrap());
        assert_eq!(scene.open_issues(), 0);
    });
}

#[test]
fn undoing_the_consumers_import_takes_its_word_back_and_heals_the_issue() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        let report = scene.import(&scene.takes, "2.xlsx", &[OTHER]);
        assert_eq!(scene.open_issues(), 1);
        let undone = scene.undo(&scene.takes, report.import.unwrap());
        assert_eq!(undone.statements, 1);
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        assert_eq!(scene.open_issues(), 0);
    });
}

#[test]
fn a_link_that_the_other_end_confirmed_stays_when_its_import_is_undone() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let report = scene.import(&scene.takes, "1.xlsx", &[SAME]);
        assert_eq!(scene.standing(), Standing::Waiting(Side::Provider));
        scene.act(&scene.gives, Act::Confirm, "").unwrap();
        assert_eq!(scene.standing(), Standing::Confirmed);
        let undone = scene.undo(&scene.takes, report.import.unwrap());
        assert_eq!((undone.removed, undone.kept.len()), (0, 1), "{undone:?}");
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
    });
}

#[test]
fn a_change_of_what_was_agreed_waits_for_the_other_end_again_and_tells_it() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        scene.act(&scene.takes, Act::Confirm, "").unwrap();
        scene.amend(&scene.gives, &[("notes", "换了机房")]).unwrap();
        assert_eq!(
            scene.standing(),
            Standing::Confirmed,
            "other fields are the owner's"
        );
        scene.amend(&scene.gives, &[("frequency", "每周")]).unwrap();
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        let refused = scene
            .amend(&scene.takes, &[("notes", "不同意")])
            .unwrap_err();
        assert_eq!(refused.code(), "invalid", "{refused}");
        let apart = scene.amend(&scene.takes, &[("frequency", "每日")]).unwrap();
        assert_eq!(apart.entries[0].apart, ["frequency"]);
        assert_eq!(apart.change_set, None);
        assert_eq!(scene.standing(), Standing::Disputed);
    });
}

#[test]
fn a_dispute_says_why_becomes_an_issue_and_is_withdrawn() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        let refused = scene.act(&scene.takes, Act::Dispute, " ").unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
        let refused = scene.act(&scene.takes, Act::Withdraw, "").unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        let link = scene
            .act(&scene.takes, Act::Dispute, "从未接到过数据")
            .unwrap();
        assert_eq!(link.standing(), Standing::Disputed);
        assert_eq!(scene.open_issues(), 1);
        let stale = Wish {
            code: &link.row.code,
            version: link.version() - 1,
            act: Act::Withdraw,
            note: "",
        };
        let refused = scene.with(|conn, d| link::act(conn, &scene.takes, d, &stale).unwrap_err());
        assert!(matches!(refused, Error::Stale(_)), "{refused}");
        scene.act(&scene.takes, Act::Withdraw, "").unwrap();
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        assert_eq!(scene.open_issues(), 0);
        scene.act(&scene.takes, Act::Confirm, "").unwrap();
        let refused = scene.act(&scene.takes, Act::Confirm, "").unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        let told: i64 = notices::table
            .filter(notices::kind.eq("link"))
            .count()
            .get_result(&mut ledger.conn())
            .unwrap();
        assert_eq!(told, 0, "nobody has an account here");
    });
}

#[test]
fn a_third_department_sees_the_summary_and_both_bureaus_see_all() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        let code = scene.only().code;
        let third = viewer(ledger, Role::Specialist, THIRD);
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        scene.with(|conn, d| {
            for (who, sight) in [
                (&scene.gives, Sight::Security),
                (&scene.takes, Sight::Security),
                (&bureau, Sight::Own),
                (&third, Sight::Summary),
            ] {
                let entry = facts::entry(conn, who, d, &code, None).unwrap();
                assert!(entry.sight >= sight, "{}: {:?}", who.name(), entry.sight);
                let shown = entry.document.contains_key("contact");
                assert_eq!(shown, sight > Sight::Summary, "{}", who.name());
                let query = Query {
                    mine: true,
                    ..Query::all(d.register)
                };
                let page = list::page(conn, who, d, &query, &Paging::default()).unwrap();
                let (total, _) = list::total(conn, who, d, &query).unwrap();
                let mine = usize::from(sight > Sight::Summary);
                assert_eq!((page.rows.len(), total), (mine, mine), "{}", who.name());
                let searched = Query {
                    search: Some("学籍".to_owned()),
                    ..Query::all(d.register)
                };
                assert_eq!(list::total(conn, who, d, &searched).unwrap().0, 1);
                let filtered = Query {
                    filters: [("share_mode".to_owned(), vec!["1".to_owned()])].into(),
                    ..Query::all(d.register)
                };
                assert_eq!(list::total(conn, who, d, &filtered).unwrap().0, 1);
            }
            let refused = link::one(conn, &third, d, &code).unwrap_err();
            assert!(matches!(refused, Error::Refused(_)), "{refused}");
        });
        // Not in operation yet, it is not there for others at all.
        ledger.tamper("UPDATE entries SET published = FALSE");
        scene.with(|conn, d| {
            let refused = link::one(conn, &third, d, &code).unwrap_err();
            assert!(matches!(refused, Error::NotFound(_)), "{refused}");
            link::one(conn, &scene.takes, d, &code).unwrap();
        });
    });
}

#[test]
fn whoever_belongs_to_neither_end_writes_no_link_and_nobody_confirms_for_another() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let third = viewer(ledger, Role::Specialist, THIRD);
        let report = scene.run(&third, &scene.sheet("1.xlsx", &[SAME]), Mode::Check);
        let code = report.problems.first().map(|p| p.code.as_str());
        assert_eq!(code, Some("out_of_reach"), "{report:#?}");
        // The bureau may write for both: it speaks for the provider alone.
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        scene.import(&bureau, "2.xlsx", &[SAME]);
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        let refused = scene.act(&bureau, Act::Confirm, "").unwrap_err();
        assert!(matches!(refused, Error::Refused(_)), "{refused}");
        let refused = scene
            .amend(&scene.takes, &[("provider_org", THIRD)])
            .unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    });
}

#[test]
fn the_desk_counts_by_whose_move_it_is() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(
            &scene.gives,
            "1.xlsx",
            &[
                SAME,
                "济南市教育局 | 济南市公安局 | 学籍信息 | 服务接口 | 每日 | 核验 | 张三 | 运行中",
            ][..1],
        );
        let count = |who: &Viewer, view: View| {
            let page = link::page(&mut ledger.conn(), who, view, None, 10).unwrap();
            page.links.len()
        };
        assert_eq!(
            (
                count(&scene.takes, View::Mine),
                count(&scene.gives, View::Mine)
            ),
            (1, 0)
        );
        assert_eq!(
            (
                count(&scene.takes, View::Others),
                count(&scene.gives, View::Others)
            ),
            (0, 1)
        );
        assert_eq!(
            link::waiting(&mut ledger.conn(), &scene.takes).unwrap(),
            (1, 0)
        );
    });
}

#[test]
fn an_agreed_request_makes_the_link_and_finds_it_again() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let (provider, consumer) = (department(ledger, GIVES), department(ledger, TAKES));
        let dataset = ledger.snapshot().entries.len();
        assert_eq!(dataset, 1);
        let id: i64 = one_ledger::db::schema::entries::table
            .select(one_ledger::db::schema::entries::id)
            .first(&mut ledger.conn())
            .unwrap();
        let mut wanted = Agreed {
            provider,
            consumer,
            dataset_id: Some(id),
            provider_system: None,
            consumer_system: None,
            mode: "1",
            frequency: "",
            basis: "",
            purpose: "核验",
            scope: "",
            valid_until: Some("2027-12-31"),
            request_id: 1,
        };
        let make = |wanted: &Agreed<'_>| {
            scene.with(|conn, d| {
                agreed(conn, &scene.gives, d.catalogue, d.directory, wanted).unwrap()
            })
        };
        let code = make(&wanted);
        let row = scene.only();
        assert_eq!(
            (row.code.as_str(), row.stage.as_str()),
            (code.as_str(), "build")
        );
        assert_eq!(scene.standing(), Standing::Confirmed);
        wanted.mode = "2";
        wanted.request_id = 2;
        assert_eq!(make(&wanted), code);
        assert_eq!(scene.standing(), Standing::Confirmed);
        assert!(ledger.verify().broken.is_none());
    });
}

#[test]
fn the_arrows_of_an_end_are_told_apart() {
    for one in steps::ARROWS {
        let same = steps::ARROWS
            .iter()
            .filter(|a| a.from == one.from && a.act == one.act);
        assert_eq!(same.count(), 1, "{one:?}");
    }
}
