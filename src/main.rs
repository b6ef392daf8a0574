//! The one binary.

use std::ffi::OsString;
use std::process::ExitCode;

use one_ledger::sheet::{annotate, child, workbook};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((command, rest)) if command == workbook::CHILD_COMMAND => {
            child::run(rest.iter().cloned())
        }
        Some((command, rest)) if command == annotate::COMMAND => {
            ExitCode::from(annotate::child_main(rest))
        }
        _ => ExitCode::from(2),
    }
}
