//! What handlers about entries share: a register with what it is read by, and files on their way out.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::error::{Doing, Error, Result};
use crate::ledger::as_of::Definitions;
use crate::org::directory::Directory;
use crate::register::text;
use crate::web::caller::Ask;

/// A register of this service, with the organisation of the moment.
pub struct Desk<'a> {
    app: &'a App,
    directory: Arc<Directory>,
    key: String,
}

impl<'a> Desk<'a> {
    /// The register with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; when the database fails.
    pub fn of(ask: &mut Ask<'a>, register: &str) -> Result<Self> {
        if ask.app.catalogue.register(register).is_none() {
            return Err(Error::NotFound(format!("登记簿“{}”", shown(register))));
        }
        Ok(Self {
            app: ask.app,
            directory: ask.directory()?,
            key: register.to_owned(),
        })
    }

    /// What it is read by.
    ///
    /// # Errors
    /// Never, once it was made.
    pub fn definitions(&self) -> Result<Definitions<'_>> {
        let register = self.app.catalogue.register(&self.key);
        Ok(Definitions {
            catalogue: &self.app.catalogue,
            directory: &self.directory,
            register: register.ok_or_else(|| Error::NotFound("登记簿".to_owned()))?,
        })
    }
}

/// A code as the address has it; what no code can be is not there.
///
/// # Errors
/// [`Error::NotFound`] for control characters, which neither database shall be asked for.
pub fn code(text_given: &str) -> Result<String> {
    match text::check("编码", text_given) {
        Ok(()) => Ok(text_given.to_owned()),
        Err(_) => Err(Error::NotFound(format!("条目“{}”", shown(text_given)))),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// The pairs of a query string.
///
/// # Errors
/// [`Error::Invalid`] naming a parameter that holds a control character.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>> {
    let fields = crate::web::fields::Fields::parse(query)?;
    Ok(fields
        .iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect())
}

/// A part of an address.
#[must_use]
pub fn coded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Pairs as a query string.
#[must_use]
pub fn query_string(pairs: &[(String, String)]) -> String {
    let one = |(k, v): &(String, String)| format!("{}={}", coded(k), coded(v));
    pairs.iter().map(one).collect::<Vec<_>>().join("&")
}

/// A file on its way out.
pub struct Outgoing {
    /// Where it lies.
    pub path: PathBuf,
    /// The name it is saved under.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// It is there for this answer only.
    pub passing: bool,
}

/// How much of a file is read at once.
const PART: usize = 1 << 17;

/// Sends a file part by part, always to be saved and never to be shown (nosniff is set by the gate).
///
/// # Errors
/// When the file cannot be opened.
pub fn send(out: &Outgoing) -> Result<HttpResponse> {
    let file = File::open(&out.path).doing("读取文件")?;
    let size = file.metadata().doing("读取文件")?.len();
    if out.passing {
        // An open file stays readable; no cut connection can leave it behind.
        std::fs::remove_file(&out.path).doing("整理临时文件")?;
    }
    let parts = futures_util::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let read = web::block(move || {
            let mut part = Vec::with_capacity(PART);
            let limit = u64::try_from(PART).unwrap_or(u64::MAX);
            let done = file.by_ref().take(limit).read_to_end(&mut part);
            (file, done.map(|_| part))
        })
        .await;
        match read {
            Ok((_, Ok(part))) if part.is_empty() => None,
            Ok((file, Ok(part))) => Some((Ok(web::Bytes::from(part)), Some(file))),
            Ok((_, Err(error))) => Some((Err(actix_web::Error::from(error)), None)),
            Err(error) => Some((Err(actix_web::Error::from(error)), None)),
        }
    });
    let name = format!("attachment; filename*=UTF-8''{}", coded(&out.name));
    Ok(HttpResponse::Ok()
        .content_type(out.media_type.as_str())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .no_chunking(size)
        .streaming(parts))
}

/// A path for a file that is made for one answer.
///
/// # Errors
/// When the folder cannot be made.
pub fn passing(app: &App, extension: &str) -> Result<PathBuf> {
    let folder = app.data.join("tmp");
    std::fs::create_dir_all(&folder).doing("建立临时目录")?;
    Ok(folder.join(format!("{}.{extension}", uuid::Uuid::now_v7())))
}
