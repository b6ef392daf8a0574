//! What requests bring: forms as plain fields, and JSON, query and path with our own words for what is wrong.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::{HttpRequest, web};

use crate::error::{Error, Problem};
use crate::web::answer::Failure;

/// The fields of a form, in order; a name may occur more than once.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming a field that holds a control character (D17: both databases must behave alike).
    pub fn parse(body: &str) -> Result<Self, Error> {
        let pairs: Vec<(String, String)> = body
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (decode(name), decode(value))
            })
            .collect();
        let out = Self(pairs);
        out.refuse_controls()?;
        Ok(out)
    }

    fn refuse_controls(&self) -> Result<(), Error> {
        let bad: Vec<Problem> = self
            .0
            .iter()
            .filter(|(name, value)| has_controls(name) || has_controls(value))
            .map(|(name, _)| control(name))
            .collect();
        if bad.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(bad))
        }
    }

    /// The first value of a field, without spaces around; empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The first value as it was sent, empty too: `None` only when the form has no such field.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming it.
    pub fn need(&self, name: &str, label: &str) -> Result<&str, Error> {
        self.get(name)
            .ok_or_else(|| Error::Invalid(vec![missing(name, label)]))
    }
}

/// The problem of a field that was left empty.
#[must_use]
pub fn missing(name: &str, label: &str) -> Problem {
    Problem::new(name, "required", &format!("请填写{label}"), "")
}

fn control(name: &str) -> Problem {
    Problem::new(
        name,
        "control_character",
        "内容中有不可见的控制字符",
        "请删除后重新输入（从其他软件粘贴时常会带入）",
    )
}

/// Whether a text holds characters that no field may hold; line breaks and tabs are allowed.
#[must_use]
pub fn has_controls(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Refuses query parameters and members of JSON with characters that no field may hold.
///
/// # Errors
/// [`Error::Invalid`] naming each.
pub fn plain(given: &[(&str, Option<&str>)]) -> Result<(), Error> {
    let bad = given
        .iter()
        .filter(|(_, text)| text.is_some_and(has_controls));
    let bad: Vec<Problem> = bad.map(|(name, _)| control(name)).collect();
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(bad))
    }
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

fn refused(code: &str, message: String) -> actix_web::Error {
    Failure::Error(Error::Input {
        code: code.to_owned(),
        message,
        suggestion: String::new(),
    })
    .into()
}

/// JSON bodies of at most this many bytes.
#[must_use]
pub fn json(limit: usize) -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(limit)
        .error_handler(|error, _: &HttpRequest| match &error {
            JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
                Failure::Error(Error::TooLarge("发送的内容超过了大小限制".to_owned())).into()
            }
            JsonPayloadError::ContentType => refused(
                "content_type",
                "请用 Content-Type: application/json 发送 JSON".to_owned(),
            ),
            other => refused("json", format!("JSON 内容有误: {other}")),
        })
}

/// Query strings.
#[must_use]
pub fn query() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error, _| match &error {
        QueryPayloadError::Deserialize(why) => refused("query", format!("查询参数有误: {why}")),
        _ => refused("query", "查询参数有误".to_owned()),
    })
}

/// Parts of the address.
#[must_use]
pub fn path() -> web::PathConfig {
    web::PathConfig::default().error_handler(|error, _| match &error {
        // An address with letters where a number belongs leads nowhere.
        PathError::Deserialize(_) => Failure::Error(Error::NotFound("这个地址".to_owned())).into(),
        _ => refused("path", "地址有误".to_owned()),
    })
}
