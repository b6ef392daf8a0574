//! One service to a file: whoever serves or replaces a `SQLite` ledger holds the data folder while it does.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::{Doing, Error, Result};

/// Name of the file in the data folder.
const FILE: &str = "serving";

/// The hold on a data folder; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// Takes the hold on a data folder.
///
/// # Errors
/// [`Error::Conflict`] naming the process that has it; when the folder cannot be written.
pub fn hold(data: &Path) -> Result<Hold> {
    std::fs::create_dir_all(data).doing("建立数据目录")?;
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options
        .mode(0o600)
        .open(data.join(FILE))
        .doing("占用数据目录")?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut who = String::new();
            let _ = file.read_to_string(&mut who);
            return Err(Error::Conflict(format!(
                "数据目录 {} 正由进程 {} 使用，请先停止它",
                data.display(),
                who.trim()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(error).doing("占用数据目录"),
    }
    file.set_len(0).doing("占用数据目录")?;
    file.rewind().doing("占用数据目录")?;
    write!(file, "{}", std::process::id()).doing("占用数据目录")?;
    Ok(Hold(file))
}
