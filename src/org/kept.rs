//! The organisation in memory, read again only when it has changed.

use std::sync::{Arc, Mutex};

use crate::db::connection::Conn;
use crate::error::Result;
use crate::org::directory::Directory;
use crate::org::tree;

/// Keeps the directory of one version of the organisation.
#[derive(Debug, Default)]
pub struct Kept {
    held: Mutex<Option<(i64, Arc<Directory>)>>,
}

impl Kept {
    /// The directory as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn get(&self, conn: &mut Conn) -> Result<Arc<Directory>> {
        // The version first: a change in between makes what is kept stale, never wrongly fresh.
        let version = tree::version(conn)?;
        self.at(conn, version)
    }

    /// The directory as it is now, when this version of the organisation was read just before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn at(&self, conn: &mut Conn, version: i64) -> Result<Arc<Directory>> {
        let held = self.held.lock().ok().and_then(|held| held.clone());
        if let Some((of, directory)) = held
            && of == version
        {
            return Ok(directory);
        }
        let directory = Arc::new(Directory::load(conn)?);
        if let Ok(mut held) = self.held.lock() {
            *held = Some((version, Arc::clone(&directory)));
        }
        Ok(directory)
    }
}
