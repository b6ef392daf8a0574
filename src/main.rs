//! The one binary of `one-ledger`.

fn main() -> std::process::ExitCode {
    one_ledger::cli::main()
}
