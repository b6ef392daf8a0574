//! The keys that access tokens are signed with: a file of their own in the data folder, made at the first start.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::secret;
use crate::clock;
use crate::error::{Doing, Error, Result};

/// Name of the file in the data folder.
pub const FILE: &str = "signing-keys";

/// Fewest bytes of a key: as many as HS256's hash has.
const LEAST: usize = 32;

/// Keys kept at a rotation, the new one included; older ones sign nothing that is still good.
const KEPT: usize = 3;

/// Beginnings and wholes of secrets that manuals, images and examples have made known to everybody.
const KNOWN: [&str; 24] = [
    "secret",
    "your-256-bit-secret",
    "your-secret",
    "your_jwt_secret",
    "a-string-secret-at-least-256-bits-long",
    "changeme",
    "change-me",
    "change_me",
    "change this",
    "please-change",
    "default",
    "password",
    "p@ssw0rd",
    "admin",
    "example",
    "insecure",
    "supersecret",
    "super-secret",
    "mysecret",
    "my-secret",
    "jwt-secret",
    "jwt_secret",
    "test",
    "0123456789",
];

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    /// Its name, as tokens carry it.
    pub kid: String,
    /// The key itself.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, ***)", self.kid)
    }
}

/// The signing keys: the last one signs, all of them check.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    ring: RwLock<Vec<Key>>,
}

impl Keys {
    /// Reads the keys of a folder, or makes the first one.
    ///
    /// # Errors
    /// When the file cannot be read or made, when others may read it, when a key is short or well known.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).doing("建立数据目录")?;
        let path = folder.join(FILE);
        if !path.exists() {
            make(&path, &[fresh()?], false)?;
        }
        let ring = RwLock::new(read(&path)?);
        Ok(Self { path, ring })
    }

    /// Makes a new key that signs from now on. Unless `forget` is set, older keys go on checking.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn rotate(&self, forget: bool) -> Result<String> {
        let key = fresh()?;
        let kid = key.kid.clone();
        let mut keys = if forget {
            Vec::new()
        } else {
            read(&self.path)?
        };
        keys.push(key);
        let superfluous = keys.len().saturating_sub(KEPT);
        keys.drain(..superfluous);
        make(&self.path, &keys, true)?;
        self.take(keys);
        Ok(kid)
    }

    /// Reads the file again: another process may have rotated it.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn reload(&self) -> Result<()> {
        let keys = read(&self.path)?;
        self.take(keys);
        Ok(())
    }

    fn take(&self, keys: Vec<Key>) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The keys, the newest last.
    pub(super) fn all(&self) -> Vec<Key> {
        self.ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn fresh() -> Result<Key> {
    let bytes = secret::random()?.to_vec();
    let day = clock::now().format("%Y%m%d");
    let name = secret::hex(&secret::random()?);
    let kid = format!("{day}-{}", name.get(..8).unwrap_or(&name));
    Ok(Key { kid, bytes })
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Usage(format!("签名密钥文件 {} 不可用: {why}", path.display()))
}

/// Writes the file aside and moves it in place, so that there is a whole one at any moment.
fn make(path: &Path, keys: &[Key], replace: bool) -> Result<()> {
    const DOING: &str = "写签名密钥文件";
    let folder = path.parent().unwrap_or(Path::new("."));
    // Such a file is readable by its owner only (0600) from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(folder).doing(DOING)?;
    writeln!(
        file,
        "# Signing keys of one-ledger. Whoever reads them can sign in as anybody."
    )
    .doing(DOING)?;
    for key in keys {
        writeln!(file, "{} {}", key.kid, secret::hex(&key.bytes)).doing(DOING)?;
    }
    file.as_file().sync_all().doing(DOING)?;
    if replace {
        file.persist(path).doing(DOING)?;
        return Ok(());
    }
    match file.persist_noclobber(path) {
        // Another process was a moment earlier: its keys are as good.
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        done => done.map(drop).doing(DOING),
    }
}

fn read(path: &Path) -> Result<Vec<Key>> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = fs::metadata(path).doing("读取签名密钥文件")?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(refused(path, "其他用户可以读取它，请执行 chmod 600"));
    }
    let text = fs::read_to_string(path).doing("读取签名密钥文件")?;
    let mut keys = Vec::new();
    for line in text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.trim().is_empty())
    {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [kid, hex] = parts.as_slice() else {
            return Err(refused(path, "每行应为“名称 十六进制密钥”"));
        };
        let Some(bytes) = secret::unhex(hex) else {
            return Err(refused(path, "密钥应为十六进制"));
        };
        if let Some(why) = weakness(&bytes) {
            return Err(refused(path, why));
        }
        keys.push(Key {
            kid: (*kid).to_owned(),
            bytes,
        });
    }
    if keys.is_empty() {
        return Err(refused(path, "其中没有密钥"));
    }
    Ok(keys)
}

/// Why this is no secret; none when it may be one.
#[must_use]
pub fn weakness(bytes: &[u8]) -> Option<&'static str> {
    if bytes.len() < LEAST {
        return Some("密钥短于 32 字节");
    }
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    if KNOWN.iter().any(|known| text.starts_with(known)) {
        return Some("密钥是众所周知的示例");
    }
    // 32 random bytes have about 30 different values; below 12 is no chance, but a pattern.
    let distinct: std::collections::BTreeSet<&u8> = bytes.iter().collect();
    if distinct.len() < 12 {
        return Some("密钥有规律，不是随机产生的");
    }
    let steps: std::collections::BTreeSet<u8> = bytes
        .windows(2)
        .filter_map(|w| Some(w.last()?.wrapping_sub(*w.first()?)))
        .collect();
    (steps.len() < 4).then_some("密钥有规律，不是随机产生的")
}
