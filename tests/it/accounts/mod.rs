//! Accounts: signing in, locks, tokens, roles, set-up, and what the audit log keeps of it.

mod api;
mod credentials;
mod desk;
mod lock;
mod pages;
mod random;
mod roles;
mod setup;
mod tokens;
mod walk;

use diesel::prelude::*;
use one_ledger::accounts::{NewAccount, NewSession, Rules, Service, Session, SignedIn, TokenPair};
use one_ledger::audit;
use one_ledger::auth::viewer::Origin;
use one_ledger::auth::{Role, Viewer};
use one_ledger::db::connection::Conn;
use one_ledger::db::schema::departments;
use one_ledger::error::{Error, Result};
use one_ledger::register::region::Regions;

use crate::app::{Backend, Ledger, on_both_settled};

/// A password that breaks no rule.
pub const PASSWORD: &str = "Brisk-Lantern-42";

/// Another.
pub const OTHER: &str = "Quiet+Meadow+77";

/// A ledger with the service on it.
pub struct House<'l> {
    pub ledger: &'l Ledger,
    pub service: Service,
    pub conn: Conn,
}

/// Runs a test on every database, with the organisation loaded and the service open.
pub fn in_house(test: impl Fn(&mut House<'_>)) {
    on_both_settled(|ledger| {
        let mut house = House::new(ledger, Rules::default());
        test(&mut house);
        house.chain_is_whole();
    });
}

/// Where a request comes from.
pub fn from(address: &str) -> Origin {
    Origin {
        address: address.to_owned(),
        request_id: "r-1".to_owned(),
    }
}

impl<'l> House<'l> {
    pub fn new(ledger: &'l Ledger, rules: Rules) -> Self {
        Self {
            service: Service::open(&ledger.file("data"), rules).unwrap(),
            conn: ledger.conn(),
            ledger,
        }
    }

    /// The same house after a restart: nothing remembered.
    pub fn restart(&mut self) {
        let rules = self.service.rules.clone();
        self.service = Service::open(&self.ledger.file("data"), rules).unwrap();
    }

    pub fn regions(&self) -> &'l Regions {
        self.ledger.app.catalogue.regions()
    }

    /// A department by its place in the sample organisation.
    pub fn department(&mut self, n: i64) -> i64 {
        departments::table
            .order(departments::id)
            .offset(n)
            .select(departments::id)
            .first(&mut self.conn)
            .unwrap()
    }

    /// Makes an account with a password of its own and these roles.
    pub fn person(&mut self, login: &str, roles: &[(Role, Option<i64>)]) -> i64 {
        let new = NewAccount {
            login: login.to_owned(),
            name: format!("人员{login}"),
            department: roles.iter().find_map(|(_, at)| *at),
            password: Some(PASSWORD.to_owned()),
            keep_password: true,
        };
        let operator = Viewer::operator("测试员");
        let id = self
            .service
            .create(&mut self.conn, &operator, &new)
            .unwrap()
            .id;
        for (role, at) in roles {
            self.service
                .grant(&mut self.conn, &operator, id, *role, *at)
                .unwrap();
        }
        id
    }

    pub fn try_sign_in(&mut self, login: &str, password: &str, address: &str) -> Result<SignedIn> {
        let catalogue = &self.ledger.app.catalogue;
        self.service.sign_in(
            &mut self.conn,
            catalogue,
            login,
            password,
            None,
            from(address),
        )
    }

    /// Signs in with a browser.
    pub fn browser(&mut self, login: &str, password: &str) -> NewSession {
        match self.try_sign_in(login, password, "10.0.0.1").unwrap() {
            SignedIn::Session(session) => *session,
            SignedIn::NeedsTotp(_) => panic!("{login} needs a one-time code"),
        }
    }

    /// The viewer of somebody who signs in now.
    pub fn viewer(&mut self, login: &str) -> Viewer {
        self.browser(login, PASSWORD).session.viewer
    }

    pub fn cookie(&mut self, secret: &str) -> Option<Session> {
        let regions = self.regions();
        self.service
            .by_cookie(&mut self.conn, regions, secret, from("10.0.0.1"))
            .unwrap()
    }

    pub fn program(&mut self, login: &str, password: &str) -> TokenPair {
        self.service
            .tokens(&mut self.conn, login, password, None, from("10.0.0.1"))
            .unwrap()
    }

    pub fn bearer(&mut self, token: &str) -> Option<Viewer> {
        let regions = self.regions();
        let known = self
            .service
            .by_bearer(&mut self.conn, regions, token, from("10.0.0.1"));
        known.unwrap().map(|b| b.viewer)
    }

    /// What was done, in the order of the audit log: action and result.
    pub fn acts(&mut self) -> Vec<(String, String)> {
        let all = audit::page(
            &mut self.conn,
            &Viewer::operator("测试员"),
            &audit::Filter::default(),
            1_000,
        );
        let mut acts: Vec<_> = all
            .unwrap()
            .into_iter()
            .map(|l| (l.action, l.result))
            .collect();
        acts.reverse();
        acts
    }

    /// How often something was done.
    pub fn times(&mut self, action: &str, result: &str) -> usize {
        self.acts()
            .iter()
            .filter(|(a, r)| a == action && r == result)
            .count()
    }

    /// Runs SQL behind the program's back.
    pub fn tamper(&mut self, sql: &str) {
        use diesel::connection::SimpleConnection as _;
        let done = match &mut self.conn {
            Conn::Sqlite(c) => c.batch_execute(sql),
            Conn::Postgres(c) => c.batch_execute(sql),
        };
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Turns a clock column back by minutes.
    pub fn earlier(&mut self, table: &str, column: &str, minutes: i64) {
        let sql = match self.ledger.backend {
            // The engine keeps six digits; so does this.
            Backend::Sqlite => format!(
                "UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '-{minutes} minutes') || '000'"
            ),
            Backend::Postgres => {
                format!("UPDATE {table} SET {column} = {column} - interval '{minutes} minutes'")
            }
        };
        self.tamper(&sql);
    }

    pub fn chain_is_whole(&mut self) {
        let checked = audit::verify(&mut self.conn, &Viewer::operator("测试员")).unwrap();
        assert_eq!(checked.broken, None);
    }
}

/// The fields that were found wrong.
pub fn fields<T>(done: Result<T>) -> Vec<String> {
    match done {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("nothing was found wrong"),
    }
}

/// The codes of what was found wrong.
pub fn codes<T>(done: Result<T>) -> Vec<String> {
    match done {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.code).collect(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("nothing was found wrong"),
    }
}
