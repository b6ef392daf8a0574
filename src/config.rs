//! Settings: by flag, then environment, then a configuration file, then defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::accounts::Rules;
use crate::deadline;
use crate::error::{Doing, Error, Result};
use crate::issue;
use crate::notice::mail;
use crate::org;
use crate::review::{duplicate, zombie};
use crate::sharing::reconcile;
use crate::sharing::request;
use crate::sheet::limits::Limits;
use crate::upkeep::checkpoint;

/// What a configuration file (TOML) may say; every key is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// Path of the `SQLite` file, or a `postgres://` address.
    pub database: Option<String>,
    /// Data folder, for the default database.
    pub data: Option<PathBuf>,
    /// Folder with a deployment's own registers, fields and lists.
    pub definitions: Option<PathBuf>,
    /// Limits for workbooks; those left out keep their defaults.
    pub limits: Limits,
    /// Rules for passwords, sessions and locks; those left out keep their defaults.
    pub accounts: Rules,
    /// Rules for people and filings; those left out keep their defaults.
    pub organisation: org::Rules,
    /// Who is reminded of what falls due, and when; what is left out keeps its default.
    pub reminders: deadline::Rules,
    /// How long issues (对接难点问题) may take; what is left out keeps its default.
    pub issues: issue::Rules,
    /// What links are compared by (对账); what is left out keeps its default.
    pub reconcile: reconcile::Rules,
    /// The mail server; nothing is mailed without.
    pub mail: Option<mail::Settings>,
    /// Thresholds of the check for duplicates; those left out keep their defaults.
    pub duplicates: duplicate::Rules,
    /// Thresholds of the tests for zombie systems; those left out keep their defaults.
    pub zombies: zombie::Rules,
    /// How sharing is done; what is left out keeps its default.
    pub sharing: request::Rules,
    /// Where signed checkpoints go besides the data folder.
    pub checkpoints: checkpoint::Rules,
    /// The service.
    pub serve: Serve,
}

/// How the service listens and what it lets in.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Serve {
    /// Address and port.
    pub listen: SocketAddr,
    /// A proxy in front ends TLS and tells the caller's address (`X-Forwarded-For`).
    pub behind_proxy: bool,
    /// Requests a second that one address may send on average; 0 = no limit.
    pub rate_per_second: u32,
    /// Requests that one address may send at once.
    pub rate_burst: u32,
    /// Largest body of a request that is no upload, in bytes.
    pub body_bytes: usize,
    /// Connections to the database.
    pub connections: u32,
    /// Mebibytes for answers that are given again while nothing has changed; 0 keeps none.
    pub kept_answers_mib: usize,
    /// Threads that answer requests.
    pub workers: usize,
    /// Seconds that running requests are given on SIGTERM.
    pub drain_seconds: u64,
    /// Threads that do background work.
    pub jobs: usize,
    /// Uploads that may arrive at once; one more is told to come again.
    pub uploads: usize,
    /// Seconds that one upload may take as a whole.
    pub upload_seconds: u64,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            behind_proxy: false,
            rate_per_second: 100,
            rate_burst: 400,
            body_bytes: 2 * 1024 * 1024,
            connections: 12,
            kept_answers_mib: 8,
            workers: 2,
            drain_seconds: 25,
            jobs: 2,
            uploads: 16,
            upload_seconds: 900,
        }
    }
}

impl Serve {
    /// Refuses what would send passwords in clear over a network.
    ///
    /// # Errors
    /// [`Error::Usage`] for a public address without a proxy that ends TLS (GB/T 22239-2019 8.1.4.1 c).
    pub fn check(&self) -> Result<()> {
        if self.listen.ip().is_loopback() || self.behind_proxy {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "监听 {} 会让口令明文经过网络。请监听 127.0.0.1，由前置代理提供 HTTPS；确已有代理时加 --behind-proxy",
            self.listen
        )))
    }
}

/// Settings as they were given on the command line and in the environment.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--database`.
    pub database: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--definitions`.
    pub definitions: Option<PathBuf>,
}

/// Settings in force.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address of the ledger.
    pub database: String,
    /// A deployment's own definitions.
    pub definitions: Option<PathBuf>,
    /// Limits for workbooks.
    pub limits: Limits,
    /// Data folder: the default database, uploads, attachments, signing keys.
    pub data: PathBuf,
    /// Rules for passwords, sessions and locks.
    pub accounts: Rules,
    /// Rules for people and filings.
    pub organisation: org::Rules,
    /// Who is reminded of what falls due, and when.
    pub reminders: deadline::Rules,
    /// How long issues may take, and who is reminded when.
    pub issues: issue::Rules,
    /// What links are compared by.
    pub reconcile: reconcile::Rules,
    /// The mail server.
    pub mail: Option<mail::Settings>,
    /// Thresholds of the check for duplicates.
    pub duplicates: duplicate::Rules,
    /// Thresholds of the tests for zombie systems.
    pub zombies: zombie::Rules,
    /// How sharing is done.
    pub sharing: request::Rules,
    /// Where signed checkpoints go besides the data folder.
    pub checkpoints: checkpoint::Rules,
    /// The service.
    pub serve: Serve,
}

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// When the configuration file cannot be read, has an unknown key or a mail server that would be sent a password in
    /// clear.
    pub fn gather(given: Given) -> Result<Self> {
        let file = given
            .config
            .as_deref()
            .map(read)
            .transpose()?
            .unwrap_or_default();
        let data = given
            .data
            .or(file.data)
            .unwrap_or_else(|| PathBuf::from("."));
        let database = given.database.or(file.database);
        file.mail.as_ref().map_or(Ok(()), mail::Settings::check)?;
        Ok(Self {
            database: database
                .unwrap_or_else(|| data.join("one-ledger.db").to_string_lossy().into_owned()),
            definitions: given.definitions.or(file.definitions),
            limits: file.limits,
            data,
            accounts: file.accounts.settled()?,
            organisation: file.organisation,
            reminders: file.reminders,
            issues: file.issues,
            reconcile: file.reconcile,
            mail: file.mail,
            duplicates: file.duplicates,
            zombies: file.zombies,
            sharing: file.sharing,
            checkpoints: file.checkpoints,
            serve: file.serve,
        })
    }
}

fn read(path: &Path) -> Result<ConfigFile> {
    let text = std::fs::read_to_string(path).doing("读取配置文件")?;
    toml::from_str(&text)
        .map_err(|e| Error::Usage(format!("配置文件 {} 有误: {}", path.display(), e.message())))
}
