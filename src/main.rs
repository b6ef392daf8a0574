//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args
        .next()
        .is_some_and(|first| first == one_ledger::sheet::workbook::CHILD_COMMAND)
    {
        return one_ledger::sheet::child::run(args);
    }
    ExitCode::from(2)
}
