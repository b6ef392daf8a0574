//! Reads the models of stages; what names something undeclared is refused with its file.

use super::{Lifecycle, check};
use crate::register::catalogue::Catalogue;
use crate::register::definition::line_of;
use crate::register::error::DefinitionError;

/// The list of what an attachment can be.
pub const ATTACHMENT_KINDS: &str = "attachment_kind";

/// Reads one model.
///
/// # Errors
/// What is broken, with the file.
pub(in crate::register) fn parse(file: &str, bytes: &[u8]) -> Result<Lifecycle, DefinitionError> {
    let fault = |line: usize, reason: String| DefinitionError {
        file: file.to_owned(),
        line,
        reason,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| fault(0, "不是 UTF-8 编码，请另存为 UTF-8".to_owned()))?;
    let mut model: Lifecycle = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |s| line_of(text, s.start));
        fault(line, format!("阶段模型写法有误（{}）", e.message()))
    })?;
    for gate in &mut model.gates {
        gate.versions.sort_by_key(|v| v.from);
    }
    Ok(model)
}

/// Checks a model against the registers and lists that it names.
///
/// # Errors
/// The first thing that is broken, with the file.
pub(in crate::register) fn verify(
    file: &str,
    catalogue: &Catalogue,
    model: &Lifecycle,
) -> Result<(), DefinitionError> {
    check::check(catalogue, model).map_err(|reason| DefinitionError {
        file: file.to_owned(),
        line: 0,
        reason,
    })
}
