//! Files that browsers and programs send: streamed to disk under limits of our own (D15).
//!
//! The framework has no limit for a multipart stream: neither for its size nor for a sender who sends a byte a
//! second. So the declared length is looked at before the first byte, and bytes and time are counted on the way.
//! Whoever may not send anything is told before the file is taken.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_multipart::{Field, Multipart};
use actix_web::http::header;
use actix_web::rt::time::timeout;
use actix_web::{HttpRequest, web};
use futures_util::TryStreamExt as _;

use crate::auth::Right;
use crate::error::{Doing, Error, Problem, Result};
use crate::intake::upload::receive::{self, Incoming};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::fields::has_controls;
use crate::web::state::State;

/// A sender may be slow for so long.
const GRACE: Duration = Duration::from_secs(10);
/// After that, so many bytes a second are the least.
const LEAST_RATE: u64 = 1024;
/// Bytes of one field that is no file.
const LONGEST_FIELD: usize = 64 * 1024;
/// Fields of one form.
const MOST_FIELDS: usize = 50;
/// What a form may be larger than its file.
const AROUND: u64 = 1024 * 1024;
/// Bytes that are written to disk together.
const WRITTEN: usize = 256 * 1024;
/// Seconds after which one who was turned away may come again.
const AGAIN: u64 = 5;

/// A form with a file, taken in.
pub struct Sent {
    /// The file with its name; none when the form has none.
    pub file: Option<(String, Incoming)>,
    fields: BTreeMap<String, String>,
}

impl Sent {
    /// The text of a field; empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let text = self.fields.get(name)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether a box is ticked, or a flag is set.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        matches!(
            self.get(name).as_deref(),
            Some("1" | "true" | "on" | "yes" | "是")
        )
    }

    /// The token of the form.
    #[must_use]
    pub fn csrf(&self) -> Option<&str> {
        self.fields.get("csrf").map(String::as_str)
    }
}

/// How fast a sender has to be.
struct Pace {
    begun: Instant,
    at_most: Duration,
    bytes: u64,
}

impl Pace {
    /// How long the next bytes may take.
    fn patience(&self) -> Duration {
        let earned = GRACE + Duration::from_secs(self.bytes / LEAST_RATE);
        earned
            .min(self.at_most)
            .saturating_sub(self.begun.elapsed())
    }

    async fn next<T>(
        &self,
        coming: impl Future<Output = std::result::Result<T, actix_multipart::MultipartError>>,
    ) -> Result<T> {
        match timeout(self.patience(), coming).await {
            Ok(Ok(next)) => Ok(next),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(Error::Input {
                code: "upload_too_slow".to_owned(),
                message: "上传过慢，已中断".to_owned(),
                suggestion: "请检查网络后重新上传".to_owned(),
            }),
        }
    }
}

fn broken(error: &actix_multipart::MultipartError) -> Error {
    tracing::debug!(%error, "a form with a file could not be read");
    Error::Input {
        code: "upload_broken".to_owned(),
        message: "上传的内容不完整或格式有误".to_owned(),
        suggestion: "请用 multipart/form-data 提交，文件放在字段 file 中".to_owned(),
    }
}

/// Takes a form with a file in, of somebody who may write something.
///
/// # Errors
/// [`Error::TooLarge`] (before the first byte where the length is declared), [`Error::Busy`] when too many arrive
/// at once, [`Error::SignedOut`], [`Error::Refused`], [`Error::Input`] for a form that is slow or broken.
pub async fn take(
    request: &HttpRequest,
    payload: web::Payload,
) -> std::result::Result<Sent, Failure> {
    take_for(request, payload, Right::Write).await
}

/// Takes a form with a file in, of somebody who has this right anywhere.
///
/// # Errors
/// As [`take`].
pub async fn take_for(
    request: &HttpRequest,
    payload: web::Payload,
    right: Right,
) -> std::result::Result<Sent, Failure> {
    let caller = Caller::of(request)?;
    let state = caller.state().clone();
    check_head(request, &state)?;
    let slots = std::sync::Arc::clone(&state.uploads);
    let Ok(_slot) = slots.try_acquire_owned() else {
        return Err(Error::Busy(AGAIN).into());
    };
    let mut form = Multipart::new(request.headers(), payload);
    let mut pace = Pace {
        begun: Instant::now(),
        at_most: state.upload_time,
        bytes: 0,
    };
    let mut sent = Sent {
        file: None,
        fields: BTreeMap::new(),
    };
    let mut asked = Some(caller);
    while let Some(mut field) = pace.next(form.try_next()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if sent.file.is_some() {
                return Err(one_file().into());
            }
            // Before the first byte of the file is kept: who is it?
            if let Some(caller) = asked.take() {
                let caller = caller.with_csrf(sent.csrf());
                caller.read(move |ask| may_send(ask, right)).await?;
            }
            sent.file = Some(file(&state, &mut field, &mut pace).await?);
        } else if sent.fields.len() < MOST_FIELDS {
            let text = text(&name, &mut field, &mut pace).await?;
            sent.fields.entry(name).or_insert(text);
        }
    }
    Ok(sent)
}

fn may_send(ask: &mut crate::web::caller::Ask<'_>, right: Right) -> Result<()> {
    Ok(ask.viewer.may_anywhere(right)?)
}

fn check_head(request: &HttpRequest, state: &State) -> Result<()> {
    let text = |name: header::HeaderName| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        return Err(Error::Usage(
            "请用 multipart/form-data 提交，文件放在字段 file 中".to_owned(),
        ));
    }
    let limit = state.app.parser.limits.file_bytes;
    let length = text(header::CONTENT_LENGTH).and_then(|l| l.parse::<u64>().ok());
    if length.is_some_and(|l| l > limit.saturating_add(AROUND)) {
        return Err(receive::too_large(limit));
    }
    Ok(())
}

fn one_file() -> Error {
    Error::Invalid(vec![Problem::new(
        "file",
        "one_file",
        "一次只能上传一个文件",
        "请分别上传",
    )])
}

async fn file(state: &State, field: &mut Field, pace: &mut Pace) -> Result<(String, Incoming)> {
    let disposition = field.content_disposition();
    let name = disposition
        .and_then(|d| d.get_filename())
        .unwrap_or_default()
        .to_owned();
    let mut incoming = Incoming::begin(&state.app)?;
    let mut held: Vec<u8> = Vec::with_capacity(WRITTEN);
    while let Some(bytes) = pace.next(field.try_next()).await? {
        pace.bytes += u64::try_from(bytes.len()).unwrap_or(0);
        held.extend_from_slice(&bytes);
        if held.len() >= WRITTEN {
            incoming = write(incoming, std::mem::take(&mut held)).await?;
        }
    }
    Ok((name, write(incoming, held).await?))
}

async fn write(mut incoming: Incoming, bytes: Vec<u8>) -> Result<Incoming> {
    web::block(move || {
        incoming.write(&bytes)?;
        Ok(incoming)
    })
    .await
    .doing("保存上传的文件")?
}

async fn text(name: &str, field: &mut Field, pace: &mut Pace) -> Result<String> {
    let mut held = Vec::new();
    while let Some(bytes) = pace.next(field.try_next()).await? {
        held.extend_from_slice(&bytes);
        if held.len() > LONGEST_FIELD {
            return Err(Error::TooLarge(format!("字段“{name}”的内容过长")));
        }
    }
    let wrong = |code: &str, message: &str| {
        Err(Error::Invalid(vec![Problem::new(
            name,
            code,
            message,
            "请修改后再提交",
        )]))
    };
    match String::from_utf8(held) {
        Ok(text) if has_controls(&text) => wrong("control_character", "内容中有不可见的控制字符"),
        Ok(text) => Ok(text),
        Err(_) => wrong("encoding", "内容不是 UTF-8 文本"),
    }
}
