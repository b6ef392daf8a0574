//! Settings: by flag, then environment, then a configuration file, then defaults.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Doing, Error, Result};
use crate::sheet::limits::Limits;

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
    /// Where files are kept.
    pub data: PathBuf,
}

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// When the configuration file cannot be read or has an unknown key.
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
        Ok(Self {
            database: database
                .unwrap_or_else(|| data.join("one-ledger.db").to_string_lossy().into_owned()),
            definitions: given.definitions.or(file.definitions),
            limits: file.limits,
            data,
        })
    }
}

fn read(path: &Path) -> Result<ConfigFile> {
    let text = std::fs::read_to_string(path).doing("读取配置文件")?;
    toml::from_str(&text)
        .map_err(|e| Error::Usage(format!("配置文件 {} 有误: {}", path.display(), e.message())))
}
