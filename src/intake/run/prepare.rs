//! What a run needs before the first row, and what it leaves for the next one.

use std::collections::{BTreeSet, HashMap};

use super::{Job, Mode};
use crate::auth::Right;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::intake::collect::Collector;
use crate::intake::ends::{Spoken, Statement};
use crate::intake::identify;
use crate::intake::known::Known;
use crate::intake::mapping::{self, Memory};
use crate::intake::planner::{Planner, Start};
use crate::intake::record;
use crate::intake::sheet_plan::Target;
use crate::ledger::change_set::ChangeSet;
use crate::ledger::ends::{self, Act};
use crate::ledger::held::{self, Guarded, Proposals};
use crate::ledger::read;
use crate::org::directory::{self, Directory, Found};
use crate::register::field::FieldType;

impl<'j> Job<'j> {
    /// A planner that knows the organisation and every entry the file may speak of.
    pub(super) fn planner(
        &self,
        conn: &mut Conn,
        next_entry: i64,
        collector: Collector,
    ) -> Result<Planner<'j>> {
        let mut directory = Directory::load(conn)?;
        self.learn_names(conn, &mut directory)?;
        let department = self.department(&directory)?;
        let mut registers: BTreeSet<&str> = BTreeSet::new();
        for plan in self.plans {
            registers.insert(&plan.register.key);
            registers.extend(
                plan.fields()
                    .filter(|f| f.kind == FieldType::Reference)
                    .filter_map(|f| f.refers_to.as_deref()),
            );
            let within = plan
                .register
                .keys
                .within
                .as_deref()
                .and_then(|k| plan.register.field(k));
            registers.extend(within.and_then(|f| f.refers_to.as_deref()));
        }
        let registers: Vec<&str> = registers.into_iter().collect();
        let mut reading = self.app.database.connect()?;
        let known = Known::load(&mut reading, self.viewer, &registers)?;
        let guarded = Guarded::load(&mut reading, None)?;
        let mut spoken = Spoken::default();
        if self.plans.iter().any(|p| p.register.keys.party.is_some()) {
            spoken.pairs = ends::load(&mut reading, None)?;
        }
        let start = Start {
            catalogue: &self.app.catalogue,
            viewer: self.viewer.clone(),
            conn: reading,
            directory,
            known,
            guarded,
            spoken,
            next_entry,
            department,
        };
        Ok(Planner::new(start, self.plans, collector))
    }

    fn department(&self, directory: &Directory) -> Result<Option<i64>> {
        let Some(text) = &self.request.department else {
            return Ok(None);
        };
        identify::named_department(directory, text).map(Some)
    }

    /// Names of departments that the mapping explains.
    fn learn_names(&self, conn: &mut Conn, directory: &mut Directory) -> Result<()> {
        for (alias, meant) in self.request.maps.iter().flat_map(|m| &m.departments) {
            let Found::One(id) = directory.find(meant) else {
                return Err(Error::Usage(format!(
                    "列对应文件中“{alias}”所指的单位“{meant}”不在机构名录中"
                )));
            };
            directory.learn(alias, id);
            // Everybody's files will be read by it: only who keeps the organisation may say so for all.
            let for_all = self.viewer.can(Right::AnswerFiling, id);
            if self.request.mode != Mode::Check && for_all {
                directory::remember(conn, id, alias, "matched")?;
            }
        }
        Ok(())
    }

    /// Puts values that were held back into change requests.
    pub(super) fn propose(&self, set: &mut ChangeSet<'_>, held: &[(i64, Proposals)]) -> Result<()> {
        for (entry, held) in held {
            // The row's other cells are on their way in this change set; the request is about those held back.
            let rows = read::by_ids(set.conn(), self.viewer, &[*entry])?;
            let Some(row) = rows.first() else { continue };
            let reason = format!("导入 {}: {}", self.file.name, self.request.reason);
            held::propose(
                set.conn(),
                self.viewer,
                row,
                held,
                reason.trim_end_matches(": "),
            )?;
        }
        Ok(())
    }

    /// Keeps what the file says for one end of entries, and tells the other end.
    pub(super) fn state(
        &self,
        set: &mut ChangeSet<'_>,
        statements: &[(i64, Statement)],
    ) -> Result<()> {
        if statements.is_empty() {
            return Ok(());
        }
        set.settle()?;
        for part in statements.chunks(500) {
            let ids: Vec<i64> = part.iter().map(|(id, _)| *id).collect();
            let rows = read::by_ids(set.conn(), self.viewer, &ids)?;
            let revisions: HashMap<i64, i32> = rows.iter().map(|r| (r.id, r.revision)).collect();
            for (id, said) in part {
                let Some(revision) = revisions.get(id) else {
                    continue;
                };
                let by = (said.side, Act::State);
                ends::state(set, self.viewer, (*id, *revision), by, &said.given)?;
            }
        }
        Ok(())
    }

    /// Remembers mappings given by hand, and the unknown columns that now hold values.
    pub(super) fn remember(&self, conn: &mut Conn) -> Result<()> {
        for plan in self.plans {
            for column in &plan.columns {
                if let Target::Extra(header) = &column.target {
                    record::add_extra_column(conn, &plan.register.key, header)?;
                }
            }
            if plan.by_hand {
                let columns = plan.columns_by_header();
                let memory = Memory {
                    register: plan.register.key.clone(),
                    columns,
                };
                mapping::remember(
                    conn,
                    self.viewer.home(),
                    plan.department.as_deref(),
                    &plan.signature,
                    &memory,
                )?;
            }
        }
        Ok(())
    }
}
