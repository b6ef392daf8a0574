//! Lists: the same entries on both databases, in every order, page by page, for everyone exactly what is theirs.

use std::collections::BTreeMap;

use one_ledger::auth::{Role, Sight, Viewer};
use one_ledger::ledger::as_of::Definitions;
use one_ledger::ledger::list::{
    self, Asked, Cursor, Facet, Paging, Query, Sort, ask, facet_keys, facets, page, walk,
};
use one_ledger::org::directory::Directory;
use one_ledger::report::view;
use one_ledger::sheet::export::ExportFormat;
use proptest::prelude::*;

use crate::app::people::{self, viewer};
use crate::app::{Backend, Ledger, on_both};

const SYSTEMS: &str = "information_system";

/// A ledger with its definitions at hand.
pub struct Desk<'l> {
    ledger: &'l Ledger,
    directory: Directory,
}

impl<'l> Desk<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        let directory = Directory::load(&mut ledger.conn()).unwrap();
        Self { ledger, directory }
    }

    pub fn definitions(&self, register: &str) -> Definitions<'_> {
        Definitions {
            catalogue: &self.ledger.app.catalogue,
            directory: &self.directory,
            register: self.ledger.app.catalogue.register(register).unwrap(),
        }
    }

    fn asked(&self, viewer: &Viewer, pairs: &[(&str, &str)]) -> Asked {
        ask(viewer, self.definitions(SYSTEMS), pairs.iter().copied()).unwrap()
    }

    fn problems(&self, viewer: &Viewer, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        match ask(viewer, self.definitions(SYSTEMS), pairs.iter().copied()) {
            Err(one_ledger::error::Error::Invalid(problems)) => {
                problems.into_iter().map(|p| (p.field, p.code)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Names on the first page.
    fn names(&self, viewer: &Viewer, pairs: &[(&str, &str)]) -> Vec<String> {
        let asked = self.asked(viewer, pairs);
        let found = page(
            &mut self.ledger.conn(),
            viewer,
            self.definitions(SYSTEMS),
            &asked.query,
            &asked.paging,
        );
        found.unwrap().rows.into_iter().map(|r| r.name).collect()
    }

    fn counts(
        &self,
        viewer: &Viewer,
        pairs: &[(&str, &str)],
    ) -> BTreeMap<String, Vec<(String, usize)>> {
        let asked = self.asked(viewer, pairs);
        let definitions = self.definitions(SYSTEMS);
        let keys = facet_keys(viewer, definitions);
        let all = facets(
            &mut self.ledger.conn(),
            viewer,
            definitions,
            &asked.query,
            &keys,
        )
        .unwrap();
        let values = |f: Facet| f.values.into_iter().map(|c| (c.value, c.count)).collect();
        all.into_iter()
            .map(|f| (f.key.clone(), values(f)))
            .collect()
    }
}

/// Systems of three departments, with what the summary shows and what it does not.
fn told(ledger: &Ledger) {
    people::settle(ledger);
    let file = ledger.draw(
        "系统.xlsx",
        &[
            "系统名称 | 主管单位 | 系统状态 | 等保定级 | 建设资金 | 联系人 | 是否关键数字基础设施 | 上线时间 | 承载网络",
            "学籍管理系统 | 济南市教育局 | 在用 | 三级 | 120 | 张三 | 是 | 2021-03 | 政务外网、互联网",
            "招生报名系统 | 济南市教育局 | 停用 | 二级 | 80 | 李四 | 否 | 2019 | 互联网",
            "食堂系统 | 济南市第一中学 | 在用 | 二级 | 5 | 王五 | 否 | 2023 | 互联网",
            "户籍管理系统 | 济南市公安局 | 在用 | 三级 | 900 | 赵六 | 是 | 2015 | 公安网",
            "医保结算系统 | 济南市公安局 | 在建 | 三级 | 300 | 钱七 | 否 |  | 政务外网",
            "区学籍系统 | 历下区教育局 | 在用 | 二级 | 30 | 孙八 | 否 | 2022 | 政务外网",
        ],
    );
    ledger.import_whole(&file);
}

#[test]
fn a_list_is_searched_filtered_and_sorted_alike_on_both() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let names = |pairs: &[(&str, &str)]| desk.names(&who, pairs);
        assert_eq!(
            names(&[]).len(),
            6,
            "everyone signed in sees every published summary"
        );
        assert_eq!(names(&[("search", "学籍")]), ["区学籍系统", "学籍管理系统"]);
        assert_eq!(
            names(&[("search", "xj"), ("sort", "recorded")]),
            ["学籍管理系统", "区学籍系统"]
        );
        assert_eq!(names(&[("search", "ybjs")]), ["医保结算系统"]);
        assert_eq!(
            names(&[("search", "学籍系统")]),
            ["区学籍系统"],
            "the pairs alone are not the name"
        );
        assert_eq!(names(&[("search", "学籍 管理")]), ["学籍管理系统"]);
        assert_eq!(
            names(&[("search", "管理系统"), ("sort", "-name")]),
            ["户籍管理系统", "学籍管理系统"]
        );
        assert_eq!(
            names(&[("mlps_level", "三级"), ("sort", "name")]),
            ["医保结算系统", "学籍管理系统", "户籍管理系统"]
        );
        assert_eq!(
            names(&[
                ("network", "公安网"),
                ("network", "互联网"),
                ("sort", "recorded")
            ])
            .len(),
            4
        );
        assert_eq!(names(&[("stage", "retired")]), ["招生报名系统"]);
        assert_eq!(
            names(&[("stage", "建设"), ("mlps_level", "三级")]),
            ["医保结算系统"]
        );
        assert_eq!(
            names(&[("owner_org", "济南市公安局"), ("sort", "code")]),
            ["户籍管理系统", "医保结算系统"]
        );
        assert_eq!(
            names(&[("mine", "true"), ("sort", "-amount")]),
            ["学籍管理系统", "招生报名系统", "食堂系统"]
        );
        assert_eq!(
            names(&[("sort", "-budget_amount")]),
            ["学籍管理系统", "招生报名系统", "食堂系统"],
            "an order by what is hidden shows only what is not"
        );
        assert_eq!(
            names(&[("sort", "go_live"), ("stage", "operation")]),
            ["户籍管理系统", "学籍管理系统", "区学籍系统", "食堂系统"]
        );
        assert_eq!(names(&[("search", "没有这样的")]), [""; 0]);
    });
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let who = viewer(ledger, Role::Liaison, "济南市教育局");
        let wrong = desk.problems(
            &who,
            &[
                ("nonsense", "1"),
                ("phone", "1"),
                ("mlps_level", "九级"),
                ("owner_org", "没有的局"),
                ("sort", "attributes;drop table entries"),
                ("limit", "501"),
                ("cursor", "zz"),
                ("stage", "nowhere"),
                ("fields", "system_name,nothing"),
                ("search", "a\u{0}b"),
                ("mine", "maybe"),
            ],
        );
        let fields: Vec<&str> = wrong.iter().map(|(f, _)| f.as_str()).collect();
        let all = [
            "nonsense",
            "phone",
            "mlps_level",
            "owner_org",
            "sort",
            "limit",
            "cursor",
            "stage",
            "fields",
            "search",
            "mine",
        ];
        assert_eq!(fields, all);
        // One character finds nothing, and says so.
        let asked = desk.asked(&who, &[("search", "医")]);
        let found = page(
            &mut ledger.conn(),
            &who,
            desk.definitions(SYSTEMS),
            &asked.query,
            &asked.paging,
        );
        assert!(
            matches!(found, Err(one_ledger::error::Error::Invalid(p)) if p[0].field == "search")
        );
        // A cursor of another order.
        let asked = desk.asked(
            &who,
            &[
                ("sort", "name"),
                ("cursor", &Cursor::end(Sort::Code).word()),
            ],
        );
        let found = page(
            &mut ledger.conn(),
            &who,
            desk.definitions(SYSTEMS),
            &asked.query,
            &asked.paging,
        );
        assert!(
            matches!(found, Err(one_ledger::error::Error::Invalid(p)) if p[0].field == "cursor")
        );
    });
}

#[test]
fn everyone_sees_exactly_their_columns() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let sees = |role: Role, at: &str, key: &str| {
            let who = viewer(ledger, role, at);
            let query = Query {
                columns: vec![key.to_owned()],
                ..Query::all(desk.definitions(SYSTEMS).register)
            };
            let found = page(
                &mut ledger.conn(),
                &who,
                desk.definitions(SYSTEMS),
                &query,
                &Paging::default(),
            );
            let rows = found.unwrap().rows;
            let mut names: Vec<String> = rows
                .into_iter()
                .filter(|r| r.values.document().contains_key(key))
                .map(|r| r.name)
                .collect();
            names.sort();
            names
        };
        let own = ["学籍管理系统", "招生报名系统", "食堂系统"];
        assert_eq!(sees(Role::Specialist, "济南市教育局", "contact"), own);
        assert_eq!(sees(Role::Specialist, "济南市教育局", "budget_amount"), own);
        assert_eq!(sees(Role::Specialist, "济南市教育局", "is_cii"), own);
        assert_eq!(
            sees(Role::Specialist, "济南市教育局", "system_name").len(),
            6
        );
        assert_eq!(
            sees(Role::Liaison, "济南市第一中学", "contact"),
            ["食堂系统"]
        );
        assert_eq!(
            sees(Role::Bureau, "济南市大数据局", "contact").len(),
            6,
            "its region and those below"
        );
        assert_eq!(
            sees(Role::Bureau, "济南市大数据局", "is_cii").len(),
            5,
            "security only of its own level"
        );
        assert_eq!(
            sees(Role::Oversight, "济南市大数据局", "budget_amount").len(),
            5
        );
        assert_eq!(sees(Role::Oversight, "济南市大数据局", "contact"), [""; 0]);
        assert_eq!(
            sees(Role::Reviewer, "济南市公安局", "budget_amount"),
            [""; 0]
        );
        assert_eq!(
            sees(Role::AuditAdmin, "济南市公安局", "mlps_level").len(),
            6
        );
    });
}

#[test]
fn pages_join_into_the_whole_list_forwards_and_backwards() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        let who = viewer(ledger, Role::Bureau, "济南市大数据局");
        for sort in Sort::ALL {
            for down in [false, true] {
                for search in [None, Some("系统".to_owned())] {
                    let query = Query {
                        sort,
                        down,
                        search,
                        ..Query::all(definitions.register)
                    };
                    let mut whole = Vec::new();
                    walk(&mut ledger.conn(), &who, definitions, &query, |row| {
                        whole.push(row.name);
                        Ok(true)
                    })
                    .unwrap();
                    assert_eq!(whole.len(), 6, "{sort:?}");
                    let mut forth = Vec::new();
                    let mut paging = Paging {
                        cursor: None,
                        limit: 2,
                    };
                    let mut before = None;
                    loop {
                        let found =
                            page(&mut ledger.conn(), &who, definitions, &query, &paging).unwrap();
                        assert_eq!(found.previous.is_some(), !forth.is_empty());
                        before = found.previous.or(before);
                        forth.extend(found.rows.into_iter().map(|r| r.name));
                        let Some(next) = found.next else { break };
                        paging.cursor = Some(Cursor::read(&next.word()).unwrap());
                    }
                    assert_eq!(forth, whole, "{sort:?} {down}");
                    // From the end back to the beginning.
                    let mut back: Vec<String> = Vec::new();
                    paging.cursor = Some(Cursor::end(sort));
                    loop {
                        let found =
                            page(&mut ledger.conn(), &who, definitions, &query, &paging).unwrap();
                        assert_eq!(found.next.is_some(), !back.is_empty());
                        back.splice(0..0, found.rows.into_iter().map(|r| r.name));
                        let Some(previous) = found.previous else {
                            break;
                        };
                        paging.cursor = Some(previous);
                    }
                    assert_eq!(back, whole, "{sort:?} {down}");
                }
            }
        }
    });
}

#[test]
fn counts_are_what_the_filter_would_leave() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        for (role, at) in [
            (Role::Specialist, "济南市教育局"),
            (Role::Bureau, "济南市大数据局"),
            (Role::Reviewer, "济南市公安局"),
        ] {
            let who = viewer(ledger, role, at);
            for pairs in [
                &[][..],
                &[("mlps_level", "三级")],
                &[("mine", "true")],
                &[("search", "管理"), ("stage", "operation")],
            ] {
                for (key, values) in desk.counts(&who, pairs) {
                    let counted: Vec<&str> = values.iter().map(|(v, _)| v.as_str()).collect();
                    for (value, count) in &values {
                        let mut with: Vec<(&str, &str)> =
                            pairs.iter().copied().filter(|(k, _)| *k != key).collect();
                        with.push((&key, value));
                        assert_eq!(
                            desk.names(&who, &with).len(),
                            *count,
                            "{role:?} {pairs:?} {key}={value} of {counted:?}"
                        );
                    }
                }
            }
        }
        assert!(
            !facet_keys(&viewer(ledger, Role::Reviewer, "济南市公安局"), definitions).is_empty()
        );
    });
}

#[test]
fn an_export_is_the_list_as_it_is_seen() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        for role in Role::ALL {
            let who = viewer(ledger, role, "济南市教育局");
            let asked = desk.asked(
                &who,
                &[
                    ("search", "系统"),
                    ("sort", "name"),
                    ("fields", "system_name,mlps_level,network"),
                ],
            );
            let out = ledger.file("view.csv");
            let rows = view::export(
                &mut ledger.conn(),
                &who,
                definitions,
                &asked.query,
                ExportFormat::Csv,
                &out,
            )
            .unwrap();
            let text = std::fs::read_to_string(&out).unwrap();
            let mut lines = text.trim_start_matches('\u{feff}').lines();
            assert_eq!(lines.next().unwrap(), "序号,*系统名称,等保定级,承载网络");
            let seen: Vec<String> = lines
                .map(|l| l.split(',').nth(1).unwrap().to_owned())
                .collect();
            assert_eq!(
                seen,
                desk.names(&who, &[("search", "系统"), ("sort", "name")]),
                "{role:?}"
            );
            assert_eq!(rows, seen.len() as u64);
        }
        // What is not seen is an empty cell, not a value.
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let asked = desk.asked(
            &who,
            &[("fields", "system_name,contact"), ("sort", "recorded")],
        );
        let out = ledger.file("view.csv");
        view::export(
            &mut ledger.conn(),
            &who,
            definitions,
            &asked.query,
            ExportFormat::Csv,
            &out,
        )
        .unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(
            text.contains("学籍管理系统,张三") && text.contains("户籍管理系统,\r\n"),
            "{text}"
        );
        let admin = viewer(ledger, Role::AuditAdmin, "济南市教育局");
        let filter = one_ledger::audit::Filter {
            action: Some("export".to_owned()),
            ..Default::default()
        };
        let lines = one_ledger::audit::page(&mut ledger.conn(), &admin, &filter, 50).unwrap();
        assert_eq!(lines.len(), Role::ALL.len() + 1);
    });
}

#[test]
fn a_change_of_a_value_moves_the_entry_between_filters() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let file = ledger.draw(
            "改.xlsx",
            &[
                "系统名称 | 主管单位 | 等保定级 | 系统状态",
                "学籍管理系统 | 济南市教育局 | 二级 | 停用",
            ],
        );
        ledger.import_whole(&file);
        assert_eq!(
            desk.names(&who, &[("mlps_level", "三级"), ("sort", "recorded")]),
            ["户籍管理系统", "医保结算系统"]
        );
        // Where an entry stands is moved by stage acts, not by a workbook.
        let stopped = desk.names(&who, &[("mlps_level", "二级"), ("stage", "停用")]);
        assert!(stopped.len() == 1 && stopped[0] != "学籍管理系统");
        assert_eq!(desk.names(&who, &[("sort", "-changed")])[0], "学籍管理系统");
    });
}

/// What a viewer of another department can learn by any list, as one text.
fn everything_learnt(desk: &Desk<'_>, who: &Viewer) -> String {
    let definitions = desk.definitions(SYSTEMS);
    let mut out = String::new();
    for sort in Sort::ALL {
        let query = Query {
            sort,
            columns: definitions
                .register
                .fields
                .iter()
                .map(|f| f.key.clone())
                .collect(),
            ..Query::all(definitions.register)
        };
        let found = page(
            &mut desk.ledger.conn(),
            who,
            definitions,
            &query,
            &Paging::default(),
        )
        .unwrap();
        for row in found.rows {
            assert!(row.sight == Sight::Summary || row.completeness.is_some());
            out.push_str(&format!(
                "{sort:?} {} {:?} {:?}\n",
                row.name, row.completeness, row.values
            ));
        }
    }
    for pairs in [&[][..], &[("mine", "true")], &[("search", "系统")]] {
        out.push_str(&format!("{:?}\n", desk.counts(who, pairs)));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_foreign_departments_hidden_values_change_no_answer(
        money in proptest::collection::vec(proptest::option::of(1_u32..1000), 2),
        contacts in proptest::collection::vec(proptest::option::of("[张李王赵][一二三四]"), 2),
        critical in proptest::collection::vec(proptest::option::of(any::<bool>()), 2),
    ) {
        let learnt = |hidden: bool| {
            let ledger = Ledger::new(Backend::Sqlite);
            people::settle(&ledger);
            let mut lines = vec!["系统名称 | 主管单位 | 等保定级 | 建设资金 | 联系人 | 是否关键数字基础设施".to_owned()];
            for (n, name) in ["甲系统", "乙系统"].iter().enumerate() {
                let show = |text: Option<String>| text.filter(|_| hidden).unwrap_or_default();
                lines.push(format!(
                    "{name} | 济南市公安局 | 三级 | {} | {} | {}",
                    show(money[n].map(|m| m.to_string())),
                    show(contacts[n].clone()),
                    show(critical[n].map(|c| if c { "是" } else { "否" }.to_owned())),
                ));
            }
            lines.push("丙系统 | 济南市教育局 | 二级 | 7 | 周九 | 否".to_owned());
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let file = ledger.draw("系统.xlsx", &lines);
            ledger.import_whole(&file);
            let who = viewer(&ledger, Role::Cdo, "济南市教育局");
            everything_learnt(&Desk::new(&ledger), &who)
        };
        prop_assert_eq!(learnt(true), learnt(false));
    }
}

#[test]
fn what_is_asked_for_can_be_kept_and_asked_again() {
    on_both(|ledger| {
        told(ledger);
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        let who = viewer(ledger, Role::Specialist, "济南市教育局");
        let asked = desk.asked(
            &who,
            &[
                ("search", "学籍 系统"),
                ("mine", "true"),
                ("owner_org", "市教育局"),
                ("stage", "运维"),
                ("mlps_level", "三级"),
                ("sort", "-name"),
                ("fields", "system_name,contact"),
            ]
            .map(|(k, v)| {
                if v == "市教育局" {
                    (k, "济南市教育局")
                } else {
                    (k, v)
                }
            }),
        );
        let pairs = asked.query.pairs(definitions);
        assert_eq!(ask(&who, definitions, pairs).unwrap().query, asked.query);
        assert_eq!(
            list::listed(definitions.register),
            Query::all(definitions.register).columns
        );
    });
}
