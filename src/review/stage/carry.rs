//! What moves along with an entry: the systems of a project, each through its own arrow and gate.

use super::{Moved, Stayed, may, moves, opens};
use crate::auth::{Right, Viewer};
use crate::error::{Error, Result};
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::EntryRow;
use crate::ledger::held::step_of;
use crate::register::lifecycle::{Arrow, By, Carry};
use crate::review::Ground;

/// Moves the entries that one field names, where their own arrows and gates allow; names the others.
pub(super) fn along(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    carry: &Carry,
    moved: &mut Moved,
) -> Result<()> {
    for target in moves::named(set.conn(), row, &carry.via)? {
        let definitions = ground.definitions(&target.register)?;
        let model = ground.model(&target.register)?;
        let document = target.document();
        let step = step_of(definitions.register, &document);
        let already = moved
            .carried
            .iter()
            .any(|(register, code, _)| *register == target.register && *code == target.code);
        if step == carry.to || already {
            continue;
        }
        let seen = viewer.can(Right::SeeOwn, target.department_id);
        let why = if !seen {
            Some("不在您的权限内，请由其主管单位办理".to_owned())
        } else if !carry.from.iter().any(|from| from == step) {
            let here = ground.step_label(&target.register, step);
            Some(format!("当前为“{here}”，不随项目变动"))
        } else {
            let found = model
                .next(step)
                .find(|a| a.to == carry.to && a.by == By::Owner);
            match found {
                None => Some("没有相应的阶段办理".to_owned()),
                Some(arrow) => take_along(set, viewer, ground, (row, &target), arrow)?,
            }
        };
        match why {
            None => moved
                .carried
                .push((target.register, target.code, carry.to.clone())),
            Some(why) => moved.stayed.push(Stayed {
                name: if seen || target.published {
                    target.name
                } else {
                    String::new()
                },
                register: target.register,
                code: target.code,
                why,
            }),
        }
    }
    Ok(())
}

/// Takes one entry along; why not, if not.
fn take_along(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    pair: (&EntryRow, &EntryRow),
    arrow: &Arrow,
) -> Result<Option<String>> {
    let (row, target) = pair;
    if let Err(refused) = may(set.conn(), viewer, ground, target, arrow) {
        return Ok(Some(refused.to_string()));
    }
    let note = format!("随“{}”（{}）", row.name, row.code);
    match opens(set.conn(), viewer, ground, target, arrow, &note) {
        Ok(judged) => {
            let step = moves::Step {
                arrow: &arrow.key,
                to: &arrow.to,
                judged: judged.as_ref(),
                submission: None,
                carried_by: Some(row.id),
                note: &note,
            };
            moves::take(set, viewer, ground, target, &step)?;
            Ok(None)
        }
        Err(Error::Invalid(problems)) => {
            let all: Vec<String> = problems.into_iter().map(|p| p.message).collect();
            Ok(Some(all.join("；")))
        }
        Err(Error::Conflict(why)) => Ok(Some(why)),
        Err(other) => Err(other),
    }
}
