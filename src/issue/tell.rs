//! Where acts of issues are made known: in the audit log, and to whom the move belongs now.

use serde_json::Value as Json;

use super::Issue;
use super::steps::{State, Turn, rung_label};
use crate::audit;
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::notice::{self, Message, To};

/// What notices of this room are about.
pub(super) const KIND: &str = "issue";

/// Where an issue is dealt with.
pub(super) fn href(row: &Issue) -> String {
    format!("/issues/{}", row.id)
}

/// Writes the audit line of an act, after which the issue stands as `row`.
pub(super) fn record(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Issue,
    action: &'static str,
    (label, detail): (&str, Json),
) -> Result<()> {
    let line = audit::Event::done(action, &format!("{label} {}", row.number()))
        .of(Some(row.raised_by))
        .with(detail);
    audit::record(conn, viewer, &line)
}

/// Tells whose move it is now, and both sides of an end and of a rung; never the one who acts.
pub(super) fn tell(conn: &mut Conn, viewer: &Viewer, row: &Issue, escalated: bool) -> Result<()> {
    let name = format!("难点问题{}“{}”", row.number(), row.title);
    let both: [(Turn, i64); 2] = [(Turn::Owed, row.owed_by), (Turn::Raised, row.raised_by)];
    let mut told: Vec<(Role, i64, String)> = Vec::new();
    let sides = |what: &str, told: &mut Vec<(Role, i64, String)>| {
        for (_, department) in both {
            for role in [Role::Specialist, Role::Cdo] {
                told.push((role, department, format!("{name}{what}")));
            }
        }
    };
    match row.state() {
        State::Closed => sides(": 已办结", &mut told),
        State::Withdrawn => sides(": 提出方已撤回", &mut told),
        State::Proposed => {
            for role in [Role::Specialist, Role::Cdo] {
                let text = format!("{name}: 责任方提请办结，待您确认");
                told.push((role, row.raised_by, text));
            }
        }
        State::Open | State::Working => {
            if escalated {
                sides(&format!("已升级: {}", rung_label(row.rung)), &mut told);
            }
            match (row.turn(), row.mover()) {
                (Turn::Handler, Some(bureau)) => {
                    told.push((Role::Bureau, bureau, format!("{name}: 待您协调")));
                }
                (_, Some(department)) => {
                    for role in [Role::Specialist, Role::Cdo] {
                        told.push((role, department, format!("{name}: 待您办理")));
                    }
                }
                (_, None) => {}
            }
        }
    }
    for (role, department, text) in told {
        let mut ids = notice::holders(conn, role, department)?;
        ids.retain(|id| Some(*id) != viewer.account());
        let message = Message {
            kind: KIND,
            text: &text,
            href: &href(row),
            dedupe: &format!("issue:{}:{}:{}", row.id, row.version, row.state),
        };
        notice::send(conn, To::Accounts(&ids), message, clock::now())?;
    }
    Ok(())
}
