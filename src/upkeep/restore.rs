//! 恢复: a backup is unpacked beside the ledger and verified as a whole; only then does it take the ledger's place (D14).

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sm3::{Digest, Sm3};
use zip::ZipArchive;

use super::archive::{DATABASE, FOLDERS, FORMAT, MANIFEST, Manifest, is_ours};
use super::checkpoint::{self, Checkpoint};
use super::serving;
use crate::audit;
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::{self, Database};
use crate::db::schema::{accounts, ledger_head};
use crate::error::{Doing, Error, Result};
use crate::hex::hex;
use crate::ledger::verify;

const DOING: &str = "恢复备份";

/// The longest manifest.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Where what stood there before now lies.
    pub aside: Option<PathBuf>,
}

fn refused(message: impl Into<String>) -> Error {
    Error::Input {
        code: "bad_backup".to_owned(),
        message: message.into(),
        suggestion: "账本未改动；请换一份完整的备份".to_owned(),
    }
}

/// Reads a backup to its end and verifies it, without touching any ledger.
///
/// # Errors
/// [`Error::Input`] with what is wrong with it.
pub fn inspect(from: &Path, work: &Path) -> Result<Manifest> {
    let folder = tempfile::tempdir_in(work).doing(DOING)?;
    unpack(from, folder.path())
}

/// Puts a backup in the place of the ledger. What stands there is moved aside, never deleted, and only if `replace`.
///
/// # Errors
/// [`Error::Input`] when the backup is not whole; [`Error::Conflict`] when there is a ledger and `replace` is not
/// said, or when a service is using the folder; [`Error::Usage`] for a ledger on a server.
pub fn restore(database: &Database, data: &Path, from: &Path, replace: bool) -> Result<Restored> {
    if database.is_server() {
        return Err(Error::Usage(
            "账本在 PostgreSQL 上，请用它自带的 pg_restore 恢复数据库，并复制回 attachments、uploads 和 checkpoints"
                .to_owned(),
        ));
    }
    let _hold = serving::hold(data)?;
    let target = PathBuf::from(database.address());
    if !replace && target.exists() && is_used(database)? {
        return Err(Error::Conflict(format!(
            "{} 已有账本。确要用备份替换它，请加 --replace；原有文件会移到旁边的目录，不会删除",
            target.display()
        )));
    }
    let folder = tempfile::tempdir_in(data).doing(DOING)?;
    let manifest = unpack(from, folder.path())?;
    let aside = set_aside(data, &target)?;
    fs::rename(folder.path().join(DATABASE), &target).doing(DOING)?;
    for name in FOLDERS.into_iter().chain([checkpoint::FILE]) {
        let new = folder.path().join(name);
        if new.exists() {
            fs::rename(new, data.join(name)).doing(DOING)?;
        }
    }
    Ok(Restored { manifest, aside })
}

/// Whether a database holds anything worth keeping.
fn is_used(database: &Database) -> Result<bool> {
    let mut conn = database.open()?;
    let changes: i64 = ledger_head::table
        .select(ledger_head::seq)
        .first(&mut conn)?;
    let people: i64 = accounts::table.count().get_result(&mut conn)?;
    Ok(changes > 0 || people > 0)
}

/// Moves what stands there into a folder of its own.
fn set_aside(data: &Path, target: &Path) -> Result<Option<PathBuf>> {
    let stamp = clock::now().format("%Y%m%d-%H%M%S%3f");
    let aside = data.join(format!("before-restore-{stamp}"));
    let beside = |end: &str| PathBuf::from(format!("{}{end}", target.display()));
    let mut standing = vec![target.to_owned(), beside("-wal"), beside("-shm")];
    standing.extend(FOLDERS.iter().map(|name| data.join(name)));
    standing.push(data.join(checkpoint::FILE));
    let mut moved = false;
    for path in standing.iter().filter(|p| p.exists()) {
        fs::create_dir_all(&aside).doing(DOING)?;
        let name = path.file_name().unwrap_or_default();
        fs::rename(path, aside.join(name)).doing(DOING)?;
        moved = true;
    }
    Ok(moved.then_some(aside))
}

/// Unpacks into an empty folder; everything is held to the manifest, and the ledger in it to its own chain.
fn unpack(from: &Path, folder: &Path) -> Result<Manifest> {
    let file = File::open(from).doing("打开备份")?;
    let mut zip = ZipArchive::new(BufReader::new(file))
        .map_err(|_| refused("不是备份文件，或没有传完整。"))?;
    let manifest = manifest(&mut zip)?;
    let mut parts: HashMap<&str, (u64, &str)> = manifest
        .parts
        .iter()
        .map(|p| (p.name.as_str(), (p.size, p.sm3.as_str())))
        .collect();
    for number in 0..zip.len() {
        let mut entry = zip.by_index(number).map_err(|_| refused("备份已损坏。"))?;
        let name = entry
            .name()
            .map_err(|_| refused("备份已损坏。"))?
            .into_owned();
        if name == MANIFEST {
            continue;
        }
        let Some((size, sm3)) = parts.remove(name.as_str()).filter(|_| is_ours(&name)) else {
            return Err(refused("备份中有不属于它的文件。"));
        };
        let found = copy(&mut entry, &folder.join(&name), size)?;
        if found != (size, sm3.to_owned()) {
            return Err(refused(format!(
                "备份中的 {name} 与清单不符，已损坏或被改动。"
            )));
        }
    }
    if !parts.is_empty() {
        return Err(refused("备份中缺少文件。"));
    }
    check_ledger(&folder.join(DATABASE), &manifest)?;
    Ok(manifest)
}

fn manifest(zip: &mut ZipArchive<BufReader<File>>) -> Result<Manifest> {
    let entry = zip
        .by_name(MANIFEST)
        .map_err(|_| refused("备份中没有清单。"))?;
    let mut text = Vec::new();
    entry
        .take(MANIFEST_BYTES)
        .read_to_end(&mut text)
        .map_err(|_| refused("备份的清单已损坏。"))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|_| refused("备份的清单已损坏。"))?;
    if manifest.format != FORMAT {
        return Err(refused("备份由其他版本的程序制作，格式不同。"));
    }
    if !manifest.checkpoint.is_good() {
        return Err(refused("备份的签名不符，清单被改动。"));
    }
    Ok(manifest)
}

/// Copies at most one byte more than announced: what lies about its size costs no disk.
fn copy(entry: &mut impl Read, to: &Path, size: u64) -> Result<(u64, String)> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).doing(DOING)?;
    }
    let mut file = File::create_new(to).doing(DOING)?;
    let mut from = entry.take(size.saturating_add(1));
    let (mut count, mut digest) = (0_u64, Sm3::new());
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let n = match from.read(&mut buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return Err(refused("备份已损坏。")),
            Ok(n) => n,
        };
        let part = buffer.get(..n).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        digest.update(part);
        count += u64::try_from(n).unwrap_or(0);
        file.write_all(part).doing(DOING)?;
    }
    file.sync_all().doing(DOING)?;
    Ok((count, hex(&digest.finalize())))
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// The engine's own check, the whole chain, and the heads that the manifest signed.
fn check_ledger(path: &Path, manifest: &Manifest) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if !path.exists() {
        return Err(refused("备份中没有账本。"));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).doing(DOING)?;
    let broken = || refused("备份中的账本文件已损坏。");
    let mut conn = Database::at(&path.to_string_lossy())?
        .connect()
        .map_err(|_| broken())?;
    let said: Vec<Said> = diesel::sql_query("PRAGMA integrity_check")
        .load(&mut conn)
        .map_err(|_| broken())?;
    if said.iter().any(|s| s.integrity_check != "ok") {
        return Err(broken());
    }
    if connection::is_from_a_newer_program(&mut conn)? {
        return Err(refused("备份由更新版本的程序制作，请先升级程序。"));
    }
    let found = verify::verify(&mut conn)?;
    if let Some(place) = found.broken {
        let what = format!(
            "备份中的历史在变更 {} 处被改动: {}。",
            place.seq, place.reason
        );
        return Err(refused(what));
    }
    let log = audit::verify(&mut conn, &Viewer::operator("恢复备份"))?;
    if let Some(place) = log.broken {
        let what = format!(
            "备份中的审计日志在第 {} 条处被改动: {}。",
            place.seq, place.message
        );
        return Err(refused(what));
    }
    let stands = Checkpoint::now(&mut conn)?;
    let signed = &manifest.checkpoint.checkpoint;
    let heads = |c: &Checkpoint| {
        (
            c.change_sets,
            c.head.clone(),
            c.audit_lines,
            c.audit_head.clone(),
        )
    };
    if heads(&stands) != heads(signed) {
        return Err(refused("备份中的账本与清单所签的链头不符。"));
    }
    // Nothing may lie beside the file when it is moved.
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")?;
    Ok(())
}
