//! Applying a preview: the same pipeline under the lock, and nothing but what was previewed.

use diesel::prelude::*;

use super::check::{self, Checked};
use super::{State, load};
use crate::app::App;
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::imports;
use crate::error::{Error, Result};
use crate::intake::run::{self, Mode, Progress, Staged};

/// What is said when the ledger is not any more what the preview was made from.
pub const MOVED: &str = "账本在您预览后有变化，已重新核对，请再看一遍";

/// What applying came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in the ledger.
    Written,
    /// The ledger moved: nothing was written, there is a fresh preview.
    Moved(Checked),
    /// Somebody else did, or it is not to be applied any more.
    Overtaken,
}

/// Applies an import that waits for it: all of it, or with `partial` the rows that are right.
///
/// # Errors
/// When the environment fails; the import stays as it is, to be tried again.
pub fn apply(
    app: &App,
    viewer: &Viewer,
    id: i64,
    partial: bool,
    progress: Progress<'_>,
) -> Result<Applied> {
    let mut conn = app.database.connect()?;
    let Some(upload) = load(&mut conn, id)?.filter(|u| u.state() == State::Applying) else {
        return Ok(Applied::Overtaken);
    };
    let mode = if partial { Mode::Partial } else { Mode::Whole };
    let mut request = check::request(app, &mut conn, &upload, mode)?;
    request.staged = Some(Staged {
        import: id,
        plan: upload.plan_digest.clone(),
    });
    match run::run(app, viewer, &request, progress) {
        Ok(done) if done.report.applied => Ok(Applied::Written),
        Ok(_) => again(app, &mut conn, viewer, id, progress),
        // The entry or the import moved under our hands: look which.
        Err(Error::Conflict(_) | Error::NotFound(_)) => match load(&mut conn, id)? {
            Some(upload) if upload.state() == State::Applying => {
                again(app, &mut conn, viewer, id, progress)
            }
            _ => Ok(Applied::Overtaken),
        },
        Err(error) => Err(error),
    }
}

/// Makes a fresh preview of an import that could not be applied as it was shown.
fn again(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    progress: Progress<'_>,
) -> Result<Applied> {
    let hit = diesel::update(imports::table.find(id))
        .filter(imports::state.eq(State::Applying.word()))
        .set((
            imports::state.eq(State::Checking.word()),
            imports::message.eq(MOVED),
            imports::changed_at.eq(clock::now()),
            imports::version.eq(imports::version + 1),
        ))
        .execute(conn)?;
    if hit != 1 {
        return Ok(Applied::Overtaken);
    }
    check::check(app, viewer, id, MOVED, progress).map(Applied::Moved)
}
