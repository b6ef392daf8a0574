//! Stages, gates and review: what is handed in, judged, decided and protected, and that nothing goes round it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use one_ledger::auth::{Role, Viewer};
use one_ledger::clock;
use one_ledger::db::schema::{account_grants, accounts};
use one_ledger::error::{Error, Problem};
use one_ledger::ledger::attachment::{self, Arrived, LIMIT};
use one_ledger::ledger::edit::{self, Act as EditAct, Done, Draft, Given, Source, Why};
use one_ledger::ledger::entry::{self, EntryRow};
use one_ledger::ledger::facts;
use one_ledger::org::directory::Directory;
use one_ledger::register::value::Document;
use one_ledger::review::decision::{CutItem, Decision};
use one_ledger::review::duplicate::{Kept, Means, Rules};
use one_ledger::review::opinion::{self, Opinion, Said, Whom};
use one_ledger::review::stage::{self, Moved, StageWish};
use one_ledger::review::steps::Act;
use one_ledger::review::submission::{self, Submission, Wish};
use one_ledger::review::{Ground, finding};

use crate::app::Ledger;
use crate::lists::Desk;
use crate::organisation::{holder, id, tiers};

mod carry;
mod checked;
mod held;
mod journey;
mod machine;
mod model;
mod pages;
mod walk;

pub const PROJECTS: &str = "project";
pub const SYSTEMS: &str = "information_system";

/// A ledger with its people around one department, its bureau and an expert.
pub struct House<'l> {
    pub ledger: &'l Ledger,
    pub directory: Directory,
    kept: Kept,
    pub liaison: Viewer,
    pub specialist: Viewer,
    pub cdo: Viewer,
    pub bureau: Viewer,
    pub officer: Viewer,
    pub expert: Viewer,
    pub stranger: Viewer,
}

/// What a project needs before it is handed in.
pub const FILLED: [(&str, &str); 11] = [
    ("kind", "新建"),
    ("plan_year", "2027"),
    ("duration", "12个月"),
    ("network", "电子政务外网"),
    ("content", "建设学籍管理平台"),
    ("kpi", "办理时限压缩到三天"),
    ("share_plan", "向一体化大数据平台汇聚"),
    ("budget", "362"),
    ("fund_channel", "本级财政预算"),
    ("manager", "李四"),
    ("contact", "王五"),
];

impl<'l> House<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        tiers(ledger);
        let directory = Directory::load(&mut ledger.conn()).unwrap();
        let house = Self {
            ledger,
            directory,
            kept: Kept::new(Rules::default(), ledger.app.catalogue.regions()),
            liaison: holder(ledger, 11, Role::Liaison, "C2"),
            specialist: holder(ledger, 12, Role::Specialist, "C2"),
            cdo: holder(ledger, 13, Role::Cdo, "C2"),
            bureau: holder(ledger, 21, Role::Bureau, "C1"),
            officer: holder(ledger, 22, Role::Bureau, "C1"),
            expert: holder(ledger, 31, Role::Reviewer, "C4"),
            stranger: holder(ledger, 41, Role::Specialist, "C4"),
        };
        house.account(31, "expert", Role::Reviewer, "C4");
        house
    }

    /// An account as the database has it, for those who are asked by login.
    pub fn account(&self, number: i64, login: &str, role: Role, code: &str) {
        let conn = &mut self.ledger.conn();
        let (now, home) = (clock::now(), id(self.ledger, code));
        diesel::insert_into(accounts::table)
            .values((
                accounts::id.eq(number),
                accounts::login.eq(login),
                accounts::name.eq(format!("{login}（{}）", role.label())),
                accounts::department_id.eq(Some(home)),
                accounts::password_hash.eq(""),
                accounts::password_set_at.eq(now),
                accounts::must_change.eq(false),
                accounts::totp_confirmed.eq(false),
                accounts::totp_step.eq(0_i64),
                accounts::active.eq(true),
                accounts::epoch.eq(1_i64),
                accounts::version.eq(1_i64),
                accounts::created_at.eq(now),
                accounts::created_by.eq("测试"),
            ))
            .execute(conn)
            .unwrap();
        diesel::insert_into(account_grants::table)
            .values((
                account_grants::id.eq(number),
                account_grants::account_id.eq(number),
                account_grants::role.eq(role.word()),
                account_grants::department_id.eq(Some(home)),
                account_grants::granted_by.eq("测试"),
                account_grants::granted_at.eq(now),
            ))
            .execute(conn)
            .unwrap();
    }

    pub fn ground(&self) -> Ground<'_> {
        Ground {
            catalogue: &self.ledger.app.catalogue,
            directory: &self.directory,
        }
    }

    pub fn means(&self) -> Means<'_> {
        Means {
            catalogue: &self.ledger.app.catalogue,
            directory: &self.directory,
            kept: &self.kept,
        }
    }

    pub fn edit(
        &self,
        who: &Viewer,
        register: &str,
        act: EditAct,
        pairs: &[(&str, &str)],
    ) -> Result<Done, Error> {
        let desk = Desk::new(self.ledger);
        let given: BTreeMap<String, Given> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Given::Text((*v).to_owned())))
            .collect();
        edit::write(
            &mut self.ledger.conn(),
            who,
            desk.definitions(register),
            &[Draft { act, given }],
            &Why {
                source: Source::Form,
                reason: "测试".to_owned(),
                valid_on: None,
            },
        )
    }

    pub fn make(&self, who: &Viewer, register: &str, pairs: &[(&str, &str)]) -> String {
        let done = self.edit(who, register, EditAct::Create, pairs).unwrap();
        done.entries[0].code.clone()
    }

    /// Changes an entry from the version that it has now.
    pub fn change(
        &self,
        who: &Viewer,
        register: &str,
        code: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Done, Error> {
        let revision = self.row(register, code).revision;
        let code = code.to_owned();
        self.edit(who, register, EditAct::Amend { code, revision }, pairs)
    }

    pub fn row(&self, register: &str, code: &str) -> EntryRow {
        let desk = Desk::new(self.ledger);
        let register = desk.definitions(register).register;
        facts::row(&mut self.ledger.conn(), &self.ledger.viewer, register, code).unwrap()
    }

    pub fn document(&self, register: &str, code: &str) -> Document {
        self.row(register, code).document()
    }

    pub fn status(&self, register: &str, code: &str) -> String {
        let document = self.document(register, code);
        let keys = &self.ledger.app.catalogue.register(register).unwrap().keys;
        let status = keys.status.as_deref().unwrap();
        entry::text(&document, status)
            .unwrap_or_default()
            .to_owned()
    }

    pub fn open(&self, who: &Viewer, code: &str) -> Result<Submission, Error> {
        let entry = (PROJECTS, code);
        submission::open(
            &mut self.ledger.conn(),
            who,
            self.ground(),
            entry,
            "proposal",
            "",
        )
    }

    pub fn stands(&self, id: i64) -> Submission {
        submission::get(&mut self.ledger.conn(), &self.ledger.viewer, id)
            .unwrap()
            .0
    }

    pub fn wish(&self, id: i64, act: Act) -> Wish {
        Wish {
            id,
            version: self.stands(id).version,
            act,
            opinion: "意见".to_owned(),
            reason_class: "policy".to_owned(),
            decision: Decision {
                number: "济数字〔2027〕2号".to_owned(),
                ..Decision::default()
            },
        }
    }

    pub fn act(&self, who: &Viewer, id: i64, act: Act) -> Result<Submission, Error> {
        self.carry_out(who, &self.wish(id, act))
    }

    pub fn carry_out(&self, who: &Viewer, wish: &Wish) -> Result<Submission, Error> {
        submission::act(&mut self.ledger.conn(), who, self.means(), wish)
    }

    pub fn cut(&self, who: &Viewer, id: i64, amount: &str) -> Result<Submission, Error> {
        let mut wish = self.wish(id, Act::Cut);
        wish.decision = Decision {
            number: "济数字〔2027〕1号".to_owned(),
            cuts: vec![CutItem {
                item: "服务器".to_owned(),
                amount: amount.to_owned(),
                reason: "使用政务云".to_owned(),
            }],
            into: None,
        };
        self.carry_out(who, &wish)
    }

    pub fn assign(&self, id: i64) -> Result<Vec<Opinion>, Error> {
        let version = self.stands(id).version;
        let whom = Whom {
            logins: vec!["expert".to_owned()],
            departments: Vec::new(),
        };
        let conn = &mut self.ledger.conn();
        opinion::assign(conn, &self.bureau, &self.directory, (id, version), &whom)
    }

    pub fn give(&self, id: i64, version: i64) -> Result<Opinion, Error> {
        let said = Said {
            version,
            score: 85,
            verdict: "cut".to_owned(),
            opinion: "部分功能已有".to_owned(),
        };
        opinion::give(&mut self.ledger.conn(), &self.expert, id, &said)
    }

    /// A filled project of the department, whose proposal is with the bureau in joint review.
    pub fn in_review(&self, more: &[(&str, &str)]) -> (String, i64) {
        let mut pairs = vec![("name", "学籍管理平台"), ("status", "需求填报")];
        pairs.extend(FILLED);
        pairs.extend_from_slice(more);
        let code = self.make(&self.liaison, PROJECTS, &pairs);
        let id = self.open(&self.liaison, &code).unwrap().id;
        for (who, act) in [
            (&self.liaison, Act::Submit),
            (&self.specialist, Act::Check),
            (&self.cdo, Act::Approve),
            (&self.bureau, Act::Accept),
            (&self.bureau, Act::Convene),
        ] {
            self.act(who, id, act).unwrap();
        }
        (code, id)
    }

    /// The same, approved with a cut of 42.
    pub fn approved(&self, more: &[(&str, &str)]) -> (String, i64) {
        let (code, id) = self.in_review(more);
        self.assign(id).unwrap();
        self.give(id, 1).unwrap();
        self.cut(&self.bureau, id, "42").unwrap();
        (code, id)
    }

    pub fn stage(
        &self,
        who: &Viewer,
        register: &str,
        code: &str,
        arrow: &str,
    ) -> Result<Moved, Error> {
        let wish = StageWish {
            register,
            code,
            revision: self.row(register, code).revision,
            arrow,
            note: "办理",
            carry: true,
        };
        stage::act(&mut self.ledger.conn(), who, self.ground(), &wish)
    }

    pub fn attach(&self, who: &Viewer, register: &str, code: &str, kind: &str) {
        let file = self.ledger.file("paper");
        std::fs::write(&file, b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n").unwrap();
        let arrived = Arrived {
            file: &file,
            name: "文件.pdf",
            kind,
            limit: LIMIT,
        };
        let desk = Desk::new(self.ledger);
        attachment::attach(
            &mut self.ledger.conn(),
            who,
            desk.definitions(register),
            self.ledger.folder(),
            code,
            &arrived,
        )
        .unwrap();
    }

    pub fn raise(&self, who: &Viewer, id: i64, text: &str) -> Result<finding::Finding, Error> {
        finding::raise(
            &mut self.ledger.conn(),
            who,
            self.ground(),
            id,
            "budget",
            text,
        )
    }
}

#[track_caller]
pub fn problems<T: std::fmt::Debug>(done: Result<T, Error>) -> Vec<Problem> {
    match done {
        Err(Error::Invalid(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

pub fn keys(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|p| p.field.as_str()).collect()
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(done: Result<T, Error>) -> String {
    match done {
        Err(Error::Refused(rule)) => rule,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn conflict<T: std::fmt::Debug>(done: Result<T, Error>) -> String {
    match done {
        Err(Error::Conflict(why)) => why,
        other => panic!("{other:?}"),
    }
}
