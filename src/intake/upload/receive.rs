//! Taking a file in: streamed to disk under a name of our own, counted and digested on the way.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use sm3::{Digest as _, Sm3};

use super::State;
use super::options::Options;
use crate::app::App;
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{imports, ledger_head};
use crate::error::{Doing, Error, Problem, Result};
use crate::intake::record;
use crate::ledger::chain;

/// Files that are still arriving are called so.
const PART: &str = "part";
/// Characters of a file's name.
const LONGEST_NAME: usize = 200;
/// Characters of an idempotency key.
const LONGEST_KEY: usize = 200;

/// Where uploaded files lie.
#[must_use]
pub fn folder(app: &App) -> PathBuf {
    app.data.join("uploads")
}

/// A file that is arriving; removed again unless it is taken in.
pub struct Incoming {
    path: PathBuf,
    file: File,
    digest: Sm3,
    size: u64,
    limit: u64,
    kept: bool,
}

impl Incoming {
    /// Begins to take a file in.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn begin(app: &App) -> Result<Self> {
        let folder = folder(app);
        fs::create_dir_all(&folder).doing("建立上传目录")?;
        let path = folder.join(format!("{}.{PART}", uuid::Uuid::now_v7()));
        let file = File::create_new(&path).doing("保存上传的文件")?;
        Ok(Self {
            path,
            file,
            digest: Sm3::new(),
            size: 0,
            limit: app.parser.limits.file_bytes,
            kept: false,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the limit for files; when the disk says no.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.size > self.limit {
            return Err(too_large(self.limit));
        }
        self.digest.update(bytes);
        self.file.write_all(bytes).doing("保存上传的文件")
    }

    /// Where the bytes lie, until they are taken in or dropped.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes have come.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The refusal of a file beyond the limit.
#[must_use]
pub fn too_large(limit: u64) -> Error {
    Error::TooLarge(format!(
        "文件超过上限 {} MB，请删去图片和多余的工作表，或拆成几个文件后上传",
        limit / (1024 * 1024)
    ))
}

/// A file with what is asked for.
pub struct Submission {
    /// The file.
    pub incoming: Incoming,
    /// Its name as the sender gave it.
    pub name: String,
    /// What is asked for.
    pub options: Options,
    /// The sender's own key against doing it twice; may be empty.
    pub key: String,
}

/// What a submission came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The import.
    pub import: i64,
    /// Whether it is a new one; otherwise the same file was already on its way.
    pub fresh: bool,
}

/// Records a file. Call it in a transaction, with the job that checks it.
///
/// # Errors
/// [`Error::Refused`] for who may write nothing; [`Error::Invalid`] for what cannot be asked, also when the key was
/// used for another file.
pub fn receive(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    submission: Submission,
) -> Result<Received> {
    viewer.may_anywhere(Right::Write)?;
    let Submission {
        mut incoming,
        name,
        options,
        key,
    } = submission;
    let name = clean_name(&name)?;
    check_file(&incoming, &key)?;
    incoming.file.sync_all().doing("保存上传的文件")?;
    conn.transaction(|conn| {
        // The write lock first: of two that send the same file at once, the second finds the first.
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        options.check(conn, viewer, &app.catalogue)?;
        let digest = chain::hex(&incoming.digest.clone().finalize());
        let asked = serde_json::to_string(&options).doing("记录导入选项")?;
        if let Some(import) = same(conn, viewer, &digest, &asked, &key)? {
            return Ok(Received {
                import,
                fresh: false,
            });
        }
        let id = record::next_id(conn)?;
        let stored = format!("{id}-{}", uuid::Uuid::now_v7());
        fs::rename(&incoming.path, folder(app).join(&stored)).doing("保存上传的文件")?;
        incoming.kept = true;
        let now = clock::now();
        let size = i64::try_from(incoming.size).unwrap_or(i64::MAX);
        diesel::insert_into(imports::table)
            .values((
                (
                    imports::id.eq(id),
                    imports::at.eq(now),
                    imports::actor.eq(viewer.name()),
                    imports::file_name.eq(&name),
                    imports::file_digest.eq(&digest),
                    imports::state.eq(State::Received.word()),
                    imports::rows_new.eq(0_i64),
                    imports::rows_changed.eq(0_i64),
                    imports::rows_same.eq(0_i64),
                    imports::rows_refused.eq(0_i64),
                    imports::rows_skipped.eq(0_i64),
                ),
                (
                    imports::account_id.eq(viewer.account()),
                    imports::department_id.eq(viewer.home()),
                    imports::changed_at.eq(now),
                    imports::stored.eq(stored),
                    imports::size.eq(size),
                    imports::options.eq(asked),
                    imports::request_key.eq(&key),
                ),
            ))
            .execute(conn)?;
        let event = Event::done("upload_import", &format!("导入 {id} {name}"))
            .of(viewer.home())
            .with(serde_json::json!({"import": id, "sm3": digest, "bytes": size}));
        audit::record(conn, viewer, &event)?;
        Ok(Received {
            import: id,
            fresh: true,
        })
    })
}

fn check_file(incoming: &Incoming, key: &str) -> Result<()> {
    let mut problems = Vec::new();
    if incoming.size == 0 {
        problems.push(Problem::new(
            "file",
            "file_empty",
            "文件是空的（0 字节），或没有选择文件",
            "请选择要导入的工作簿或 CSV 文件",
        ));
    }
    if key.chars().count() > LONGEST_KEY || key.chars().any(char::is_control) {
        problems.push(Problem::new(
            "Idempotency-Key",
            "invalid_key",
            "幂等键过长或含有控制字符",
            "请使用不超过 200 个字符的键，例如 UUID",
        ));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// The import that the same file of the same sender is already.
fn same(
    conn: &mut Conn,
    viewer: &Viewer,
    digest: &str,
    options: &str,
    key: &str,
) -> Result<Option<i64>> {
    let Some(account) = viewer.account() else {
        return Ok(None);
    };
    let own = imports::table.filter(imports::account_id.eq(account));
    if !key.is_empty() {
        let used: Option<(i64, String)> = own
            .filter(imports::request_key.eq(key))
            .select((imports::id, imports::file_digest))
            .first(conn)
            .optional()?;
        return match used {
            Some((id, of)) if of == digest => Ok(Some(id)),
            Some(_) => Err(Error::Invalid(vec![Problem::new(
                "Idempotency-Key",
                "key_reused",
                "这个 Idempotency-Key 已用于另一个文件",
                "请换一个新的键",
            )])),
            None => Ok(None),
        };
    }
    let open = [
        State::Received,
        State::Checking,
        State::Previewed,
        State::Applying,
    ]
    .map(State::word);
    Ok(own
        .filter(imports::file_digest.eq(digest))
        .filter(imports::options.eq(options))
        .filter(imports::state.eq_any(open))
        .order(imports::id.desc())
        .select(imports::id)
        .first(conn)
        .optional()?)
}

/// A name that is only a name: no folders, no control characters.
fn clean_name(given: &str) -> Result<String> {
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.chars().any(char::is_control) {
        return Err(Error::Invalid(vec![Problem::new(
            "file",
            "control_character",
            "文件名含有控制字符",
            "请改名后重新上传",
        )]));
    }
    let name: String = name.chars().take(LONGEST_NAME).collect();
    Ok(if name.is_empty() || name == "." || name == ".." {
        "未命名".to_owned()
    } else {
        name
    })
}

/// Removes what broken uploads, discarded imports and a former process left. Call it at start.
///
/// # Errors
/// When the folder cannot be read or the database fails.
pub fn sweep(app: &App, conn: &mut Conn) -> Result<usize> {
    let folder = folder(app);
    if !folder.is_dir() {
        return Ok(0);
    }
    let mut removed = 0;
    for entry in fs::read_dir(&folder).doing("整理上传目录")? {
        let path = entry.doing("整理上传目录")?.path();
        if is_left_over(conn, &path)? && fs::remove_file(&path).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_left_over(conn: &mut Conn, path: &Path) -> Result<bool> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    if path.extension().is_some_and(|e| e == PART) {
        return Ok(true);
    }
    let wanted = imports::table
        .filter(imports::stored.eq(name))
        .filter(imports::state.ne(State::Discarded.word()))
        .select(imports::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(path.is_file() && wanted.is_none())
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    #[test]
    fn a_name_is_never_a_path() {
        let name = |given| clean_name(given).unwrap();
        assert_eq!(name("../../etc/passwd"), "passwd");
        assert_eq!(name("C:\\Users\\x\\清单.xlsx"), "清单.xlsx");
        assert_eq!(name(".."), "未命名");
        assert_eq!(name(" "), "未命名");
        assert!(clean_name("a\u{0}b.xlsx").is_err());
        assert_eq!(name(&"长".repeat(300)).chars().count(), 200);
    }
}
