//! From an account to the viewer it is: roles and organisation as they are now, remembered while neither changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use diesel::prelude::*;

use super::Service;
use super::row::{self, AccountRow};
use crate::auth::Viewer;
use crate::auth::viewer::Extents;
use crate::db::connection::Conn;
use crate::db::schema::accounts;
use crate::error::{Error, Result};
use crate::org::tree::{self, Tree};
use crate::register::region::Regions;

/// Viewers that are remembered at most; then all are forgotten.
const MOST: usize = 4_096;

/// What was read before and is still right: nothing of it counts once a version differs.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    tree: RwLock<Arc<Tree>>,
    /// By account: the versions of account and organisation, and the viewer made of them.
    viewers: RwLock<HashMap<i64, (i64, i64, Viewer)>>,
}

impl Service {
    /// The organisation as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tree(&self, conn: &mut Conn, regions: &Regions) -> Result<Arc<Tree>> {
        let version = tree::version(conn)?;
        self.tree_of(conn, regions, version)
    }

    fn tree_of(&self, conn: &mut Conn, regions: &Regions, version: i64) -> Result<Arc<Tree>> {
        let known = Arc::clone(
            &self
                .remembered
                .tree
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        );
        // A tree that nothing was read into has version 0, like an organisation that nobody has touched yet.
        if known.version() == version && version != 0 {
            return Ok(known);
        }
        let fresh = Arc::new(Tree::load(conn, regions)?);
        *self
            .remembered
            .tree
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// The viewer of an account as it is now, for work done on its behalf in the background.
    ///
    /// # Errors
    /// [`Error::Refused`] when the account is gone or was deactivated since.
    pub fn viewer(&self, conn: &mut Conn, regions: &Regions, account: i64) -> Result<Viewer> {
        let found: Option<AccountRow> = accounts::table
            .filter(accounts::id.eq(account).and(accounts::active.eq(true)))
            .select(AccountRow::as_select())
            .first(conn)
            .optional()?;
        let gone = || Error::Refused("账号已停用，后台处理已停止".to_owned());
        let account = found.ok_or_else(gone)?;
        self.viewer_of(conn, regions, &account)
    }

    /// The viewer made of these versions before, if it is still remembered.
    pub(super) fn recall(&self, account: i64, version: i64, organisation: i64) -> Option<Viewer> {
        let known = self
            .remembered
            .viewers
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let same = |(a, o, _): &&(i64, i64, Viewer)| (*a, *o) == (version, organisation);
        known.get(&account).filter(same).map(|(.., v)| v.clone())
    }

    /// The viewer of an account. Every change of name, home or roles raises the account's version, so one made
    /// of the same versions is the same.
    pub(super) fn viewer_of(
        &self,
        conn: &mut Conn,
        regions: &Regions,
        account: &AccountRow,
    ) -> Result<Viewer> {
        let organisation = tree::version(conn)?;
        if let Some(viewer) = self.recall(account.id, account.version, organisation) {
            return Ok(viewer);
        }
        let tree = self.tree_of(conn, regions, organisation)?;
        let held: Vec<_> = row::held(conn, account.id)?
            .into_iter()
            .map(|(_, role, at)| {
                (
                    role,
                    at,
                    at.map_or_else(Extents::default, |d| tree.extents(d)),
                )
            })
            .collect();
        let viewer = Viewer::signed_in(account.id, &account.name, account.department_id, &held);
        let mut known = self
            .remembered
            .viewers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(
            account.id,
            (account.version, tree.version(), viewer.clone()),
        );
        Ok(viewer)
    }
}
