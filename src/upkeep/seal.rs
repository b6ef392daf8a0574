//! The key that checkpoints are signed with: Ed25519, in a file of its own beside the database, never in it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::error::{Doing, Error, Result};
use crate::hex::{hex, unhex};

/// Name of the file in the data folder.
pub const FILE: &str = "checkpoint-key";

/// What is signed begins so: a signature of ours is never good for anything else.
const DOMAIN: &[u8] = b"one-ledger checkpoint 1\n";

/// Signs checkpoints.
#[derive(Debug)]
pub struct Seal(Ed25519KeyPair);

impl Seal {
    /// Reads the key of a data folder, or makes it.
    ///
    /// # Errors
    /// When the file cannot be read or made, when others may read it, when it holds no key.
    pub fn open(data: &Path) -> Result<Self> {
        fs::create_dir_all(data).doing("建立数据目录")?;
        let path = data.join(FILE);
        if !path.exists() {
            make(data, &path)?;
        }
        let about = fs::metadata(&path).doing("读取检查点密钥")?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(Error::Usage(format!(
                "检查点密钥 {} 其他用户可以读取，请执行 chmod 600",
                path.display()
            )));
        }
        let bytes = fs::read(&path).doing("读取检查点密钥")?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes)
            .map(Self)
            .map_err(|_| Error::Usage(format!("检查点密钥 {} 不可用", path.display())))
    }

    /// The public half, in hexadecimal: what a verifier elsewhere needs.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }

    /// Signs, in hexadecimal.
    #[must_use]
    pub fn sign(&self, told: &[u8]) -> String {
        hex(self.0.sign(&[DOMAIN, told].concat()).as_ref())
    }
}

/// Whether somebody with this public key signed this; keys and signatures in hexadecimal.
#[must_use]
pub fn is_signed(public: &str, told: &[u8], signature: &str) -> bool {
    let (Some(public), Some(signature)) = (unhex(public), unhex(signature)) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(&[DOMAIN, told].concat(), &signature).is_ok()
}

fn make(data: &Path, path: &Path) -> Result<()> {
    const DOING: &str = "建立检查点密钥";
    let refused = |_| Error::Internal {
        doing: DOING,
        cause: "no random bytes".to_owned(),
    };
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(refused)?;
    let mut file = tempfile::NamedTempFile::new_in(data).doing(DOING)?;
    file.write_all(key.as_ref()).doing(DOING)?;
    file.as_file().sync_all().doing(DOING)?;
    match file.persist_noclobber(path) {
        // Another process was a moment earlier: its key is as good.
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        done => done.map(drop).map_err(|e| e.error).doing(DOING),
    }
}
