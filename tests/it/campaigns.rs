//! Campaigns: what departments declare, what counts, what is frozen, and that the past comes out the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use one_ledger::auth::{Role, Viewer};
use one_ledger::campaign::answer::{self, Answer, Confirmed, Given};
use one_ledger::campaign::board::{self, Line, Standing};
use one_ledger::campaign::close::{self, Verified, Wish};
use one_ledger::campaign::list::{self, Item, View};
use one_ledger::campaign::open::{self, Plan};
use one_ledger::campaign::question::{self, Settlement};
use one_ledger::campaign::{self, Campaign, Part, submit};
use one_ledger::clock;
use one_ledger::error::Error;
use one_ledger::org::directory::Directory;
use one_ledger::review::Ground;

use crate::app::Ledger;
use crate::organisation::{holder, id};
use crate::review::{House, SYSTEMS};

mod frozen;
mod machine;
mod reminders;
mod rules;
mod walk;
pub mod web;

/// A bureau, two departments of its level (one with a unit), and who is outside.
pub struct Scene<'l> {
    pub ledger: &'l Ledger,
    pub house: House<'l>,
    /// 联络员 of the unit C3 of C2.
    pub unit: Viewer,
    /// CDO of C4.
    pub other: Viewer,
    /// CDO of the bureau's own department.
    pub own: Viewer,
    /// Bureaus below and above.
    pub county: Viewer,
    pub province: Viewer,
}

impl<'l> Scene<'l> {
    pub fn new(ledger: &'l Ledger) -> Self {
        let house = House::new(ledger);
        Self {
            unit: holder(ledger, 14, Role::Liaison, "C3"),
            other: holder(ledger, 42, Role::Cdo, "C4"),
            own: holder(ledger, 23, Role::Cdo, "C1"),
            county: holder(ledger, 51, Role::Bureau, "D1"),
            province: holder(ledger, 61, Role::Bureau, "P1"),
            ledger,
            house,
        }
    }

    /// The organisation of the moment, for one call.
    pub fn with<T>(&self, work: impl FnOnce(Ground<'_>) -> T) -> T {
        let directory = Directory::load(&mut self.ledger.conn()).unwrap();
        work(Ground {
            catalogue: &self.ledger.app.catalogue,
            directory: &directory,
        })
    }

    pub fn system(&self, who: &Viewer, owner: &str, name: &str, does: &str) -> String {
        let mut pairs = vec![
            ("system_name", name),
            ("owner_org", owner),
            ("status", "在用"),
        ];
        if !does.is_empty() {
            pairs.push(("main_function", does));
        }
        self.house.make(who, SYSTEMS, &pairs)
    }

    pub fn plan() -> Plan {
        Plan {
            title: "年度核对".to_owned(),
            year: 2026,
            registers: vec![SYSTEMS.to_owned()],
            fields: BTreeMap::from([(SYSTEMS.to_owned(), vec!["main_function".to_owned()])]),
            due_on: Some(clock::today() + chrono::Days::new(30)),
            ..Plan::default()
        }
    }

    pub fn open_as(&self, who: &Viewer, plan: &Plan) -> Result<Campaign, Error> {
        self.with(|ground| open::open(&mut self.ledger.conn(), who, ground, plan))
    }

    pub fn open(&self) -> Campaign {
        self.open_as(&self.house.bureau, &Self::plan()).unwrap()
    }

    pub fn get(&self, who: &Viewer, campaign: i64) -> Result<Campaign, Error> {
        self.with(|g| campaign::get(&mut self.ledger.conn(), who, g.directory, campaign))
            .map(|(found, _)| found)
    }

    pub fn items(&self, who: &Viewer, campaign: i64, view: View) -> Vec<Item> {
        self.with(|ground| {
            let conn = &mut self.ledger.conn();
            let (c, members) = campaign::get(conn, who, ground.directory, campaign).unwrap();
            let heads = members.heads();
            list::page(conn, who, ground, (&c, &members), (&heads, view), (0, 500))
                .unwrap()
                .items
        })
    }

    pub fn item(&self, campaign: i64, code: &str) -> Item {
        let all = self.items(&self.ledger.viewer, campaign, View::All);
        let found = all.into_iter().find(|i| i.row.code == code);
        found.unwrap_or_else(|| panic!("{code} is on no list"))
    }

    /// An answer to the entry as it stands.
    pub fn given(&self, campaign: i64, code: &str, said: Answer, to: &str) -> Given {
        let item = self.item(campaign, code);
        Given {
            register: item.row.register.clone(),
            code: code.to_owned(),
            revision: item.row.revision,
            version: item.version(),
            answer: said,
            note: String::new(),
            to: to.to_owned(),
        }
    }

    pub fn send(&self, who: &Viewer, campaign: i64, given: &[Given]) -> Result<usize, Error> {
        self.with(|g| answer::answer(&mut self.ledger.conn(), who, g, campaign, given))
    }

    pub fn answer(
        &self,
        who: &Viewer,
        campaign: i64,
        code: &str,
        said: Answer,
    ) -> Result<usize, Error> {
        self.send(who, campaign, &[self.given(campaign, code, said, "")])
    }

    pub fn elsewhere(
        &self,
        who: &Viewer,
        campaign: i64,
        code: &str,
        to: &str,
    ) -> Result<usize, Error> {
        let given = self.given(campaign, code, Answer::Elsewhere, to);
        self.send(who, campaign, &[given])
    }

    pub fn confirm(&self, who: &Viewer, campaign: i64, code: &str) -> Result<Confirmed, Error> {
        let which = (campaign, id(self.ledger, code));
        self.with(|g| answer::confirm(&mut self.ledger.conn(), who, g, which))
    }

    pub fn part(&self, campaign: i64, code: &str) -> Part {
        campaign::part(&mut self.ledger.conn(), campaign, id(self.ledger, code)).unwrap()
    }

    pub fn submit(
        &self,
        who: &Viewer,
        campaign: i64,
        code: &str,
        none: bool,
    ) -> Result<Part, Error> {
        let which = (
            campaign,
            id(self.ledger, code),
            self.part(campaign, code).version,
        );
        self.with(|g| submit::submit(&mut self.ledger.conn(), who, g, which, none))
    }

    pub fn settle(
        &self,
        who: &Viewer,
        campaign: i64,
        code: &str,
        moves: bool,
    ) -> Result<(), Error> {
        let wish = Settlement {
            register: SYSTEMS.to_owned(),
            code: code.to_owned(),
            version: self.item(campaign, code).version(),
            moves,
            note: "经核实".to_owned(),
        };
        self.with(|g| question::settle(&mut self.ledger.conn(), who, g, campaign, &wish))
    }

    pub fn close(&self, who: &Viewer, campaign: i64, reason: &str) -> Result<Campaign, Error> {
        let wish = Wish {
            version: self.get(&self.ledger.viewer, campaign).unwrap().version,
            force: !reason.is_empty(),
            reason: reason.to_owned(),
        };
        self.with(|g| close::close(&mut self.ledger.conn(), who, g, campaign, &wish))
    }

    pub fn verify(&self, who: &Viewer, campaign: i64) -> Result<Verified, Error> {
        self.with(|g| close::verify(&mut self.ledger.conn(), who, g, campaign))
    }

    pub fn lines(&self, who: &Viewer, campaign: i64) -> Vec<Line> {
        self.lines_on(who, campaign, clock::today())
    }

    pub fn lines_on(&self, who: &Viewer, campaign: i64, today: NaiveDate) -> Vec<Line> {
        self.with(|ground| {
            let conn = &mut self.ledger.conn();
            let (c, members) = campaign::get(conn, who, ground.directory, campaign).unwrap();
            board::lines(conn, who, ground.directory, (&c, &members), today).unwrap()
        })
    }

    pub fn line(&self, campaign: i64, code: &str) -> Line {
        let all = self.lines(&self.ledger.viewer, campaign);
        all.into_iter().find(|l| l.code == code).unwrap()
    }

    pub fn standing(&self, campaign: i64, code: &str) -> Standing {
        self.line(campaign, code).standing
    }

    /// Everybody who has nothing declares it; the education bureau confirms and hands in.
    pub fn settle_all(&self, campaign: i64) {
        for (who, code) in [
            (&self.own, "C1"),
            (&self.house.cdo, "C2"),
            (&self.other, "C4"),
        ] {
            if !self.standing(campaign, code).is_settled() {
                self.confirm(who, campaign, code).unwrap();
                let none = self.line(campaign, code).total == 0;
                self.submit(who, campaign, code, none).unwrap();
            }
        }
    }
}
