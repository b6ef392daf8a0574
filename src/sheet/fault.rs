//! Why a file was refused: what is wrong and what to do, in the user's words.

use serde::{Deserialize, Serialize};

/// A refusal of a whole file; nothing of the file counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct SheetFault {
    /// Stable word for programs, such as `encrypted`.
    pub code: String,
    /// What is wrong and where, in Chinese.
    pub message: String,
    /// What to do about it, in Chinese.
    pub suggestion: String,
}

impl SheetFault {
    /// A refusal in the words given.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            suggestion: suggestion.into(),
        }
    }

    /// The file contradicts itself; `detail` says where.
    pub(super) fn corrupt(detail: impl std::fmt::Display) -> Self {
        Self::new(
            "corrupt",
            format!("文件已损坏或不完整：{}", short(&detail.to_string())),
            "请用 Excel 或 WPS 打开确认无误，另存为 .xlsx 后重新上传。",
        )
    }

    /// The file cannot be read from disk.
    pub(super) fn unreadable(detail: impl std::fmt::Display) -> Self {
        Self::new(
            "file_unreadable",
            format!("无法读取文件：{}", short(&detail.to_string())),
            "请确认文件存在且未被其他程序占用，然后重试。",
        )
    }
}

/// A library's own words, cut to a length a person can read.
fn short(text: &str) -> String {
    const MOST: usize = 160;
    let mut out: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect();
    if text.chars().count() > MOST {
        out.push('…');
    }
    out
}
