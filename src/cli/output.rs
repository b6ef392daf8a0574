//! Where text goes: Chinese for people, JSON for machines, progress on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::Error;

/// How a command answers.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or JSON for machines.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine listens.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints one object as JSON.
    pub fn object<T: Serialize>(self, object: &T) {
        let text = serde_json::to_string_pretty(object).unwrap_or_default();
        self.line(&text);
    }

    /// Prints a line; a reader that has gone away is no failure.
    pub fn line(self, text: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Says what went wrong.
    pub fn error(self, error: &Error) {
        if self.json {
            self.object(&serde_json::json!({ "error": { "code": error.code(), "message": error.to_string() } }));
        } else {
            let _ = writeln!(std::io::stderr().lock(), "错误: {error}");
        }
    }

    /// A progress line on a terminal; nothing elsewhere.
    pub fn progress(self, what: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {human_pos} 行 {elapsed}")
        {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Columns of text under each other, by display width: a Chinese character is two wide.
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|c| {
            rows.iter()
                .filter_map(|r| r.get(c))
                .map(|t| width(t))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let mut out = String::new();
        for (text, wide) in row.iter().zip(&widths) {
            out.push_str(text);
            out.push_str(&" ".repeat(wide.saturating_sub(width(text)) + 2));
        }
        out.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// A text cut to a number of characters.
pub fn short(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars()
        .take(chars.saturating_sub(1))
        .chain(std::iter::once('…'))
        .collect()
}
