//! People and the three filed roles: who is appointed, what is filed with whom, who sees whom, who takes over.

use one_ledger::audit;
use one_ledger::auth::role::Role;
use one_ledger::auth::{Right, Viewer};
use one_ledger::clock;
use one_ledger::error::Error;
use one_ledger::handover::{self, Leaving};
use one_ledger::org::Rules;
use one_ledger::org::appointment::{self, Appointed, Wish};
use one_ledger::org::board;
use one_ledger::org::change::Seen;
use one_ledger::org::filing::{self, Filing};
use one_ledger::org::load::Mode;
use one_ledger::org::paper;
use one_ledger::org::person::{self, Details, Filter, Glimpse, Person};
use one_ledger::org::roster;
use one_ledger::org::steps::{Act, State};
use one_ledger::sheet::export::ExportFormat;

use crate::app::{Ledger, on_both};
use crate::organisation::{day, holder, id, tiers};

mod desk;
mod machine;

/// A person of a department with everything a filing needs.
pub fn somebody(ledger: &Ledger, viewer: &Viewer, code: &str, name: &str) -> Person {
    let details = Details {
        name: name.to_owned(),
        department: id(ledger, code),
        post: "副局长".to_owned(),
        office: "信息化处".to_owned(),
        background: "计算机".to_owned(),
        phone: "0531-12345678".to_owned(),
        mobile: "13812345678".to_owned(),
        email: "a@example.gov.cn".to_owned(),
    };
    person::add(&mut ledger.conn(), viewer, &details).unwrap()
}

pub fn wish(ledger: &Ledger, who: &Person, code: &str, role: Role, from: &str) -> Wish {
    Wish {
        person: who.id,
        department: id(ledger, code),
        role,
        from: day(from),
        until: None,
        reason: "任命".to_owned(),
    }
}

pub fn appoint(ledger: &Ledger, viewer: &Viewer, wish: &Wish) -> Appointed {
    appointment::appoint(&mut ledger.conn(), viewer, wish).unwrap()
}

pub fn at(filing: &Filing) -> Seen {
    Seen {
        id: filing.id,
        revision: filing.revision,
    }
}

/// Takes a step of a filing as it stands now.
pub fn step(
    ledger: &Ledger,
    viewer: &Viewer,
    id: i64,
    act: Act,
    note: &str,
) -> one_ledger::error::Result<Filing> {
    let conn = &mut ledger.conn();
    let row = filing::get(conn, &ledger.viewer, id)?;
    filing::act(
        conn,
        viewer,
        ledger.app.catalogue.regions(),
        at(&row),
        act,
        note,
    )
}

fn codes(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(problems) => problems.into_iter().map(|p| p.code).collect(),
        other => panic!("{other:?}"),
    }
}

fn seen(person: &Person) -> Seen {
    Seen {
        id: person.id,
        revision: person.revision,
    }
}

#[test]
fn a_new_cdo_ends_the_former_one_and_any_day_has_one_answer() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let [a, b, c] = ["张三", "李四", "王五"].map(|n| somebody(ledger, &keeper, "C2", n));
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &a, "C2", Role::Cdo, "2024-01-10"),
        );
        let second = appoint(
            ledger,
            &keeper,
            &wish(ledger, &b, "C2", Role::Cdo, "2025-05-01"),
        );
        assert!(second.former.is_some());
        let who = |text: &str| {
            let held = appointment::on(&mut ledger.conn(), &keeper, id(ledger, "C2"), day(text));
            let names: Vec<String> = held.unwrap().into_iter().map(|t| t.name).collect();
            names.join("、")
        };
        assert_eq!(who("2024-01-09"), "");
        assert_eq!(who("2025-04-30"), "张三");
        assert_eq!(who("2025-05-01"), "李四");
        // Days on file are not moved silently.
        let early = wish(ledger, &c, "C2", Role::Cdo, "2024-06-01");
        let error = appointment::appoint(&mut ledger.conn(), &keeper, &early).unwrap_err();
        assert_eq!(codes(error), ["overlap", "overlap"]);
        // One person is not both; any number are liaisons.
        let both = wish(ledger, &b, "C2", Role::Specialist, "2025-06-01");
        let error = appointment::appoint(&mut ledger.conn(), &keeper, &both).unwrap_err();
        assert_eq!(codes(error), ["holds_other"]);
        for who in [&a, &c] {
            appoint(
                ledger,
                &keeper,
                &wish(ledger, who, "C2", Role::Liaison, "2025-06-01"),
            );
        }
        let twice = wish(ledger, &c, "C2", Role::Liaison, "2025-07-01");
        let error = appointment::appoint(&mut ledger.conn(), &keeper, &twice).unwrap_err();
        assert_eq!(codes(error), ["holds_it"]);
        assert_eq!(who("2025-07-01"), "李四、张三、王五");
    });
}

#[test]
fn only_who_keeps_a_departments_people_appoints_and_only_its_own() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Cdo, "C2");
        let mine = somebody(ledger, &keeper, "C2", "张三");
        let unit = somebody(ledger, &keeper, "C3", "李四");
        // A unit's people may serve the department; strangers may not.
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &unit, "C2", Role::Liaison, "2025-01-01"),
        );
        let other = holder(ledger, 2, Role::Specialist, "C4");
        let foreign = wish(ledger, &mine, "C4", Role::Cdo, "2025-01-01");
        let conn = &mut ledger.conn();
        let hidden = appointment::appoint(conn, &other, &foreign).unwrap_err();
        assert!(matches!(hidden, Error::NotFound(_)), "{hidden:?}");
        let theirs = wish(ledger, &mine, "C2", Role::Cdo, "2025-01-01");
        for (n, role, code) in [
            (3, Role::Specialist, "C4"),
            (4, Role::Liaison, "C2"),
            (5, Role::Bureau, "D1"),
            (6, Role::SystemAdmin, "P1"),
        ] {
            let viewer = holder(ledger, n, role, code);
            let refused = appointment::appoint(conn, &viewer, &theirs).unwrap_err();
            assert!(
                matches!(&refused, Error::Refused(rule) if rule.contains("数据专员")),
                "{refused:?}"
            );
        }
        let bureau = holder(ledger, 7, Role::Bureau, "C1");
        appoint(ledger, &bureau, &theirs);
    });
}

#[test]
fn contacts_are_masked_for_keepers_written_down_when_seen_and_hidden_from_others() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let who = somebody(ledger, &keeper, "C2", "张三");
        let rules = Rules::default();
        let conn = &mut ledger.conn();
        let stranger = holder(ledger, 2, Role::Specialist, "C4");
        let look = |conn: &mut _, viewer: &Viewer, glimpse| {
            person::look(conn, viewer, rules, who.id, glimpse)
        };
        let absent = look(conn, &stranger, Glimpse::Masked)
            .unwrap_err()
            .to_string();
        let nobody = person::look(conn, &stranger, rules, 4711, Glimpse::Masked);
        assert_eq!(absent, nobody.unwrap_err().to_string(), "the same words");
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &who, "C2", Role::Cdo, "2025-01-01"),
        );
        let seen = look(conn, &stranger, Glimpse::Masked).unwrap();
        assert_eq!((seen.name.as_str(), &seen.contacts), ("张三", &None));
        assert_eq!((seen.background, seen.roles.len()), (None, 1));
        assert!(matches!(
            look(conn, &stranger, Glimpse::Full),
            Err(Error::Refused(_))
        ));
        let masked = look(conn, &keeper, Glimpse::Masked)
            .unwrap()
            .contacts
            .unwrap();
        assert_eq!(masked.mobile, "138****5678");
        assert_eq!(masked.email, "*@example.gov.cn");
        let lines = |conn: &mut _| audit::verify(conn, &ledger.viewer).unwrap().lines;
        let before = lines(conn);
        let full = look(conn, &keeper, Glimpse::Full)
            .unwrap()
            .contacts
            .unwrap();
        assert_eq!(full.mobile, "13812345678");
        assert_eq!(lines(conn), before + 1);
        // The list agrees with the page.
        somebody(ledger, &keeper, "C2", "赵六");
        let count = |conn: &mut _, viewer: &Viewer| {
            let all = person::list(conn, viewer, rules, &Filter::default(), 100).unwrap();
            all.len()
        };
        assert_eq!((count(conn, &keeper), count(conn, &stranger)), (2, 1));
        let superior = holder(ledger, 3, Role::Bureau, "P1");
        assert_eq!(count(conn, &superior), 2);
        let admin = holder(ledger, 4, Role::SystemAdmin, "P1");
        assert_eq!(count(conn, &admin), 1);
    });
}

#[test]
fn a_filing_goes_to_the_bureau_of_the_level_and_the_bureaus_own_to_the_one_above() {
    on_both(|ledger| {
        tiers(ledger);
        let cases = [
            ("C2", Some("C1")),
            ("C3", Some("C1")),
            ("C1", Some("P1")),
            ("D2", Some("D1")),
            ("D1", Some("C1")),
            ("P1", None),
        ];
        let regions = ledger.app.catalogue.regions();
        for (from, to) in cases {
            let conn = &mut ledger.conn();
            let department = crate::organisation::department(ledger, from);
            let found = filing::addressee(conn, regions, &department).unwrap();
            assert_eq!(found.map(|d| d.code).as_deref(), to, "{from}");
        }
        let keeper = holder(ledger, 1, Role::Specialist, "P1");
        let who = somebody(ledger, &keeper, "P1", "张三");
        let done = appoint(
            ledger,
            &keeper,
            &wish(ledger, &who, "P1", Role::Cdo, "2025-01-01"),
        );
        let refused = step(ledger, &keeper, done.filing, Act::Submit, "").unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)));
        let kept = step(ledger, &keeper, done.filing, Act::Keep, "").unwrap();
        assert_eq!(kept.state(), State::Kept);
    });
}

#[test]
fn nobody_answers_what_his_unit_filed_or_he_himself_submitted() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let bureau = holder(ledger, 2, Role::Bureau, "C1");
        let colleague = holder(ledger, 3, Role::Bureau, "C1");
        let who = somebody(ledger, &keeper, "C2", "张三");
        let done = appoint(
            ledger,
            &keeper,
            &wish(ledger, &who, "C2", Role::Cdo, "2025-01-01"),
        );
        let id = done.filing;
        let refused = step(ledger, &keeper, id, Act::Acknowledge, "").unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "not submitted yet");
        // The bureau keeps its level's people as well, but then another officer answers.
        step(ledger, &bureau, id, Act::Submit, "").unwrap();
        let refused = step(ledger, &keeper, id, Act::Acknowledge, "").unwrap_err();
        assert!(matches!(&refused, Error::Refused(rule) if rule.contains("受理备案")));
        let refused = step(ledger, &bureau, id, Act::Acknowledge, "").unwrap_err();
        assert!(matches!(&refused, Error::Refused(rule) if rule.contains("自己提交")));
        for (n, code) in [(4, "D1"), (5, "P1")] {
            let other = holder(ledger, n, Role::Bureau, code);
            assert!(
                step(ledger, &other, id, Act::Acknowledge, "").is_err(),
                "{code}"
            );
        }
        let without = step(ledger, &colleague, id, Act::Return, " ").unwrap_err();
        assert_eq!(codes(without), ["required"]);
        let back = step(ledger, &colleague, id, Act::Return, "职务不完整").unwrap();
        assert_eq!(
            (back.state(), back.answer.as_str()),
            (State::Returned, "职务不完整")
        );
        step(ledger, &keeper, id, Act::Submit, "").unwrap();
        step(ledger, &keeper, id, Act::Withdraw, "再改").unwrap();
        step(ledger, &keeper, id, Act::Submit, "").unwrap();
        let done = step(ledger, &colleague, id, Act::Acknowledge, "").unwrap();
        assert_eq!(done.state(), State::Acknowledged);
        let conn = &mut ledger.conn();
        let taken = filing::history(conn, &keeper, id).unwrap();
        let words: Vec<&str> = taken.iter().map(|t| t.act.as_str()).collect();
        let expected = [
            "submit",
            "return",
            "submit",
            "withdraw",
            "submit",
            "acknowledge",
        ];
        assert_eq!(words, expected);
        let other = holder(ledger, 6, Role::Specialist, "C4");
        assert!(matches!(
            filing::get(conn, &other, id),
            Err(Error::NotFound(_))
        ));
    });
}

#[test]
fn a_form_says_what_is_missing_and_keeps_what_was_submitted() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let conn = &mut ledger.conn();
        let bare = Details {
            name: "张三".to_owned(),
            department: id(ledger, "C2"),
            ..Details::default()
        };
        let who = person::add(conn, &keeper, &bare).unwrap();
        let done = appoint(
            ledger,
            &keeper,
            &wish(ledger, &who, "C2", Role::Liaison, "2025-01-01"),
        );
        let error = step(ledger, &keeper, done.filing, Act::Submit, "").unwrap_err();
        assert_eq!(codes(error).len(), 4);
        let whole = Details {
            post: "科员".to_owned(),
            office: "信息处".to_owned(),
            background: "软件".to_owned(),
            phone: "0531-1234567".to_owned(),
            ..bare
        };
        let who = person::amend(conn, &keeper, seen(&who), &whole).unwrap();
        let filed = step(ledger, &keeper, done.filing, Act::Submit, "").unwrap();
        let regions = ledger.app.catalogue.regions();
        let form = |conn: &mut _| paper::read(conn, &keeper, regions, filed.id).unwrap().1;
        let submitted = form(conn);
        assert_eq!(submitted.bureau, "济南市大数据局");
        assert_eq!(submitted.region, "山东省济南市");
        let promoted = Details {
            post: "科长".to_owned(),
            ..whole
        };
        person::amend(conn, &keeper, seen(&who), &promoted).unwrap();
        assert_eq!(form(conn).post, "科员", "what was submitted stays");
        // The change is a filing of its own.
        let all = filing::list(conn, &keeper, &filing::Filter::default(), 10).unwrap();
        let changes: Vec<&str> = all.iter().map(|l| l.filing.change.as_str()).collect();
        assert_eq!(changes, ["adjusted", "new"]);
        assert!(all[0].filing.reason.contains("职务"));
    });
}

#[test]
fn what_was_entered_by_mistake_is_taken_back_with_its_filing() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let [a, b] = ["张三", "李四"].map(|n| somebody(ledger, &keeper, "C2", n));
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &a, "C2", Role::Cdo, "2024-01-01"),
        );
        let wrong = appoint(
            ledger,
            &keeper,
            &wish(ledger, &b, "C2", Role::Cdo, "2025-01-01"),
        );
        step(ledger, &keeper, wrong.filing, Act::Cancel, "误登").unwrap();
        let conn = &mut ledger.conn();
        let held = appointment::on(conn, &keeper, id(ledger, "C2"), clock::today()).unwrap();
        assert_eq!((held[0].name.as_str(), held[0].until), ("张三", None));
        let ends = Seen {
            id: held[0].id,
            revision: held[0].revision,
        };
        let filing = appointment::dismiss(conn, &keeper, ends, day("2025-03-31"), "退休").unwrap();
        assert_eq!(
            appointment::on(conn, &keeper, id(ledger, "C2"), clock::today()).unwrap(),
            []
        );
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &b, "C2", Role::Cdo, "2025-04-01"),
        );
        let late = step(ledger, &keeper, filing, Act::Cancel, "误登").unwrap_err();
        assert!(
            matches!(&late, Error::Conflict(why) if why.contains("李四")),
            "{late:?}"
        );
    });
}

#[test]
fn a_bureau_sees_who_is_vacant_and_whose_contacts_are_stale() {
    on_both(|ledger| {
        tiers(ledger);
        let bureau = holder(ledger, 1, Role::Bureau, "C1");
        let who = somebody(ledger, &bureau, "C2", "张三");
        appoint(
            ledger,
            &bureau,
            &wish(ledger, &who, "C2", Role::Cdo, "2025-01-01"),
        );
        let conn = &mut ledger.conn();
        let vacant = board::vacancies(conn, &bureau).unwrap();
        let words: Vec<String> = vacant
            .iter()
            .map(|v| format!("{} {}", v.code, v.role.word()))
            .collect();
        let expected = [
            "C1 cdo",
            "C1 specialist",
            "C2 specialist",
            "C4 cdo",
            "C4 specialist",
        ];
        assert_eq!(words, expected);
        let stale = Filter {
            stale: true,
            ..Filter::default()
        };
        let rules = Rules::default();
        assert_eq!(person::list(conn, &bureau, rules, &stale, 10).unwrap(), []);
        ledger.tamper("UPDATE people SET confirmed_on = '2020-01-01'");
        assert_eq!(
            person::list(conn, &bureau, rules, &stale, 10)
                .unwrap()
                .len(),
            1
        );
        let now = person::one(conn, who.id).unwrap();
        person::confirm(conn, &bureau, seen(&now)).unwrap();
        assert_eq!(person::list(conn, &bureau, rules, &stale, 10).unwrap(), []);
        let stranger = holder(ledger, 2, Role::Liaison, "C4");
        assert!(matches!(
            board::vacancies(conn, &stranger),
            Err(Error::Refused(_))
        ));
    });
}

const ROSTER: [&str; 6] = [
    "济南市教育局首席数据代表(官)等人员名单",
    "序号 | 姓名 | 单位名称 | 角色 | 职务 | 处室 | 专业背景 | 办公电话 | 手机号 | 任职时间",
    "1 | 张三 | 市教育局 | 首席数据代表（官） | 副局长 | 局领导 | | 0531-11111111 | 13800000001 | 2024年1月5日",
    "2 | 李四 | 市教育局 | 数据专员 | 处长 | 信息处 | | 0531-22222222 | 13800000002 | 2024.01.05",
    "3 | 王五 | 济南市教育信息中心 | 数据联络员 | 工程师 | 网络部 | 软件工程 | 0531-33333333 | 13800000003 | 2024-01-05",
    "4 | 赵六 | C2 | | 科员 | 信息处 | | | |",
];

#[test]
fn a_roster_is_previewed_taken_in_whole_and_exported_without_a_change() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let conn = &mut ledger.conn();
        let file = ledger.draw("roster.xlsx", &ROSTER);
        let parser = &ledger.app.parser;
        let seen = roster::take_in(conn, &keeper, parser, &file, Mode::Check).unwrap();
        assert_eq!(seen.problems, []);
        assert_eq!((seen.new, seen.appointed, seen.applied), (4, 3, false));
        let none = person::list(conn, &keeper, Rules::default(), &Filter::default(), 9).unwrap();
        assert_eq!(none, [], "a preview changes nothing");
        let done = roster::take_in(conn, &keeper, parser, &file, Mode::Apply).unwrap();
        assert_eq!((done.new, done.appointed, done.applied), (4, 3, true));
        let again = roster::take_in(conn, &keeper, parser, &file, Mode::Apply).unwrap();
        assert_eq!((again.same, again.new, again.appointed), (4, 0, 0));
        for format in [ExportFormat::Xlsx, ExportFormat::Csv] {
            let out = ledger.file(&format!("out.{}", format.extension()));
            let filter = Filter::default();
            let rules = Rules::default();
            let rows = roster::export(conn, &keeper, rules, &filter, (format, &out)).unwrap();
            assert_eq!(rows, 4);
            let back = roster::take_in(conn, &keeper, parser, &out, Mode::Apply).unwrap();
            assert_eq!((back.same, back.problems.clone()), (4, vec![]), "{back:#?}");
        }
        let template = ledger.file("people.xlsx");
        roster::template(&template).unwrap();
        let empty = roster::take_in(conn, &keeper, parser, &template, Mode::Apply).unwrap();
        assert_eq!((empty.rows.len(), empty.problems), (0, vec![]));
        assert_eq!(audit::verify(conn, &ledger.viewer).unwrap().broken, None);
    });
}

#[test]
fn a_roster_with_one_bad_row_changes_nothing_and_names_every_cell() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let file = ledger.draw(
            "bad.xlsx",
            &[
                "姓名 | 单位 | 角色 | 手机 | 电子邮箱 | 任职起始日",
                "张三 | 市教育局 | 数据专员 | 13800000001 | | 2024-01-05",
                "李四 | 市教育局 | 数据专员 | 13800000002 | | 2024-01-05",
                "王五 | 市教育局 | 局长 | 12 | 不是邮箱 | 2024-01-05",
                "赵六 | 市交通局 | 数据联络员 | 13800000004 | | 2024-01-05",
                "孙七 | 没有的局 | 数据联络员 | 13800000005 | | 2024-01-05",
                " | 市教育局 | 数据联络员 | 13800000006 | | 昨天",
                "周八 | 市教育局 | 数据联络员 | 13800000007 | | 2024年",
            ],
        );
        let conn = &mut ledger.conn();
        let said = roster::take_in(conn, &keeper, &ledger.app.parser, &file, Mode::Apply).unwrap();
        let cells: Vec<String> = said
            .problems
            .iter()
            .map(|p| format!("{}{}", p.column.clone().unwrap_or_default(), p.row))
            .collect();
        assert_eq!(
            cells,
            ["F3", "D4", "E4", "5", "B6", "A7", "F8"],
            "{:#?}",
            said.problems
        );
        assert!(!said.applied);
        let none = person::list(conn, &keeper, Rules::default(), &Filter::default(), 9).unwrap();
        assert_eq!(none, []);
        let stranger = holder(ledger, 2, Role::Liaison, "C2");
        let refused = roster::take_in(conn, &stranger, &ledger.app.parser, &file, Mode::Check);
        assert!(matches!(refused, Err(Error::Refused(_))));
    });
}

#[test]
fn who_leaves_hands_everything_over_in_one_step() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let [a, b] = ["张三", "李四"].map(|n| somebody(ledger, &keeper, "C2", n));
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &a, "C2", Role::Cdo, "2024-01-01"),
        );
        appoint(
            ledger,
            &keeper,
            &wish(ledger, &a, "C2", Role::Liaison, "2024-01-01"),
        );
        let file = ledger.draw(
            "s.xlsx",
            &[
                "系统名称 | 主管单位 | 联系人 | 联系电话",
                "学籍系统 | 济南市教育局 | 张三 | 0531-00000000",
                "考务系统 | 济南市教育局 | 张三丰 | 0531-00000001",
            ],
        );
        ledger.import_whole(&file);
        ledger.tamper(
            "INSERT INTO accounts (id, login, name, department_id, password_hash, password_set_at, must_change, \
             totp_confirmed, totp_step, active, epoch, version, created_at, created_by) \
             SELECT 7, 'zhangsan', '张三', id, 'x', '2024-01-01 00:00:00', FALSE, FALSE, 0, TRUE, 1, 1, \
             '2024-01-01 00:00:00', 'x' FROM departments WHERE code = 'C2'",
        );
        let conn = &mut ledger.conn();
        let a = handover::link_account(conn, &keeper, seen(&a), "zhangsan").unwrap();
        let hanging = handover::what_hangs_on(conn, &keeper, a.id).unwrap();
        let kinds: Vec<(&str, usize)> = hanging.iter().map(|h| (h.kind, h.count)).collect();
        let expected = [("roles", 2), ("filings", 2), ("entries", 1), ("account", 1)];
        assert_eq!(kinds, expected);
        let leaving = Leaving {
            person: seen(&a),
            to: Some(b.id),
            last_day: clock::today(),
            reason: "调离".to_owned(),
        };
        let himself = holder(ledger, 7, Role::Cdo, "C2");
        let catalogue = &ledger.app.catalogue;
        let refused = handover::hand_over(conn, &himself, catalogue, &leaving).unwrap_err();
        assert!(matches!(refused, Error::Refused(_)));
        let done = handover::hand_over(conn, &keeper, catalogue, &leaving).unwrap();
        assert_eq!((done.roles, done.taken, done.entries), (2, 2, 1));
        assert!(done.account_closed);
        let tomorrow = clock::today().succ_opt().unwrap();
        let held = appointment::on(conn, &keeper, id(ledger, "C2"), tomorrow).unwrap();
        let names: Vec<&str> = held.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["李四", "李四"]);
        let gone = person::one(conn, a.id).unwrap();
        assert!(!gone.active);
        let contacts: Vec<String> = ledger
            .snapshot()
            .entries
            .values()
            .map(|(_, d)| format!("{:?}", d.get("contact")))
            .collect();
        assert!(contacts.iter().any(|c| c.contains("李四")));
        assert!(contacts.iter().any(|c| c.contains("张三丰")));
        assert_eq!(ledger.verify().broken, None);
        assert_eq!(audit::verify(conn, &ledger.viewer).unwrap().broken, None);
    });
}

#[test]
fn scans_are_kept_by_content_and_only_while_the_department_has_the_filing() {
    on_both(|ledger| {
        tiers(ledger);
        let keeper = holder(ledger, 1, Role::Specialist, "C2");
        let who = somebody(ledger, &keeper, "C2", "张三");
        let done = appoint(
            ledger,
            &keeper,
            &wish(ledger, &who, "C2", Role::Cdo, "2025-01-01"),
        );
        let conn = &mut ledger.conn();
        let html = ("x.pdf", &b"<html><script>"[..]);
        let refused = paper::add_scan(conn, &keeper, done.filing, html).unwrap_err();
        assert_eq!(codes(refused), ["bad_type"]);
        let good = ("..\\..\\扫描件.pdf", &b"%PDF-1.7 ..."[..]);
        let scan = paper::add_scan(conn, &keeper, done.filing, good).unwrap();
        assert_eq!(
            (scan.name.as_str(), scan.media_type.as_str()),
            ("扫描件.pdf", "application/pdf")
        );
        let (_, content) = paper::read_scan(conn, &keeper, done.filing, scan.id).unwrap();
        assert_eq!(content, good.1);
        step(ledger, &keeper, done.filing, Act::Submit, "").unwrap();
        let late = paper::add_scan(conn, &keeper, done.filing, good).unwrap_err();
        assert!(matches!(late, Error::Conflict(_)));
        let stranger = holder(ledger, 2, Role::Specialist, "C4");
        assert!(matches!(
            paper::scans(conn, &stranger, done.filing),
            Err(Error::NotFound(_))
        ));
        assert!(!stranger.can(Right::SeeContacts, who.department_id));
    });
}
