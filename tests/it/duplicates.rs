//! The check for duplicates: how well it tells, why, to whom; answers, lists, near-duplicates and merging.

mod labelled;
mod merging;
mod web;

use one_ledger::auth::{Role, Viewer};
use one_ledger::error::Error;
use one_ledger::ledger::edit::{self, Act, Draft, Given, Source, Why};
use one_ledger::org::directory::Directory;
use one_ledger::review::duplicate::answer::{self, Verdict};
use one_ledger::review::duplicate::check::{Form, Means, Report, What, check};
use one_ledger::review::duplicate::lists::{self, ListKind, Written};
use one_ledger::review::duplicate::{Kept, Rules, batch, kept, near, store};

use crate::app::people::{self, department, viewer};
use crate::app::{Ledger, catalogue, on_both};
use crate::lists::Desk;

const SYSTEMS: &str = "information_system";
const NAME: &str = "system_name";

/// A ledger with its organisation and an index at hand.
struct Table<'l> {
    ledger: &'l Ledger,
    directory: Directory,
    kept: Kept,
}

impl<'l> Table<'l> {
    fn new(ledger: &'l Ledger) -> Self {
        Self {
            ledger,
            directory: Directory::load(&mut ledger.conn()).unwrap(),
            kept: Kept::new(Rules::default(), ledger.app.catalogue.regions()),
        }
    }

    fn means(&self) -> Means<'_> {
        Means {
            catalogue: &self.ledger.app.catalogue,
            directory: &self.directory,
            kept: &self.kept,
        }
    }

    fn form(&self, who: &Viewer, name: &str, function: &str) -> Report {
        let form = Form {
            name: name.to_owned(),
            function: function.to_owned(),
            ..Form::default()
        };
        check(
            &mut self.ledger.conn(),
            who,
            self.means(),
            &What::Form(form),
        )
        .unwrap()
    }

    fn entry(&self, who: &Viewer, register: &str, code: &str) -> Report {
        let what = What::Entry(register.to_owned(), code.to_owned());
        check(&mut self.ledger.conn(), who, self.means(), &what).unwrap()
    }

    fn id(&self, register: &str, code: &str) -> i64 {
        use diesel::prelude::*;
        use one_ledger::db::schema::entries;
        entries::table
            .filter(entries::register.eq(register))
            .filter(entries::code.eq(code))
            .select(entries::id)
            .first(&mut self.ledger.conn())
            .unwrap()
    }

    fn run(&self, who: &Viewer, code: &str) -> Result<i64, Error> {
        let id = self.id("project", code);
        store::run(&mut self.ledger.conn(), who, self.means(), id, None, None)
    }

    fn amend(
        &self,
        who: &Viewer,
        register: &str,
        code: &str,
        revision: i32,
        pairs: &[(&str, &str)],
    ) {
        let desk = Desk::new(self.ledger);
        let draft = Draft {
            act: Act::Amend {
                code: code.to_owned(),
                revision,
            },
            given: pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), Given::Text((*v).to_owned())))
                .collect(),
        };
        let why = Why {
            source: Source::Form,
            reason: String::new(),
            valid_on: None,
        };
        let definitions = desk.definitions(register);
        edit::write(&mut self.ledger.conn(), who, definitions, &[draft], &why).unwrap();
    }
}

/// Systems and projects of a city.
fn settle(ledger: &Ledger) {
    people::settle(ledger);
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|主要功能|系统状态|建设资金（万元）|服务对象",
            "S1|学籍管理系统|济南市教育局|学生学籍注册、转学、休学的在线办理和统计|在用|200|个人",
            "S2|教师培训平台|济南市教育局|教师研修报名、学分登记|在用|80|个人",
            "S3|户籍管理系统|济南市公安局|户口登记、迁移、注销|在用|500|个人",
            "S4|学籍信息平台|历下区教育局|中小学学籍注册和转学办理|停用|30|个人",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "项目.xlsx",
        &[
            "项目编号|项目名称|申报单位|项目阶段|建设内容|总预算（万元）|建设年度|建设系统",
            "P1|学籍管理平台建设项目|济南市教育局|已申报|学籍注册、转学、休学在线办理|300|2026|",
            "P2|户籍管理系统升级改造|济南市公安局|已申报|户口登记、迁移、注销|120|2026|户籍管理系统",
            "P3|全市学籍服务平台|历下区教育局|已申报|学生学籍注册、转学、休学在线办理|60|2026|",
        ],
    ));
}

#[test]
fn the_fields_that_are_compared_are_declared() {
    for register in [kept::SYSTEM, kept::PROJECT, kept::DATASET] {
        let known = catalogue().register(register).unwrap();
        for key in kept::compared(kept::sort_of(register).unwrap()).keys() {
            assert!(known.field(key).is_some(), "{register} has no {key}");
        }
    }
}

#[test]
fn a_hit_says_why_and_only_what_the_viewer_may_see() {
    on_both(|ledger| {
        settle(ledger);
        let table = Table::new(ledger);
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        let report = table.entry(&bureau, "project", "P1");
        let codes: Vec<&str> = report.hits.iter().map(|h| h.code.as_str()).collect();
        assert!(
            codes.starts_with(&["S1"]) || codes.starts_with(&["P3"]),
            "{codes:?}"
        );
        assert!(
            !codes.contains(&"S3") && !codes.contains(&"S2"),
            "{codes:?}"
        );
        let first = report.hits.iter().find(|h| h.code == "S1").unwrap();
        assert!(
            first.strong && first.amount == Some(200_000_000),
            "{first:?}"
        );
        assert_eq!(first.status, "在用");
        for hit in &report.hits {
            // What is marked on one side is on the other, too: the same terms.
            assert!(!hit.words.is_empty());
            for word in hit.words.iter().filter(|w| w.chars().count() == 2) {
                let theirs: String = hit
                    .name
                    .iter()
                    .chain(&hit.function)
                    .map(|p| p.text.as_str())
                    .collect();
                assert!(theirs.contains(word.as_str()), "{word} in {theirs}");
            }
        }
        let retired = report.hits.iter().find(|h| h.code == "S4").unwrap();
        assert!(retired.retired && !retired.strong);

        // Somebody of another department: published systems in part, other proposals only as a number.
        let other = viewer(ledger, Role::Liaison, "济南市公安局");
        let told = table.form(&other, "学籍管理平台", "学籍注册、转学、休学在线办理");
        let codes: Vec<&str> = told.hits.iter().map(|h| h.code.as_str()).collect();
        assert!(
            codes.contains(&"S1") && !codes.contains(&"P1") && !codes.contains(&"P3"),
            "{codes:?}"
        );
        assert_eq!(told.hidden, 2, "{codes:?}");
        let seen = told.hits.iter().find(|h| h.code == "S1").unwrap();
        assert_eq!(seen.amount, None);
        let hidden = check(
            &mut ledger.conn(),
            &other,
            table.means(),
            &What::Entry("project".into(), "P1".into()),
        );
        assert!(matches!(hidden, Err(Error::NotFound(_))), "{hidden:?}");
    });
}

#[test]
fn what_a_project_builds_is_no_hit_and_phases_are_told_as_such() {
    let ledger = Ledger::sqlite();
    settle(&ledger);
    ledger.import_whole(&ledger.draw(
        "期.xlsx",
        &[
            "项目编号|项目名称|申报单位|项目阶段|建设内容|总预算（万元）|建设年度",
            "P8|教师培训平台一期|济南市教育局|已验收|教师研修报名、学分登记|50|2022",
            "P9|教师培训平台二期|济南市教育局|已申报|教师研修报名、学分登记扩容|90|2026",
        ],
    ));
    let table = Table::new(&ledger);
    let report = table.entry(&ledger.viewer, "project", "P2");
    assert!(report.hits.iter().all(|h| h.code != "S3"), "{report:?}");
    let report = table.entry(&ledger.viewer, "project", "P9");
    let phase = report.hits.iter().find(|h| h.code == "P8").unwrap();
    assert!(
        phase.phase && !phase.strong && phase.score > 80,
        "{phase:?}"
    );
}

#[test]
fn the_index_follows_the_ledger() {
    on_both(|ledger| {
        settle(ledger);
        let table = Table::new(ledger);
        let who = &ledger.viewer;
        let hits = |name: &str| -> Vec<String> {
            let report = table.form(who, name, "");
            report.hits.into_iter().map(|h| h.code).collect()
        };
        assert_eq!(hits("殡葬服务信息平台"), [""; 0]);
        table.amend(
            who,
            SYSTEMS,
            "S2",
            1,
            &[(NAME, "殡葬服务管理系统"), ("main_function", "")],
        );
        assert_eq!(hits("殡葬服务信息平台"), ["S2"]);
        table.amend(who, SYSTEMS, "S2", 2, &[(NAME, "教师培训平台")]);
        assert_eq!(hits("殡葬服务信息平台"), [""; 0]);
        assert_eq!(hits("教师研修系统"), ["S2"]);
    });
}

#[test]
fn strong_hits_are_answered_once_and_a_new_run_keeps_the_answers_while_the_texts_stay() {
    on_both(|ledger| {
        settle(ledger);
        let table = Table::new(ledger);
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        let liaison = viewer(ledger, Role::Liaison, "济南市教育局");
        let project = table.id("project", "P1");
        let conn = &mut ledger.conn();
        assert_eq!(store::last_run(conn, project).unwrap(), None);
        table.run(&liaison, "P1").unwrap();
        let run = table.run(&bureau, "P1").unwrap();
        // A department's own later run does not count over the reviewer's.
        table.run(&liaison, "P1").unwrap();
        assert_eq!(store::last_run(conn, project).unwrap().unwrap().id, run);
        let open = store::unanswered(conn, project).unwrap();
        assert!(!open.is_empty());
        let hit = &open[0];
        let say = |who: &Viewer, version: i64, verdict: Verdict, reason: &str| {
            let means = table.means();
            answer::answer(
                &mut ledger.conn(),
                who,
                means,
                hit.id,
                version,
                verdict,
                reason,
            )
        };
        let refused = say(&liaison, 1, Verdict::Reuse, "");
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        let empty = say(&bureau, 1, Verdict::Different, " ");
        assert!(
            matches!(empty, Err(Error::Invalid(ref p)) if p[0].field == "reason"),
            "{empty:?}"
        );
        say(&bureau, 1, Verdict::Different, "面向对象不同").unwrap();
        let late = say(&bureau, 1, Verdict::Reuse, "");
        assert!(matches!(late, Err(Error::Stale(_))), "{late:?}");
        assert_eq!(
            store::unanswered(conn, project).unwrap().len(),
            open.len() - 1
        );

        table.run(&bureau, "P1").unwrap();
        assert_eq!(
            store::unanswered(conn, project).unwrap().len(),
            open.len() - 1
        );
        let old = say(&bureau, 2, Verdict::Reuse, "");
        assert!(matches!(old, Err(Error::Conflict(_))), "{old:?}");
        assert!(store::is_current(conn, &bureau, table.means(), project).unwrap());
        table.amend(
            &liaison,
            "project",
            "P1",
            1,
            &[("content", "学籍注册、转学、休学在线办理和毕业统计")],
        );
        assert!(!store::is_current(conn, &bureau, table.means(), project).unwrap());
        table.run(&bureau, "P1").unwrap();
        assert_eq!(store::unanswered(conn, project).unwrap().len(), open.len());
    });
}

#[test]
fn nobody_answers_for_his_own_department() {
    let ledger = Ledger::sqlite();
    settle(&ledger);
    let table = Table::new(&ledger);
    let bureau = viewer(&ledger, Role::Bureau, "济南市大数据局");
    let own = department(&ledger, "济南市大数据局");
    assert!(!answer::may_answer(&bureau, table.means(), own));
    assert!(answer::may_answer(
        &bureau,
        table.means(),
        department(&ledger, "济南市教育局")
    ));
    // Of the same region's level, not below.
    assert!(!answer::may_answer(
        &bureau,
        table.means(),
        department(&ledger, "历下区教育局")
    ));
}

#[test]
fn a_batch_is_checked_entry_by_entry_and_goes_on_where_it_was() {
    let ledger = Ledger::sqlite();
    settle(&ledger);
    let table = Table::new(&ledger);
    let bureau = viewer(&ledger, Role::Bureau, "济南市大数据局");
    let conn = &mut ledger.conn();
    let found = batch::candidates(conn, &bureau, Some(2026)).unwrap();
    let codes: Vec<String> = found.iter().map(|r| r.code.clone()).collect();
    assert_eq!(
        codes,
        ["P2", "P1"],
        "the county's are not the city's to check"
    );
    let unknown = batch::make(conn, &bureau, "季度", &["P1".to_owned(), "P3".to_owned()]);
    assert!(
        matches!(unknown, Err(Error::Refused(_) | Error::Invalid(_))),
        "{unknown:?}"
    );
    let id = batch::make(conn, &bureau, "季度", &codes).unwrap();
    for _ in 0..2 {
        batch::carry_out(conn, &bureau, table.means(), id, |_, _| {}).unwrap();
    }
    let (_, lines) = batch::table(conn, &bureau, table.means(), id).unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].code == "P1" && lines[0].strong > 0, "{lines:?}");
    let other = viewer(&ledger, Role::Liaison, "济南市教育局");
    assert!(matches!(
        batch::find(conn, &other, id),
        Err(Error::NotFound(_))
    ));
}

#[test]
fn the_lists_are_kept_by_the_bureau_and_checked_with_the_same_words() {
    on_both(|ledger| {
        settle(ledger);
        ledger.tamper("UPDATE departments SET bureau = TRUE WHERE name = '济南市大数据局'");
        let table = Table::new(ledger);
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        let liaison = viewer(ledger, Role::Liaison, "济南市教育局");
        let conn = &mut ledger.conn();
        assert!(table.form(&liaison, "自建机房", "").listed.is_empty());
        let line = |name: &str| Written {
            name: name.to_owned(),
            clause: "第三条".to_owned(),
            advice: "使用统一平台".to_owned(),
            ..Written::default()
        };
        let refused = lists::add(
            conn,
            &liaison,
            table.means(),
            ListKind::Negative,
            &line("机房"),
        );
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        let empty = lists::add(conn, &bureau, table.means(), ListKind::Negative, &line(" "));
        assert!(matches!(empty, Err(Error::Invalid(_))), "{empty:?}");
        let room = lists::add(
            conn,
            &bureau,
            table.means(),
            ListKind::Negative,
            &line("自建机房"),
        )
        .unwrap();
        lists::add(
            conn,
            &bureau,
            table.means(),
            ListKind::Unified,
            &line("统一身份认证系统"),
        )
        .unwrap();
        let report = table.form(
            &liaison,
            "学籍平台",
            "新建学籍库，自建机房并采购服务器，开发单点登录",
        );
        let told: Vec<(&str, &str)> = report
            .listed
            .iter()
            .map(|l| (l.name.as_str(), l.clause.as_str()))
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&("自建机房", "第三条")));
        let about = &report
            .listed
            .iter()
            .find(|l| l.name == "自建机房")
            .unwrap()
            .about;
        assert!(
            about.iter().any(|p| p.shared && p.text == "自建机房"),
            "{about:?}"
        );
        assert!(
            table
                .form(&liaison, "殡葬服务", "火化预约")
                .listed
                .is_empty()
        );
        let stale = lists::change(conn, &bureau, room.id, 7, &line("机房"));
        assert!(matches!(stale, Err(Error::Stale(_))), "{stale:?}");
        lists::remove(conn, &bureau, room.id, 1).unwrap();
        assert_eq!(table.form(&liaison, "自建机房", "").listed.len(), 0);
    });
}

#[test]
fn the_same_dataset_of_two_departments_is_told_with_its_items() {
    on_both(|ledger| {
        people::settle(ledger);
        ledger.import_whole(&ledger.draw(
            "数据.xlsx",
            &[
                "信息资源代码|信息资源名称|信息资源提供方|信息资源摘要|目录状态|是否数源部门",
                "D1|学生基本信息|济南市教育局|在校学生姓名、学籍、学校|已发布|是",
                "D2|在校学生信息|济南市公安局|在校学生姓名、学籍、学校|已发布|",
                "D3|户籍信息|济南市公安局|户口登记|已发布|是",
            ],
        ));
        ledger.import_whole(&ledger.draw(
            "项.xlsx",
            &[
                "信息项名称|所属数据资源",
                "学籍号|D1",
                "所在学校|D1",
                "学籍号|D2",
                "所在学校|D2",
                "户号|D3",
            ],
        ));
        let table = Table::new(ledger);
        let police = viewer(ledger, Role::Specialist, "济南市公安局");
        let id = department(ledger, "济南市公安局");
        let found =
            near::collected_twice(&mut ledger.conn(), &police, table.means(), id, 0).unwrap();
        assert_eq!(found.pairs.len(), 1, "{found:?}");
        let pair = &found.pairs[0];
        assert_eq!(
            (pair.row.code.as_str(), pair.hit.code.as_str()),
            ("D2", "D1")
        );
        assert_eq!(pair.hit.source, Some(true));
        assert_eq!(pair.hit.items.len(), 2, "{:?}", pair.hit.items);
        let refused = near::collected_twice(&mut ledger.conn(), &police, table.means(), id - 1, 0);
        assert!(refused.is_err());
    });
}
