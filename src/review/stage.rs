//! Stage acts: an entry takes an arrow of its model, if the gate on it opens; a project carries its systems along.

mod carry;
pub(crate) mod moves;

use diesel::prelude::*;

use crate::auth::{Right, Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::stage_steps;
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts as ledger_facts;
use crate::ledger::held::step_of;
use crate::org::filing;
use crate::register::lifecycle::{Arrow, By};
use crate::review::announce::{Announced, announce};
use crate::review::facts::{self, Judged};
use crate::review::{Ground, decision, submission};
use crate::sharing::field::ENDED;
use crate::sharing::{LINKS, request};

pub use crate::ledger::walk::StageStep;

/// What a stage act came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The entry's version now.
    pub revision: i32,
    /// Where it stands now.
    pub step: String,
    /// Entries that moved along: register, code and where they stand.
    pub carried: Vec<(String, String, String)>,
    /// Entries that could not move along, and why.
    pub stayed: Vec<Stayed>,
}

/// An entry that could not move along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stayed {
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name, as far as the viewer sees it.
    pub name: String,
    /// Why, in Chinese.
    pub why: String,
}

/// What somebody wants an entry to do.
#[derive(Clone, Debug)]
pub struct StageWish<'w> {
    /// Register key.
    pub register: &'w str,
    /// Code.
    pub code: &'w str,
    /// The version that was looked at.
    pub revision: i32,
    /// Key of the arrow.
    pub arrow: &'w str,
    /// What there is to say.
    pub note: &'w str,
    /// Whether systems move along.
    pub carry: bool,
}

/// An arrow that leaves the step where an entry stands, and whether it can be taken.
#[derive(Clone, Debug)]
pub struct Way<'m> {
    /// The arrow.
    pub arrow: &'m Arrow,
    /// Whether the viewer may take it.
    pub allowed: bool,
    /// Its gate, judged as of today.
    pub gate: Option<Judged>,
}

/// The arrows that people can take from where an entry stands, each with the complete list of what its gate misses.
///
/// # Errors
/// When the database fails.
pub fn ways<'g>(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'g>,
    row: &EntryRow,
) -> Result<Vec<Way<'g>>> {
    let Some(model) = ground.catalogue.lifecycle(&row.register) else {
        return Ok(Vec::new());
    };
    let definitions = ground.definitions(&row.register)?;
    if !viewer.can(Right::SeeOwn, row) || !row.present {
        return Ok(Vec::new());
    }
    let document = row.document();
    let step = step_of(definitions.register, &document);
    if submission::moving(conn, ground, row)?.is_some() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for arrow in model.next(step).filter(|a| a.by != By::Submission) {
        out.push(Way {
            arrow,
            allowed: may(conn, viewer, ground, row, arrow).is_ok(),
            gate: facts::judge(conn, viewer, ground, row, arrow.gate.as_deref())?,
        });
    }
    Ok(out)
}

/// Steps that an entry took, the first one first; none for who does not see the entry in full.
///
/// # Errors
/// When the database fails.
pub fn history(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<StageStep>> {
    if !viewer.can(Right::SeeOwn, row) {
        return Ok(Vec::new());
    }
    Ok(stage_steps::table
        .filter(stage_steps::entry_id.eq(row.id))
        .order(stage_steps::id)
        .select(StageStep::as_select())
        .load(conn)?)
}

/// Whether an entry came in from elsewhere at a later step than the first (存量): its way until then was not
/// walked here, and nothing of it counts as approved here.
///
/// # Errors
/// When the database fails.
pub fn is_stock(conn: &mut Conn, ground: Ground<'_>, row: &EntryRow) -> Result<bool> {
    let Some(model) = ground.catalogue.lifecycle(&row.register) else {
        return Ok(false);
    };
    let first: Option<String> = stage_steps::table
        .filter(stage_steps::entry_id.eq(row.id))
        .order(stage_steps::id)
        .select(stage_steps::from_step)
        .first(conn)
        .optional()?;
    let definitions = ground.definitions(&row.register)?;
    let document = row.document();
    let declared = first.unwrap_or_else(|| step_of(definitions.register, &document).to_owned());
    Ok(!declared.is_empty() && declared != model.initial)
}

/// Demands that the viewer may take an arrow.
fn may(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    arrow: &Arrow,
) -> Result<()> {
    match arrow.by {
        By::Owner => {
            viewer.may(Right::Write, row)?;
            serves_nobody(conn, row, arrow)
        }
        By::Submission => Err(Error::Conflict(format!(
            "“{}”由送审办理，不能直接改变阶段",
            arrow.label
        ))),
        By::Bureau => {
            viewer.may_anywhere(Right::ReviewProposals)?;
            if viewer.account().is_none() {
                return Ok(());
            }
            let owner = ground.directory.get(row.department_id);
            let bureau = match owner {
                Some(owner) => filing::addressee(conn, ground.catalogue.regions(), owner)?,
                None => None,
            };
            let answers =
                bureau.is_some_and(|b| viewer.roles().contains(&(Role::Bureau, Some(b.id))));
            if !answers || submission::is_of_department(viewer, row.department_id) {
                return Err(Error::Refused(format!(
                    "“{}”由受理该单位申报的数据管理部门办理，本单位人员不能办理",
                    arrow.label
                )));
            }
            Ok(())
        }
    }
}

/// Demands that a link about to end serves no share request: a service is neither stopped without consultation and
/// filing, nor left without the data being disposed of (政务数据共享条例 article 27).
fn serves_nobody(conn: &mut Conn, row: &EntryRow, arrow: &Arrow) -> Result<()> {
    if row.register != LINKS || arrow.to != ENDED {
        return Ok(());
    }
    match request::serving(conn, &row.code)? {
        None => Ok(()),
        Some(request) => Err(Error::Conflict(format!(
            "“{}”由共享申请{}商定，停止服务须先协商并备案（《政务数据共享条例》第二十七条），请在该共享申请中办理",
            row.name,
            request.number()
        ))),
    }
}

/// Takes an arrow, and moves what goes along, in one change set.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`] when the arrow does not
/// begin where the entry stands, or a submission is under way; [`Error::Stale`] when the entry moved on;
/// [`Error::Invalid`] with everything that the gate misses.
pub fn act(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    wish: &StageWish<'_>,
) -> Result<Moved> {
    let definitions = ground.definitions(wish.register)?;
    // Whether the entry is there comes before whether its register has stages.
    let row = ledger_facts::row(conn, viewer, definitions.register, wish.code)?;
    viewer.may(Right::SeeOwn, &row)?;
    let model = ground.model(wish.register)?;
    let note = decision::text("note", "说明", wish.note, 500)?;
    let label = model.arrow(wish.arrow).map_or("阶段办理", |a| &a.label);
    let purpose = Purpose {
        source: "stage",
        reason: if note.is_empty() {
            label.to_owned()
        } else {
            format!("{label}: {note}")
        },
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, moved) = change_set::write(conn, viewer, purpose, |set| {
        let row = ledger_facts::row(set.conn(), viewer, definitions.register, wish.code)?;
        viewer.may(Right::SeeOwn, &row)?;
        if !row.present {
            return Err(ledger_facts::nowhere(definitions.register, wish.code));
        }
        let Some(arrow) = model.arrow(wish.arrow) else {
            let message = format!(
                "{}没有“{}”这种阶段办理",
                definitions.register.label, wish.arrow
            );
            let problem = Problem::new("arrow", "unknown", &message, "可用的见该条目的阶段");
            return Err(Error::Invalid(vec![problem]));
        };
        may(set.conn(), viewer, ground, &row, arrow)?;
        if row.revision != wish.revision {
            return Err(Error::Stale(format!("“{}”", row.name)));
        }
        let judged = opens(set.conn(), viewer, ground, &row, arrow, &note)?;
        let step = moves::Step {
            arrow: &arrow.key,
            to: &arrow.to,
            judged: judged.as_ref(),
            submission: None,
            carried_by: None,
            note: &note,
        };
        let stands = moves::take(set, viewer, ground, &row, &step)?;
        let mut moved = Moved {
            revision: stands.revision,
            step: arrow.to.clone(),
            carried: Vec::new(),
            stayed: Vec::new(),
        };
        if wish.carry {
            for carry in &arrow.carry {
                carry::along(set, viewer, ground, &row, carry, &mut moved)?;
            }
        }
        announce(
            set.conn(),
            viewer,
            &Announced {
                action: "stage_act",
                object: format!("{} {}", arrow.label, row.code),
                department: row.department_id,
                submission: None,
                entry: row.id,
                act: &arrow.key,
                detail: serde_json::json!({ "to": arrow.to, "note": note, "carried": moved.carried }),
            },
        )?;
        Ok(Verdict::Commit(moved))
    })?;
    Ok(moved)
}

/// Demands that an arrow begins here, nothing is under way, and its gate opens.
fn opens(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    arrow: &Arrow,
    note: &str,
) -> Result<Option<Judged>> {
    let definitions = ground.definitions(&row.register)?;
    let document = row.document();
    let step = step_of(definitions.register, &document);
    if let Some(open) = submission::moving(conn, ground, row)? {
        return Err(Error::Conflict(format!(
            "“{}”的送审{}正在办理（{}），办结后再办理阶段",
            row.name,
            open.number(),
            open.state().label()
        )));
    }
    if !arrow.from.iter().any(|from| from == step) {
        let here = ground.step_label(&row.register, step);
        return Err(Error::Conflict(format!(
            "“{}”当前为“{here}”，不能办理“{}”",
            row.name, arrow.label
        )));
    }
    let mut problems = Vec::new();
    if arrow.note && note.is_empty() {
        let message = format!("“{}”须写明原因", arrow.label);
        problems.push(Problem::new("note", "required", &message, "请填写说明"));
    }
    let judged = facts::judge(conn, viewer, ground, row, arrow.gate.as_deref())?;
    problems.extend(judged.iter().flat_map(Judged::problems));
    if problems.is_empty() {
        Ok(judged)
    } else {
        Err(Error::Invalid(problems))
    }
}
