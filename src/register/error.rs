//! Why a definition is refused: always with the file, the line and the reason.

use std::fmt;

/// A broken definition file; the program does not start with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// The file, as the administrator knows it, such as `import_templates/project.toml`.
    pub file: String,
    /// Line from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong and what to write, in Chinese.
    pub reason: String,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}：{}", self.file, self.reason)
        } else {
            write!(f, "{} 第{}行：{}", self.file, self.line, self.reason)
        }
    }
}

impl std::error::Error for DefinitionError {}
