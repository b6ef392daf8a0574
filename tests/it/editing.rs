//! Entries changed by hand: read as imports read cells, refused all at once, never lost to each other.

use std::collections::BTreeMap;
use std::sync::Barrier;

use one_ledger::auth::{Role, Viewer};
use one_ledger::error::{Error, Problem};
use one_ledger::ledger::edit::{self, Act, Done, Draft, Given, Source, Why};
use one_ledger::ledger::{as_of, facts};
use one_ledger::register::value::Value;

use crate::app::people::{self, viewer};
use crate::app::{Ledger, on_both};
use crate::lists::Desk;

const SYSTEMS: &str = "information_system";

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, Given> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Given::Text((*v).to_owned())))
        .collect()
}

fn why(source: Source) -> Why {
    Why {
        source,
        reason: "测试".to_owned(),
        valid_on: None,
    }
}

fn create(pairs: &[(&str, &str)]) -> Draft {
    Draft {
        act: Act::Create,
        given: given(pairs),
    }
}

fn amend(code: &str, revision: i32, pairs: &[(&str, &str)]) -> Draft {
    Draft {
        act: Act::Amend {
            code: code.to_owned(),
            revision,
        },
        given: given(pairs),
    }
}

fn write(ledger: &Ledger, who: &Viewer, register: &str, drafts: &[Draft]) -> Result<Done, Error> {
    let desk = Desk::new(ledger);
    let source = if drafts.len() > 1 {
        Source::Bulk
    } else {
        Source::Form
    };
    edit::write(
        &mut ledger.conn(),
        who,
        desk.definitions(register),
        drafts,
        &why(source),
    )
}

fn made(ledger: &Ledger, who: &Viewer, pairs: &[(&str, &str)]) -> String {
    write(ledger, who, SYSTEMS, &[create(pairs)])
        .unwrap()
        .entries
        .remove(0)
        .code
}

#[track_caller]
fn problems(done: Result<Done, Error>) -> Vec<Problem> {
    match done {
        Err(Error::Invalid(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

fn entry(ledger: &Ledger, who: &Viewer, code: &str) -> facts::Entry {
    let desk = Desk::new(ledger);
    facts::entry(
        &mut ledger.conn(),
        who,
        desk.definitions(SYSTEMS),
        code,
        None,
    )
    .unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn an_entry_is_made_changed_and_taken_out_with_its_history() {
    on_both(|ledger| {
        people::settle(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let code = made(
            ledger,
            &who,
            &[
                ("system_name", "学籍系统"),
                ("mlps_level", "三级"),
                ("budget_amount", "120万元"),
                ("network", "政务外网、互联网"),
            ],
        );
        assert_eq!(code, "XT-00000001");
        let first = entry(ledger, &who, &code);
        assert_eq!(
            first.document["owner_org"],
            Value::Text("A1".to_owned()),
            "the author's own department"
        );
        assert_eq!(
            first.document["budget_amount"],
            Value::Text("120".to_owned())
        );
        assert_eq!((first.revision, first.completeness.is_some()), (1, true));
        let done = write(
            ledger,
            &who,
            SYSTEMS,
            &[amend(
                &code,
                1,
                &[
                    ("mlps_level", "二级"),
                    ("budget_amount", ""),
                    ("contact", "张三"),
                ],
            )],
        )
        .unwrap();
        assert_eq!(done.entries[0].revision, 2);
        assert!(done.change_set.is_some());
        // The same again changes nothing, and nothing is recorded.
        let again = write(
            ledger,
            &who,
            SYSTEMS,
            &[amend(&code, 2, &[("mlps_level", "二级")])],
        )
        .unwrap();
        assert_eq!(
            (
                again.change_set,
                again.entries[0].changed,
                again.entries[0].revision
            ),
            (None, false, 2)
        );
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        let conn = &mut ledger.conn();
        let row = facts::row(conn, &who, definitions.register, &code).unwrap();
        let history = facts::history(conn, &who, definitions, &row).unwrap();
        let last: Vec<(&str, &str, &str)> = history[0]
            .changes
            .iter()
            .map(|c| (c.key.as_str(), c.old.as_str(), c.new.as_str()))
            .collect();
        assert_eq!(
            last,
            [
                ("budget_amount", "120", ""),
                ("mlps_level", "第三级", "第二级"),
                ("contact", "", "张三")
            ]
        );
        assert_eq!(
            (history[0].actor.as_str(), history[0].reason.as_str()),
            (who.name(), "测试")
        );
        // Put back, as one more version.
        edit::restore(conn, &who, definitions, (&code, 2), 1, "").unwrap();
        let back = entry(ledger, &who, &code);
        assert_eq!((back.revision, &back.document), (3, &first.document));
        assert_eq!(
            facts::compare(
                conn,
                &who,
                definitions,
                &row_of(ledger, &who, &code),
                (1, 3)
            )
            .unwrap(),
            []
        );
        let past = as_of::seq_at(conn, history[0].at).unwrap();
        let then = facts::entry(conn, &who, definitions, &code, Some(past)).unwrap();
        assert_eq!(then.document["mlps_level"], Value::Text("2".to_owned()));
        // Taken out, and back again.
        let remove = Draft {
            act: Act::Remove {
                code: code.clone(),
                revision: 3,
            },
            given: BTreeMap::new(),
        };
        write(ledger, &who, SYSTEMS, &[remove]).unwrap();
        assert!(!entry(ledger, &who, &code).present);
        let gone = write(
            ledger,
            &who,
            SYSTEMS,
            &[amend(&code, 4, &[("contact", "李四")])],
        );
        assert!(matches!(gone, Err(Error::NotFound(_))));
        edit::restore(conn, &who, definitions, (&code, 4), 3, "").unwrap();
        assert_eq!(entry(ledger, &who, &code).document, first.document);
    });
}

fn row_of(ledger: &Ledger, who: &Viewer, code: &str) -> one_ledger::ledger::entry::EntryRow {
    let desk = Desk::new(ledger);
    facts::row(
        &mut ledger.conn(),
        who,
        desk.definitions(SYSTEMS).register,
        code,
    )
    .unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn everything_wrong_is_said_at_once_and_nothing_is_written() {
    on_both(|ledger| {
        people::settle(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        made(ledger, &who, &[("system_name", "学籍系统")]);
        let before = ledger.snapshot();
        let wrong = problems(write(
            ledger,
            &who,
            SYSTEMS,
            &[create(&[
                ("system_name", ""),
                ("mlps_level", "九级"),
                ("budget_amount", "100/20"),
                ("go_live", "昨天"),
                ("owner_org", "没有的局"),
                ("nonsense", "1"),
                ("contact", "a\u{0}b"),
            ])],
        ));
        let mut fields: Vec<&str> = wrong.iter().map(|p| p.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "budget_amount",
                "contact",
                "go_live",
                "mlps_level",
                "nonsense",
                "owner_org",
                "system_name"
            ]
        );
        assert!(wrong.iter().all(|p| !p.message.is_empty()));
        // Of several entries, each problem names its entry; the good one does not go in.
        let many = problems(write(
            ledger,
            &who,
            SYSTEMS,
            &[
                create(&[("system_name", "好系统")]),
                create(&[("system_name", "学籍系统")]),
                create(&[("system_name", "好 系统")]),
            ],
        ));
        let told: Vec<(&str, &str)> = many
            .iter()
            .map(|p| (p.field.as_str(), p.code.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("entries[1].system_name", "same_name"),
                ("entries[2].system_name", "same_name")
            ]
        );
        let taken = problems(write(
            ledger,
            &who,
            SYSTEMS,
            &[create(&[
                ("system_name", "另一个"),
                ("system_code", "XT-00000001"),
            ])],
        ));
        assert_eq!(taken[0].code, "code_taken");
        let fixed = problems(write(
            ledger,
            &who,
            SYSTEMS,
            &[amend("XT-00000001", 1, &[("system_code", "XT-9")])],
        ));
        assert_eq!(fixed[0].code, "code_fixed");
        let late = Why {
            reason: "x".repeat(501),
            valid_on: Some("2026-02-30".to_owned()),
            ..why(Source::Form)
        };
        let desk = Desk::new(ledger);
        let said = problems(edit::write(
            &mut ledger.conn(),
            &who,
            desk.definitions(SYSTEMS),
            &[create(&[("system_name", "新")])],
            &late,
        ));
        assert_eq!(
            said.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(),
            ["reason", "valid_on"]
        );
        assert_eq!(ledger.snapshot(), before);
    });
}

#[test]
fn others_entries_are_refused_by_the_rule_or_not_there_at_all() {
    on_both(|ledger| {
        people::settle(ledger);
        let owner = viewer(ledger, Role::Specialist, "济南市教育局");
        let code = made(
            ledger,
            &owner,
            &[
                ("system_name", "学籍系统"),
                ("contact", "张三"),
                ("is_cii", "是"),
            ],
        );
        let change = |who: &Viewer, code: &str, pairs: &[(&str, &str)]| {
            write(ledger, who, SYSTEMS, &[amend(code, 1, pairs)])
        };
        let stranger = viewer(ledger, Role::Cdo, "济南市公安局");
        // Its summary is published: it may be seen, it may not be changed, and the rule is quoted.
        let refused = change(&stranger, &code, &[("contact", "李四")]);
        assert!(
            matches!(&refused, Err(Error::Refused(rule)) if rule.contains("填报和修改条目")),
            "{refused:?}"
        );
        let nothing = change(&stranger, "XT-404", &[("contact", "李四")]).unwrap_err();
        assert_eq!(nothing.to_string(), "没有找到信息系统“XT-404”");
        let seen = entry(ledger, &stranger, &code);
        assert!(
            !seen.document.contains_key("contact")
                && seen.completeness.is_none()
                && seen.missing.is_empty()
        );
        let desk = Desk::new(ledger);
        let conn = &mut ledger.conn();
        let row = facts::row(conn, &stranger, desk.definitions(SYSTEMS).register, &code).unwrap();
        assert!(matches!(
            facts::history(conn, &stranger, desk.definitions(SYSTEMS), &row),
            Err(Error::Refused(_))
        ));
        // A dataset that is not published yet is not there for others.
        let draft = write(
            ledger,
            &owner,
            "dataset",
            &[create(&[
                ("name", "学籍数据"),
                ("catalog_status", "待发布"),
            ])],
        );
        let hidden = draft.unwrap().entries.remove(0).code;
        let there = |who: &Viewer| {
            facts::row(
                &mut ledger.conn(),
                who,
                desk.definitions("dataset").register,
                &hidden,
            )
            .map(|r| r.name)
            .map_err(|e| e.to_string())
        };
        assert_eq!(there(&owner).unwrap(), "学籍数据");
        assert_eq!(
            there(&stranger).unwrap_err(),
            format!("没有找到数据资源“{hidden}”")
        );
        // Giving an entry away needs the right on both sides.
        assert!(matches!(
            change(&owner, &code, &[("owner_org", "济南市公安局")]),
            Err(Error::Refused(_))
        ));
        let bureau = viewer(ledger, Role::Bureau, "济南市大数据局");
        change(&bureau, &code, &[("owner_org", "济南市公安局")]).unwrap();
        assert_eq!(
            entry(ledger, &stranger, &code).document["contact"],
            Value::Text("张三".to_owned())
        );
        // Security detail of the county is beyond the city's bureau, and so is writing there.
        let county = viewer(ledger, Role::Liaison, "历下区教育局");
        let far = made(ledger, &county, &[("system_name", "区系统")]);
        assert!(matches!(
            change(&bureau, &far, &[("contact", "x")]),
            Err(Error::Refused(_))
        ));
    });
}

#[test]
fn a_change_from_an_old_version_names_who_changed_what() {
    on_both(|ledger| {
        people::settle(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let other = viewer(ledger, Role::Liaison, "济南市教育局");
        let code = made(ledger, &who, &[("system_name", "学籍系统")]);
        write(
            ledger,
            &other,
            SYSTEMS,
            &[amend(
                &code,
                1,
                &[("mlps_level", "三级"), ("user_count", "12")],
            )],
        )
        .unwrap();
        let stale = write(
            ledger,
            &who,
            SYSTEMS,
            &[amend(&code, 1, &[("contact", "张三")])],
        )
        .unwrap_err();
        let said = stale.to_string();
        assert!(matches!(stale, Error::Stale(_)));
        for word in ["学籍系统", "等保定级", "用户数", other.name()] {
            assert!(said.contains(word), "{said}");
        }
    });
}

#[test]
fn references_are_found_by_code_or_name_and_what_is_referred_to_stays() {
    on_both(|ledger| {
        people::settle(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let desk = Desk::new(ledger);
        let dataset = write(
            ledger,
            &who,
            "dataset",
            &[create(&[
                ("name", "学籍数据"),
                ("catalog_status", "已发布"),
            ])],
        )
        .unwrap()
        .entries
        .remove(0)
        .code;
        let item = write(
            ledger,
            &who,
            "data_item",
            &[create(&[("name", "姓名"), ("dataset", "学籍数据")])],
        )
        .unwrap()
        .entries
        .remove(0)
        .code;
        let lost = problems(write(
            ledger,
            &who,
            "data_item",
            &[create(&[("name", "性别"), ("dataset", "没有的")])],
        ));
        assert!(lost.iter().any(|p| p.field == "dataset"), "{lost:?}");
        let nowhere = problems(write(
            ledger,
            &who,
            "data_item",
            &[create(&[("name", "性别")])],
        ));
        assert!(nowhere.iter().any(|p| p.field == "dataset"), "{nowhere:?}");
        let conn = &mut ledger.conn();
        let seen = facts::entry(conn, &who, desk.definitions("dataset"), &dataset, None).unwrap();
        let near = facts::relations(conn, &who, &seen, None).unwrap();
        assert_eq!((near.seen.len(), near.hidden), (1, 0));
        assert_eq!(
            (near.seen[0].code.as_str(), near.seen[0].outgoing),
            (item.as_str(), false)
        );
        let remove = Draft {
            act: Act::Remove {
                code: dataset,
                revision: 1,
            },
            given: BTreeMap::new(),
        };
        assert!(matches!(
            write(ledger, &who, "dataset", &[remove]),
            Err(Error::Conflict(_))
        ));
    });
}

#[test]
fn two_hundred_at_once_lose_nothing_and_nobody_is_locked_out() {
    const WRITERS: usize = 200;
    let ledger = &Ledger::sqlite();
    people::settle(ledger);
    let who = &viewer(ledger, Role::Specialist, "济南市教育局");
    let code = &made(ledger, who, &[("system_name", "学籍系统")]);
    let barrier = &Barrier::new(WRITERS);
    let desk = &Desk::new(ledger);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                scope.spawn(move || {
                    let mut conn = ledger.conn();
                    barrier.wait();
                    let definitions = desk.definitions(SYSTEMS);
                    let mut refused = 0;
                    // Each adds its own name to one field of one entry, from the version it has read.
                    loop {
                        let row = facts::row(&mut conn, who, definitions.register, code).unwrap();
                        let held = match row.document().get("short_name") {
                            Some(Value::List(names)) => names.clone(),
                            _ => Vec::new(),
                        };
                        let names = held.into_iter().chain([format!("名{n}")]).collect();
                        let draft = Draft {
                            act: Act::Amend {
                                code: code.clone(),
                                revision: row.revision,
                            },
                            given: [("short_name".to_owned(), Given::List(names))].into(),
                        };
                        match edit::write(&mut conn, who, definitions, &[draft], &why(Source::Form))
                        {
                            Ok(done) => {
                                assert!(done.entries[0].changed);
                                return refused;
                            }
                            Err(Error::Stale(_)) => refused += 1,
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        let refused: usize = writers.into_iter().map(|w| w.join().unwrap()).sum();
        eprintln!("{refused} refused as stale and made again");
    });
    let last = entry(ledger, who, code);
    let Value::List(names) = &last.document["short_name"] else {
        panic!("{last:?}");
    };
    assert_eq!(
        (names.len(), last.revision),
        (WRITERS, 1 + i32::try_from(WRITERS).unwrap())
    );
}
