//! What can go wrong, by what it means for the caller.

use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::auth::viewer::Refusal;

/// The result of everything that may fail.
pub type Result<T> = std::result::Result<T, Error>;

/// One thing wrong in what was sent: which field, what, what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FieldProblem)]
pub struct Problem {
    /// Key of the field, as the form and the API name it; empty for the whole.
    pub field: String,
    /// A stable machine word.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub suggestion: String,
}

impl Problem {
    /// One thing wrong with one field.
    #[must_use]
    pub fn new(field: &str, code: &str, message: &str, suggestion: &str) -> Self {
        Self {
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            suggestion: suggestion.to_owned(),
        }
    }
}

/// A failure, by its meaning; the text is for the person.
#[derive(Debug, Error)]
pub enum Error {
    /// The command or request itself is wrong.
    #[error("{0}")]
    Usage(String),
    /// The file or its content cannot be taken; nothing was changed.
    #[error("{message} {suggestion}")]
    Input {
        /// A stable machine word.
        code: String,
        /// What is wrong.
        message: String,
        /// What to do instead.
        suggestion: String,
    },
    /// Absent, or outside the viewer's reach: the same words for both.
    #[error("没有找到{0}")]
    NotFound(String),
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Nobody is signed in, or no longer.
    #[error("请先登录")]
    SignedOut,
    /// Login, password or one-time code is wrong: the same words whichever it is.
    #[error("账号或密码不正确")]
    WrongCredentials,
    /// Too many failed sign-ins from this account or address; seconds to wait.
    #[error("登录失败次数过多，请 {} 分钟后再试，或请安全管理员解锁", .0.div_ceil(60))]
    Locked(u64),
    /// The thing may be seen, but this may not be done with it; the rule says why.
    #[error("没有权限。{0}")]
    Refused(String),
    /// What was sent breaks rules; every one of them is listed.
    #[error("{}", first_message(.0))]
    Invalid(Vec<Problem>),
    /// Somebody else changed it since it was read.
    #[error("{0}在您打开之后已被他人修改，请查看最新内容后再改")]
    Stale(String),
    /// A change that does not say which version it was made from.
    #[error("请在 If-Match 中注明所依据的版本（读取时返回的 ETag）")]
    VersionMissing,
    /// More than a limit allows; says which.
    #[error("{0}")]
    TooLarge(String),
    /// Too often; seconds to wait.
    #[error("操作过于频繁，请 {0} 秒后再试")]
    TooMany(u64),
    /// No capacity at the moment; seconds to wait.
    #[error("系统正忙，请 {0} 秒后再试")]
    Busy(u64),
    /// The database said no.
    #[error("数据库错误: {0}")]
    Database(#[from] diesel::result::Error),
    /// The environment failed: files, memory, the other process.
    #[error("{doing}时出错: {cause}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// The cause, for the log and the administrator.
        cause: String,
    },
}

impl Error {
    /// The process exit code of DESIGN 5: 1 input, 2 usage, 3 internal or environment.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input { .. } | Self::Invalid(_) | Self::Conflict(_) | Self::Stale(_) => 1,
            Self::Usage(_)
            | Self::NotFound(_)
            | Self::SignedOut
            | Self::WrongCredentials
            | Self::Locked(_)
            | Self::Refused(_)
            | Self::VersionMissing => 2,
            Self::TooLarge(_)
            | Self::TooMany(_)
            | Self::Busy(_)
            | Self::Database(_)
            | Self::Internal { .. } => 3,
        }
    }

    /// A stable machine word.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "usage",
            Self::Input { code, .. } => code,
            Self::NotFound(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::SignedOut => "signed_out",
            Self::WrongCredentials => "wrong_credentials",
            Self::Locked(_) => "locked",
            Self::Refused(_) => "refused",
            Self::Invalid(_) => "invalid",
            Self::Stale(_) => "stale",
            Self::VersionMissing => "version_missing",
            Self::TooLarge(_) => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Busy(_) => "busy",
            Self::Database(_) => "database",
            Self::Internal { .. } => "internal",
        }
    }
}

fn first_message(problems: &[Problem]) -> String {
    let first = problems.first().map_or("内容有误", |p| p.message.as_str());
    match problems.len() {
        0 | 1 => first.to_owned(),
        n => format!("共有 {n} 处需要修改，第一处: {first}"),
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.rule)
    }
}

/// Says what was being done when something of the environment failed.
pub trait Doing<T> {
    /// Wraps the error with what was being done.
    ///
    /// # Errors
    /// The same failure as [`Error::Internal`].
    fn doing(self, what: &'static str) -> Result<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: &'static str) -> Result<T> {
        self.map_err(|e| Error::Internal {
            doing: what,
            cause: e.to_string(),
        })
    }
}
