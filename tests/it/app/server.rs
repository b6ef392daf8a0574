//! A `PostgreSQL` server of the suite's own: started when first asked for, gone when the suite is.
//!
//! A shell holds the server and reads from a pipe whose other end only this process has. However this
//! process ends, even killed, the pipe closes and the shell stops the server and removes its files.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

/// Set it, and a missing `PostgreSQL` is a failure instead of tests left out.
const REQUIRE: &str = "ONE_LEDGER_REQUIRE_POSTGRES";

/// Arguments: folder of the programs, port. Says `ready`, or what went wrong, in one line.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
cd / && umask 077
folder=$(mktemp -d) || exit 1
fail() { echo "failed: $1: $(tail -n 5 "$folder/log" | tr '\n' ' ')"; rm -rf "$folder"; exit 1; }
"$1/initdb" -D "$folder/data" -U ledger --auth=trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 \
    || fail initdb
"$1/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 \
    -o "-c listen_addresses=127.0.0.1 -p $2 -k $folder -c fsync=off -c full_page_writes=off -c max_connections=200" \
    start </dev/null >/dev/null 2>&1 || fail start
echo ready
while read -r _; do :; done
"$1/pg_ctl" -D "$folder/data" -m immediate -w stop </dev/null >/dev/null 2>&1
rm -rf "$folder"
"#;

struct Server {
    /// Holds the pipe open.
    _guard: Mutex<Child>,
    port: u16,
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

/// Address of the server, without a database; none where there is no `PostgreSQL`.
pub fn address() -> Option<String> {
    let server = server()?;
    Some(format!("postgres://ledger@127.0.0.1:{}", server.port))
}

/// Makes a database and returns its address.
pub fn new_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let address = address().unwrap();
    let name = format!("ledger_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut conn = PgConnection::establish(&format!("{address}/postgres")).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    format!("{address}/{name}")
}

/// Says loudly, past the test harness, that a test ran without `PostgreSQL`.
pub fn left_out(test: &str) {
    assert!(
        std::env::var_os(REQUIRE).is_none(),
        "{REQUIRE} is set and there is no PostgreSQL (initdb in PATH or /usr/lib/postgresql/*/bin)"
    );
    let _ = writeln!(
        std::io::stderr().lock(),
        "\n*** LEFT OUT: {test} ran without PostgreSQL, none was found ***"
    );
}

fn start() -> Option<Server> {
    let programs = programs()?;
    let mut said = String::new();
    // The port may be taken between asking for it and using it.
    for _ in 0..3 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut guard = unprivileged(&programs, port)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        said.clear();
        let mut out = BufReader::new(guard.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        if said.trim() == "ready" {
            return Some(Server {
                _guard: Mutex::new(guard),
                port,
            });
        }
    }
    panic!("PostgreSQL is there but does not start: {said}");
}

fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders.extend(in_path("initdb"));
    let complete = |f: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|p| f.join(p).exists())
    };
    folders.into_iter().rev().find(complete)
}

/// The folder of PATH that has a program.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(program).exists())
}

/// The script, as another user when we are root: `PostgreSQL` refuses to run as root.
fn unprivileged(programs: &Path, port: u16) -> Command {
    use std::os::unix::fs::MetadataExt as _;
    let root = std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    let knows = |user: &&str| {
        let id = Command::new("id").arg(user).stderr(Stdio::null()).output();
        id.is_ok_and(|o| o.status.success())
    };
    let user = ["postgres", "nobody"].into_iter().find(knows);
    let mut command = match user.filter(|_| root) {
        None => Command::new("sh"),
        Some(user) if in_path("setpriv").is_some() => {
            let mut command = Command::new("setpriv");
            let group = Command::new("id")
                .args(["-g", user])
                .output()
                .unwrap()
                .stdout;
            let group = String::from_utf8(group).unwrap();
            command.arg(format!("--reuid={user}"));
            command.arg(format!("--regid={}", group.trim()));
            command.args(["--clear-groups", "sh"]);
            command
        }
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--", "sh"]);
            command
        }
    };
    // Other users may not enter this process's own temporary folder.
    command.env("TMPDIR", "/tmp");
    command
        .args(["-c", SCRIPT, "postgres-for-tests"])
        .arg(programs)
        .arg(port.to_string());
    command
}
