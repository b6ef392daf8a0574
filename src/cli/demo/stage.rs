//! Where the demo is played: whoever acts is made from the live database, and entries are written as a form does it.

use crate::accounts::Service;
use crate::app::App;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::edit::{self, Act, Draft, Given, Source, Why};
use crate::ledger::facts;
use crate::org::directory::Directory;
use crate::review::Ground;

use super::people::Person;

/// The ledger that the demo is played on, and who plays.
pub(super) struct Stage<'s> {
    pub(super) app: &'s App,
    service: &'s Service,
    people: &'s [Person],
    pub(super) directory: Directory,
}

impl<'s> Stage<'s> {
    /// With the organisation of the moment; nothing in the demo changes it.
    pub(super) fn new(
        conn: &mut Conn,
        app: &'s App,
        service: &'s Service,
        people: &'s [Person],
    ) -> Result<Self> {
        Ok(Self {
            app,
            service,
            people,
            directory: Directory::load(conn)?,
        })
    }

    /// Somebody by his login.
    pub(super) fn viewer(&self, conn: &mut Conn, login: &str) -> Result<Viewer> {
        let found = self.people.iter().find(|p| p.login == login);
        let account = found.map_or(-1, |p| p.account);
        self.service
            .viewer(conn, self.app.catalogue.regions(), account)
    }

    pub(super) fn ground(&self) -> Ground<'_> {
        Ground {
            catalogue: &self.app.catalogue,
            directory: &self.directory,
        }
    }

    /// Makes an entry as its department would, and returns its code.
    pub(super) fn make(
        &self,
        conn: &mut Conn,
        who: &Viewer,
        register: &str,
        values: Vec<(&str, String)>,
    ) -> Result<String> {
        self.write(conn, who, register, (Act::Create, values))
    }

    /// Changes an entry as it stands.
    pub(super) fn amend(
        &self,
        conn: &mut Conn,
        who: &Viewer,
        (register, code): (&str, &str),
        values: Vec<(&str, String)>,
    ) -> Result<()> {
        let definitions = self.ground().definitions(register)?;
        let row = facts::row(conn, who, definitions.register, code)?;
        let act = Act::Amend {
            code: row.code,
            revision: row.revision,
        };
        self.write(conn, who, register, (act, values)).map(drop)
    }

    fn write(
        &self,
        conn: &mut Conn,
        who: &Viewer,
        register: &str,
        (act, values): (Act, Vec<(&str, String)>),
    ) -> Result<String> {
        let given = |(key, value): (&str, String)| (key.to_owned(), Given::Text(value));
        let draft = Draft {
            act,
            given: values.into_iter().map(given).collect(),
        };
        let why = Why {
            source: Source::Form,
            reason: "演示".to_owned(),
            valid_on: None,
        };
        let definitions = self.ground().definitions(register)?;
        let done = edit::write(conn, who, definitions, &[draft], &why)?;
        let written = done.entries.into_iter().next();
        Ok(written.map(|w| w.code).unwrap_or_default())
    }
}
