//! Who asks: one account per role, and those who are nobody.

use crate::app::Ledger;
use crate::app::service::Service;

/// Login, role word and the department it is held in.
pub const ROLES: [(&str, &str, &str); 12] = [
    ("liaison", "liaison", "SL001"),
    ("specialist", "specialist", "SL001"),
    ("cdo", "cdo", "SL001"),
    ("bureau", "bureau", "SL015"),
    ("bureau-up", "bureau", "SL101"),
    ("bureau-county", "bureau", "SL201"),
    ("reviewer", "reviewer", "SL015"),
    ("oversight", "oversight", "SL004"),
    ("sysadmin", "system_admin", ""),
    ("secadmin", "security_admin", ""),
    ("auditor", "audit_admin", ""),
    ("nobody", "", "SL001"),
];

/// The password of every account here; it is set by the operator for the test alone.
pub const PASSWORD: &str = "Correct-Horse-77";

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The login, by which the table knows them.
    pub login: &'static str,
    /// The access token.
    pub token: Option<String>,
    /// Whether the service should know them.
    pub signed_in: bool,
}

/// Makes an account by the command line.
pub fn make(ledger: &Ledger, login: &str, role: &str, department: &str) {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = ledger.command();
    command.args([
        "users",
        "--data",
        ledger.folder().to_str().unwrap(),
        "add",
        "--login",
        login,
        "--name",
        login,
    ]);
    command.args(["--password-stdin", "--keep-password"]);
    if !role.is_empty() {
        command.args(["--role", role]);
    }
    if !department.is_empty() {
        command.args(["--department", department]);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(PASSWORD.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{login}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes all accounts.
pub fn make_all(ledger: &Ledger) {
    for (login, role, department) in ROLES {
        make(ledger, login, role, department);
    }
    make(ledger, "gone", "liaison", "SL001");
}

/// Signs everybody in.
pub fn sign_in(ledger: &Ledger, service: &Service) -> Vec<Actor> {
    let mut out: Vec<Actor> = ROLES
        .iter()
        .map(|(login, _, _)| Actor {
            login,
            token: Some(service.token(login, PASSWORD)),
            signed_in: true,
        })
        .collect();
    let gone = service.token("gone", PASSWORD);
    let said = ledger.cli([
        "users",
        "--data",
        ledger.folder().to_str().unwrap(),
        "deactivate",
        "--login",
        "gone",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    out.push(Actor {
        login: "gone",
        token: Some(gone),
        signed_in: false,
    });
    out.push(Actor {
        login: "anonymous",
        token: None,
        signed_in: false,
    });
    out
}
