//! Accounts on the demo ledger: one per role, and those at the other ends of what is shared; each with a password made
//! for this demo alone.

use crate::accounts::{self, NewAccount, Service};
use crate::auth::{Role, Viewer};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::org::directory::Directory;

/// Login, name, role, and the department it is held in.
const PEOPLE: [(&str, &str, Role, &str); 16] = [
    ("liaison", "教育局联络员", Role::Liaison, "SL001"),
    ("specialist", "教育局专员", Role::Specialist, "SL001"),
    ("cdo", "教育局首席数据代表", Role::Cdo, "SL001"),
    ("liaison2", "医保局联络员", Role::Liaison, "SL013"),
    ("cdo2", "医保局首席数据代表", Role::Cdo, "SL013"),
    ("liaison3", "民政局联络员", Role::Liaison, "SL003"),
    ("cdo3", "民政局首席数据代表", Role::Cdo, "SL003"),
    ("specialist4", "公安局专员", Role::Specialist, "SL002"),
    ("bureau", "市大数据局经办", Role::Bureau, "SL015"),
    ("bureau-up", "省大数据局经办", Role::Bureau, "SL101"),
    ("bureau-county", "县大数据局经办", Role::Bureau, "SL201"),
    ("reviewer", "评审专家", Role::Reviewer, "SL015"),
    ("oversight", "财政局经办", Role::Oversight, "SL004"),
    ("sysadmin", "系统管理员", Role::SystemAdmin, ""),
    ("secadmin", "安全管理员", Role::SecurityAdmin, ""),
    ("auditor", "审计管理员", Role::AuditAdmin, ""),
];

/// An account of the demo, with its password.
pub struct Person {
    pub account: i64,
    pub login: &'static str,
    pub name: &'static str,
    pub role: Role,
    pub password: String,
}

/// Makes the accounts.
pub fn make(conn: &mut Conn, service: &Service) -> Result<Vec<Person>> {
    let operator = Viewer::operator("演示");
    let directory = Directory::load(conn)?;
    let mut out = Vec::with_capacity(PEOPLE.len());
    for (login, name, role, code) in PEOPLE {
        // Letters of both kinds and a dash, whatever is made: the rules for passwords hold in the demo too.
        let password = format!("Demo-{}", accounts::made_password()?);
        let home = directory.by_code(code).map(|d| d.id);
        let new = NewAccount {
            login: login.to_owned(),
            name: name.to_owned(),
            department: home,
            password: Some(password.clone()),
            keep_password: true,
        };
        let made = service.create(conn, &operator, &new)?;
        service.grant(conn, &operator, made.id, role, home)?;
        out.push(Person {
            account: made.id,
            login,
            name,
            role,
            password,
        });
    }
    Ok(out)
}
