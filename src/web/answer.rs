//! Failures as answers: `application/problem+json` (RFC 9457) for the API, a page for people.
//!
//! Handlers fail with a [`Failure`]; the gate, which knows who asked for what, writes the body.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Problem};

/// Why a handler gives no ordinary answer.
#[derive(Debug)]
pub enum Failure {
    /// Something was wrong.
    Error(Error),
    /// Another page comes first (sign-in, a password that must be changed).
    Elsewhere(String),
    /// The address is known, but not with this method; the methods it knows.
    Method(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Elsewhere(to) => f.write_str(to),
            Self::Method(allowed) => write!(f, "only {allowed}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The status a failure answers with: the whole contract on one screen.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Usage(_) => StatusCode::BAD_REQUEST,
        Error::SignedOut | Error::WrongCredentials => StatusCode::UNAUTHORIZED,
        Error::Refused(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Stale(_) => StatusCode::PRECONDITION_FAILED,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Input { .. } | Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::VersionMissing => StatusCode::PRECONDITION_REQUIRED,
        Error::TooMany(_) | Error::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Database(_) | Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Error(error) => status(error),
            Self::Elsewhere(_) => StatusCode::SEE_OTHER,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        // The body is written by the gate.
        HttpResponse::new(self.status_code())
    }
}

/// The body of a failed API request (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// HTTP status.
    pub status: u16,
    /// A stable machine word.
    pub code: String,
    /// What happened, in Chinese.
    pub title: String,
    /// The request's id, for whoever looks after the service.
    pub request_id: String,
    /// Everything that is wrong, by field.
    pub problems: Vec<Problem>,
}

/// What failed, ready for either form.
struct Told {
    status: StatusCode,
    code: String,
    title: String,
    problems: Vec<Problem>,
    retry_after: Option<u64>,
}

fn tell(error: &Error) -> Told {
    let status = status(error);
    let (title, problems) = match error {
        // Causes go to the log; the request id leads there.
        Error::Database(_) | Error::Internal { .. } => (
            "系统内部错误，已记入日志。请稍后再试；仍然出现时，请把请求编号告诉系统管理员"
                .to_owned(),
            Vec::new(),
        ),
        Error::Invalid(problems) => (error.to_string(), problems.clone()),
        Error::Input {
            code,
            message,
            suggestion,
        } => (
            message.clone(),
            vec![Problem::new("", code, message, suggestion)],
        ),
        other => (other.to_string(), Vec::new()),
    };
    Told {
        status,
        code: match error {
            Error::Database(_) => "internal".to_owned(),
            other => other.code().to_owned(),
        },
        title,
        problems,
        retry_after: match error {
            Error::TooMany(seconds) | Error::Busy(seconds) | Error::Locked(seconds) => {
                Some(*seconds)
            }
            _ => None,
        },
    }
}

/// A failure of the framework itself (no such route, wrong method, a body it cannot take).
fn tell_status(status: StatusCode, detail: &str) -> Told {
    let (code, title) = match status {
        StatusCode::NOT_FOUND => ("not_found", "没有找到这个地址".to_owned()),
        StatusCode::METHOD_NOT_ALLOWED => ("method", "这个地址不接受这种请求方法".to_owned()),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "发送的内容超过了大小限制".to_owned()),
        StatusCode::REQUEST_TIMEOUT => ("timeout", "发送得太慢，连接已关闭".to_owned()),
        s if s.is_server_error() => (
            "internal",
            "系统内部错误，已记入日志。请稍后再试；仍然出现时，请把请求编号告诉系统管理员"
                .to_owned(),
        ),
        _ => ("bad_request", format!("请求的内容无法识别: {detail}")),
    };
    Told {
        status,
        code: code.to_owned(),
        title,
        problems: Vec::new(),
        retry_after: None,
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'e> {
    status: u16,
    title: &'e str,
    problems: &'e [Problem],
    request_id: &'e str,
    back: &'e str,
}

/// Whether the caller wants JSON.
#[must_use]
pub fn wants_json(request: &HttpRequest) -> bool {
    let path = request.path();
    path.starts_with("/api/") || path.starts_with("/healthz") || path.starts_with("/readyz")
}

/// Writes the answer for what failed.
#[must_use]
pub fn write(request: &HttpRequest, failure: &actix_web::Error, request_id: &str) -> HttpResponse {
    let told = match failure.as_error::<Failure>() {
        Some(Failure::Elsewhere(to)) => return see_other(to),
        Some(Failure::Method(allowed)) => {
            let mut answer = bare(request, StatusCode::METHOD_NOT_ALLOWED, request_id);
            if let Ok(value) = HeaderValue::from_str(allowed) {
                answer.headers_mut().insert(header::ALLOW, value);
            }
            return answer;
        }
        Some(Failure::Error(Error::SignedOut)) if !wants_json(request) => {
            return see_other(&sign_in_first(request));
        }
        Some(Failure::Error(error)) => {
            if status(error).is_server_error() {
                tracing::error!(error = %error, "request failed");
            }
            tell(error)
        }
        None => {
            let status = failure.as_response_error().status_code();
            if status.is_server_error() {
                tracing::error!(error = %failure, "request failed");
            }
            tell_status(status, &failure.to_string())
        }
    };
    respond(request, &told, request_id)
}

/// The answer to an address that nothing answers, and to a method that an address does not know.
#[must_use]
pub fn bare(request: &HttpRequest, status: StatusCode, request_id: &str) -> HttpResponse {
    respond(request, &tell_status(status, ""), request_id)
}

fn respond(request: &HttpRequest, told: &Told, request_id: &str) -> HttpResponse {
    let mut answer = HttpResponse::build(told.status);
    if let Some(seconds) = told.retry_after {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    if told.status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
    }
    if wants_json(request) {
        let body = ProblemBody {
            status: told.status.as_u16(),
            code: told.code.clone(),
            title: told.title.clone(),
            request_id: request_id.to_owned(),
            problems: told.problems.clone(),
        };
        return answer
            .content_type("application/problem+json")
            .body(serde_json::to_string(&body).unwrap_or_default());
    }
    let back = request
        .headers()
        .get(header::REFERER)
        .and_then(|v| v.to_str().ok())
        .and_then(own_path)
        .unwrap_or_else(|| "/".to_owned());
    let page = ErrorPage {
        status: told.status.as_u16(),
        title: &told.title,
        problems: &told.problems,
        request_id,
        back: &back,
    };
    answer
        .content_type("text/html; charset=utf-8")
        .body(page.render().unwrap_or_default())
}

/// The path of an address, whatever site it names: what follows is asked from us.
fn own_path(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let path = rest.find('/').and_then(|at| rest.get(at..))?;
    is_own(path).then(|| path.to_owned())
}

/// Whether a text is a path of this site and nothing else (no open redirect).
#[must_use]
pub fn is_own(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
}

fn sign_in_first(request: &HttpRequest) -> String {
    let here = request.uri().path_and_query().map_or("/", |p| p.as_str());
    if request.method() != actix_web::http::Method::GET || here == "/" {
        return "/sign-in".to_owned();
    }
    let next = percent_encoding::utf8_percent_encode(here, percent_encoding::NON_ALPHANUMERIC);
    format!("/sign-in?next={next}")
}

/// Sends the browser on; after a change, so that reloading does not repeat it.
#[must_use]
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish()
}
