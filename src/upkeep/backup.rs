//! 备份: the whole ledger into one file, while the service goes on.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use sm3::{Digest, Sm3};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::{DATABASE, FOLDERS, FORMAT, MANIFEST, Manifest, Part, is_ours};
use super::checkpoint::{self, Checkpoint};
use super::seal::Seal;
use crate::db::connection::{Conn, Database};
use crate::error::{Doing, Error, Result};
use crate::hex::hex;

const DOING: &str = "写入备份";

/// Writes a backup of the ledger and the files beside it; returns what it says of itself.
///
/// The database is copied by the engine itself, as of one moment (D5). Files are never changed once they are there,
/// so those of that moment are all in it.
///
/// # Errors
/// [`Error::Usage`] for a ledger on a server, with what to do instead; [`Error::Conflict`] when the file exists; when
/// a disk fails. Nothing is left at `out` then.
pub fn write(database: &Database, data: &Path, out: &Path) -> Result<Manifest> {
    if database.is_server() {
        return Err(Error::Usage(
            "账本在 PostgreSQL 上，请用它自带的 pg_dump --format=custom 备份数据库，并另行复制数据目录中的 attachments、uploads 和 checkpoints"
                .to_owned(),
        ));
    }
    if out.exists() {
        return Err(Error::Conflict(format!(
            "{} 已经存在，备份不覆盖任何文件，请换一个名称",
            out.display()
        )));
    }
    let folder = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).doing("建立备份目录")?;
    let work = tempfile::tempdir_in(folder).doing(DOING)?;
    let copy = work.path().join(DATABASE);
    let mut conn = database.open()?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(copy.to_string_lossy().into_owned())
        .execute(&mut conn)?;
    drop(conn);
    let file = tempfile::NamedTempFile::new_in(folder).doing(DOING)?;
    let mut pack = Pack {
        zip: ZipWriter::new(file.as_file().try_clone().doing(DOING)?),
        parts: Vec::new(),
    };
    pack.add(DATABASE, &copy)?;
    pack.add(checkpoint::FILE, &data.join(checkpoint::FILE))?;
    for name in FOLDERS {
        pack.folder(name, &data.join(name), 2)?;
    }
    // What the copy says, not what the ledger says by now.
    let mut copied: Conn = Database::at(&copy.to_string_lossy())?.connect()?;
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        checkpoint: Checkpoint::now(&mut copied)?.signed(&Seal::open(data)?),
        parts: std::mem::take(&mut pack.parts),
    };
    pack.finish(&manifest)?;
    file.as_file().sync_all().doing(DOING)?;
    file.persist_noclobber(out)
        .map_err(|e| e.error)
        .doing(DOING)?;
    Ok(manifest)
}

struct Pack {
    zip: ZipWriter<File>,
    parts: Vec<Part>,
}

impl Pack {
    /// A file, unless it is not there: an upload may have been dealt with meanwhile.
    fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        let mut from = match File::open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.doing(DOING)?,
        };
        self.begin(name)?;
        let (mut size, mut digest) = (0_u64, Sm3::new());
        let mut buffer = vec![0_u8; 1 << 16];
        loop {
            let n = from.read(&mut buffer).doing(DOING)?;
            let part = buffer.get(..n).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            digest.update(part);
            size += u64::try_from(n).unwrap_or(0);
            self.zip.write_all(part).doing(DOING)?;
        }
        self.parts.push(Part {
            name: name.to_owned(),
            size,
            sm3: hex(&digest.finalize()),
        });
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(3))
            .unix_permissions(0o600)
            .large_file(true);
        self.zip
            .start_file(name, options)
            .map_err(std::io::Error::from)
            .doing(DOING)
    }

    /// The files of a folder, `deep` levels down. Files that are still arriving are called otherwise and left out.
    fn folder(&mut self, name: &str, path: &Path, deep: u32) -> Result<()> {
        let found = match fs::read_dir(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            found => found.doing(DOING)?,
        };
        let mut names = Vec::new();
        for entry in found {
            let entry = entry.doing(DOING)?;
            let own = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().doing(DOING)?.is_dir();
            names.push((format!("{name}/{own}"), entry.path(), is_folder));
        }
        names.sort();
        for (name, path, is_folder) in names {
            match (is_folder, deep) {
                (true, 2..) => self.folder(&name, &path, deep - 1)?,
                (false, _) if is_ours(&name) => self.add(&name, &path)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(mut self, manifest: &Manifest) -> Result<()> {
        self.begin(MANIFEST)?;
        let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
        self.zip.write_all(&text).doing(DOING)?;
        let file = self.zip.finish().map_err(std::io::Error::from);
        file.doing(DOING)?.sync_all().doing(DOING)
    }
}
