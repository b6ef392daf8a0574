//! A file sent with a form: streamed to disk under a limit, its other fields read beside it.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::web;
use futures_util::StreamExt as _;
use tempfile::NamedTempFile;

use crate::error::{Doing, Error, Problem, Result};
use crate::web::fields::has_controls;

/// The longest other field.
const FIELD_BYTES: usize = 4096;

/// How many other fields.
const FIELDS: usize = 20;

/// All of it has to have arrived within this time.
const PATIENCE: Duration = Duration::from_secs(600);

/// What arrived.
pub struct Arrival {
    /// The file and the name it came under; it is gone when this is dropped.
    pub file: Option<(NamedTempFile, String)>,
    fields: Vec<(String, String)>,
}

impl Arrival {
    /// Another field of the form.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

fn broken() -> Error {
    Error::Usage("上传的内容没有收全，请重试".to_owned())
}

/// Reads a form with one file in the field `file`, of at most `limit` bytes.
///
/// # Errors
/// [`Error::TooLarge`] above a limit, [`Error::Usage`] for a form that breaks off or takes too long,
/// [`Error::Invalid`] for control characters in a field.
pub async fn read(payload: Multipart, folder: &Path, limit: u64) -> Result<Arrival> {
    match tokio::time::timeout(PATIENCE, parts(payload, folder, limit)).await {
        Ok(arrival) => arrival,
        Err(_) => Err(broken()),
    }
}

async fn parts(mut payload: Multipart, folder: &Path, limit: u64) -> Result<Arrival> {
    let mut out = Arrival {
        file: None,
        fields: Vec::new(),
    };
    while let Some(part) = payload.next().await {
        let mut part = part.map_err(|_| broken())?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part
            .content_disposition()
            .and_then(|d| d.get_filename())
            .map(str::to_owned);
        if name == "file" {
            std::fs::create_dir_all(folder).doing("建立临时目录")?;
            let mut file = NamedTempFile::new_in(folder).doing("建立临时文件")?;
            let mut size = 0_u64;
            while let Some(bytes) = part.next().await {
                let bytes = bytes.map_err(|_| broken())?;
                size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                if size > limit {
                    let most = limit / 1024 / 1024;
                    return Err(Error::TooLarge(format!("文件超过 {most} MB")));
                }
                file = web::block(move || file.write_all(&bytes).map(|()| file))
                    .await
                    .doing("保存上传的文件")?
                    .doing("保存上传的文件")?;
            }
            out.file = Some((file, file_name.unwrap_or_default()));
            continue;
        }
        let mut value = Vec::new();
        while let Some(bytes) = part.next().await {
            value.extend_from_slice(&bytes.map_err(|_| broken())?);
            if value.len() > FIELD_BYTES || out.fields.len() >= FIELDS {
                return Err(Error::TooLarge("表单内容过长".to_owned()));
            }
        }
        let value = String::from_utf8_lossy(&value).into_owned();
        if has_controls(&value) || has_controls(&name) {
            let message = "内容中有不可见的控制字符";
            return Err(Error::Invalid(vec![Problem::new(
                "",
                "control_character",
                message,
                "",
            )]));
        }
        out.fields.push((name, value));
    }
    Ok(out)
}
