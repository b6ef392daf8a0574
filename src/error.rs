//! What can go wrong, by what it means for the caller.

use thiserror::Error;

/// The result of everything that may fail.
pub type Result<T> = std::result::Result<T, Error>;

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
            Self::Input { .. } | Self::Conflict(_) => 1,
            Self::Usage(_) | Self::NotFound(_) => 2,
            Self::Database(_) | Self::Internal { .. } => 3,
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
            Self::Database(_) => "database",
            Self::Internal { .. } => "internal",
        }
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
