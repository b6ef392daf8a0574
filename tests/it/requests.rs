//! Share requests: what is asked, answered, supplied and ended, by whom, within which days.

use chrono::NaiveDate;
use one_ledger::auth::{Role, Viewer};
use one_ledger::clock as time;
use one_ledger::error::Error;
use one_ledger::org::directory::Directory;
use one_ledger::sharing::request::act::{self, Wish};
use one_ledger::sharing::request::clock::{Clock, Kind, Reckoner};
use one_ledger::sharing::request::open;
use one_ledger::sharing::request::steps::Act;
use one_ledger::sharing::request::{self, Ground, Request, Rules};

use crate::app::Ledger;
use crate::organisation::holder;
use crate::review::House;

mod catalogue;
mod clocks;
mod ending;
mod falling;
mod heir;
mod machine;
mod month;
mod rules;
pub mod walk;
pub mod web;

/// 教育局 (C2) provides, 交通运输局 (C4) asks, 大数据局 (C1) coordinates.
pub struct Scene<'l> {
    pub ledger: &'l Ledger,
    pub house: House<'l>,
    /// 联络员, 数据专员 and CDO of C4.
    pub asker: Viewer,
    pub asker_head: Viewer,
    pub asker_cdo: Viewer,
    /// CDO of a county's department, who has no part in it.
    pub outside: Viewer,
    pub rules: Rules,
}

impl<'l> Scene<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        let house = House::new(ledger);
        for (n, login, role, code) in [
            (11, "liaison", Role::Liaison, "C2"),
            (12, "specialist", Role::Specialist, "C2"),
            (13, "cdo", Role::Cdo, "C2"),
            (21, "bureau", Role::Bureau, "C1"),
            (41, "head", Role::Specialist, "C4"),
            (42, "boss", Role::Cdo, "C4"),
            (43, "asker", Role::Liaison, "C4"),
        ] {
            house.account(n, login, role, code);
        }
        Self {
            asker: holder(ledger, 43, Role::Liaison, "C4"),
            asker_head: holder(ledger, 41, Role::Specialist, "C4"),
            asker_cdo: holder(ledger, 42, Role::Cdo, "C4"),
            outside: holder(ledger, 71, Role::Cdo, "D2"),
            rules: Rules::default(),
            ledger,
            house,
        }
    }

    pub fn with<T>(&self, work: impl FnOnce(Ground<'_>) -> T) -> T {
        let directory = Directory::load(&mut self.ledger.conn()).unwrap();
        work(Ground {
            catalogue: &self.ledger.app.catalogue,
            directory: &directory,
            rules: self.rules,
        })
    }

    /// A published dataset of C2 with a share attribute.
    pub fn dataset(&self, name: &str, attr: &str) -> String {
        let pairs = [
            ("name", name),
            ("provider_org", "C2"),
            ("catalog_status", "已发布"),
            ("share_attr", attr),
            ("share_mode", "服务接口"),
            ("share_condition", "用于审批核验"),
            ("no_share_basis", "《未成年人保护法》"),
            ("update_cycle", "每日"),
        ];
        self.house.make(&self.ledger.viewer, "dataset", &pairs)
    }

    pub fn wish(dataset: &str) -> open::Wish {
        open::Wish {
            dataset: dataset.to_owned(),
            consumer_system: "校车管理系统".to_owned(),
            basis: "《校车安全管理条例》".to_owned(),
            scene: "核验乘车学生".to_owned(),
            use_scope: "本局校车管理岗位".to_owned(),
            share_mode: "1".to_owned(),
            valid_until: Some(time::today() + chrono::Days::new(365)),
            contact: "王五".to_owned(),
            ..open::Wish::default()
        }
    }

    pub fn draft(&self, who: &Viewer, wish: &open::Wish) -> Result<Request, Error> {
        self.with(|g| open::draft(&mut self.ledger.conn(), who, g, wish))
    }

    pub fn get(&self, who: &Viewer, id: i64) -> Result<Request, Error> {
        request::get(&mut self.ledger.conn(), who, id)
    }

    pub fn stands(&self, id: i64) -> Request {
        self.get(&self.ledger.viewer, id).unwrap()
    }

    /// A wish with everything that any act may need.
    pub fn doing(&self, id: i64, act: Act) -> Wish {
        Wish {
            note: "说明".to_owned(),
            verdict: "agree".to_owned(),
            days: Some(5),
            kind: "stop".to_owned(),
            disposal: "已删除".to_owned(),
            ..Wish::new(id, self.stands(id).version, act)
        }
    }

    pub fn carry_out(&self, who: &Viewer, wish: &Wish) -> Result<Request, Error> {
        self.with(|g| act::act(&mut self.ledger.conn(), who, g, wish))
    }

    pub fn act(&self, who: &Viewer, id: i64, act: Act) -> Result<Request, Error> {
        self.carry_out(who, &self.doing(id, act))
    }

    /// A request that the provider has received.
    pub fn sent(&self, attr: &str) -> i64 {
        let name = format!("学籍信息{attr}");
        let dataset = self.dataset(&name, attr);
        let mut wish = Self::wish(&dataset);
        wish.argument = "法定职责需要".to_owned();
        let id = self.draft(&self.asker, &wish).unwrap().id;
        self.act(&self.asker, id, Act::HandIn).unwrap();
        self.act(&self.asker_head, id, Act::Approve).unwrap();
        id
    }

    /// A request whose data is in use.
    pub fn in_use(&self) -> i64 {
        let id = self.sent("有条件共享");
        let h = &self.house;
        self.act(&h.liaison, id, Act::DraftAnswer).unwrap();
        self.act(&h.specialist, id, Act::Agree).unwrap();
        self.act(&h.liaison, id, Act::Supply).unwrap();
        id
    }

    pub fn clocks(&self, id: i64) -> Vec<Clock> {
        self.clocks_on(id, time::today())
    }

    pub fn clocks_on(&self, id: i64, today: NaiveDate) -> Vec<Clock> {
        self.with(|g| {
            let conn = &mut self.ledger.conn();
            let reckoner = Reckoner::new(conn, g, today).unwrap();
            reckoner.of_request(conn, id).unwrap()
        })
    }

    pub fn clock(&self, id: i64, kind: Kind) -> Clock {
        let all = self.clocks(id);
        let found = all.into_iter().rev().find(|c| c.kind == kind);
        found.unwrap_or_else(|| panic!("no clock of {kind:?}"))
    }
}

/// What is wrong, by field.
pub fn fields<T: std::fmt::Debug>(done: Result<T, Error>) -> Vec<String> {
    match done {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
        other => panic!("{other:?}"),
    }
}

/// The words of a conflict.
pub fn conflict<T: std::fmt::Debug>(done: Result<T, Error>) -> String {
    match done {
        Err(Error::Conflict(words)) => words,
        other => panic!("{other:?}"),
    }
}
