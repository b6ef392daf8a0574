//! Registers where a name may repeat: a department applies for «运维项目» every year.
//!
//! Rows without a code whose name is taken wait until the whole file is known. Then each goes to the
//! entry that already says the same; one row left over and one entry left over belong together; rows left
//! without any entry are new ones. What is still open is asked, with the candidates.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Planner;
use crate::error::Result;
use crate::intake::collect::Place as At;
use crate::intake::identify::Identity;
use crate::intake::known::{KnownEntry, Slot};
use crate::intake::row::Values;
use crate::intake::sheet_plan::SheetPlan;
use crate::ledger::entry::Place;
use crate::ledger::read;
use crate::register::field::{FieldType, Register};
use crate::register::value::{Document, Fault, Note};
use crate::sheet::annotate::Outcome;

/// A row that waits because its name is taken.
pub(super) struct Namesake<'c> {
    pub(super) plan: &'c SheetPlan<'c>,
    pub(super) row: u32,
    pub(super) place: Place,
    pub(super) values: Values,
    pub(super) name: String,
    pub(super) candidates: Vec<Slot>,
}

/// Rows of one name in one place, by register, scope and name.
type Groups<'c> = BTreeMap<(String, i64, String), Vec<Namesake<'c>>>;

impl<'c> Planner<'c> {
    /// Decides about the rows whose names are taken.
    pub(super) fn settle_namesakes(&mut self) -> Result<()> {
        let mut groups = Groups::new();
        for row in std::mem::take(&mut self.namesakes) {
            let key = (
                row.plan.register.key.clone(),
                row.place.department_id,
                row.name.clone(),
            );
            groups.entry(key).or_default().push(row);
        }
        for (_, rows) in groups {
            self.settle_group(rows)?;
        }
        Ok(())
    }

    fn settle_group(&mut self, rows: Vec<Namesake<'c>>) -> Result<()> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let register = first.plan.register;
        let standing = self.standing(register, &first.candidates)?;
        let mut free: Vec<Slot> = standing.keys().copied().collect();
        free.sort_unstable();
        let mut left = Vec::new();
        for row in rows {
            let same = free.iter().position(|s| {
                standing
                    .get(s)
                    .is_some_and(|d| says(register, d, &row.values))
            });
            match same {
                Some(position) => {
                    let slot = free.remove(position);
                    self.admit_namesake(row, Identity::Known(slot))?;
                }
                None => match self.twin(&row) {
                    Some(twin) => self.refuse_twin(&row, &twin),
                    None => left.push(row),
                },
            }
        }
        match (left.len(), free.as_slice()) {
            (1, [slot]) => left
                .into_iter()
                .try_for_each(|row| self.admit_namesake(row, Identity::Known(*slot))),
            (_, []) => left.into_iter().try_for_each(|row| self.admit_unlike(row)),
            (_, slots) => {
                let codes: Vec<String> = slots
                    .iter()
                    .filter_map(|s| self.start.known.code(&register.key, *s))
                    .map(str::to_owned)
                    .collect();
                for row in left {
                    self.refuse_namesake(&row, ambiguous(register, &row.name, &codes));
                }
                Ok(())
            }
        }
    }

    /// The documents of candidates that no row of the file has claimed.
    fn standing(
        &mut self,
        register: &Register,
        candidates: &[Slot],
    ) -> Result<HashMap<Slot, Document>> {
        let open = |slot: &Slot| {
            let entry = self.start.known.get(&register.key, *slot)?;
            (entry.stored && entry.present && entry.row == 0).then_some((entry.id, *slot))
        };
        let by_id: HashMap<i64, Slot> = candidates.iter().filter_map(open).collect();
        let ids: Vec<i64> = by_id.keys().copied().collect();
        let rows = read::by_ids(&mut self.start.conn, &self.start.viewer, &ids)?;
        Ok(rows
            .into_iter()
            .filter_map(|r| Some((*by_id.get(&r.id)?, r.document())))
            .collect())
    }

    /// A new entry, unless the file says the very same twice.
    fn admit_unlike(&mut self, row: Namesake<'c>) -> Result<()> {
        if let Some(twin) = self.twin(&row) {
            self.refuse_twin(&row, &twin);
            return Ok(());
        }
        let note = Note {
            warning: true,
            code: "same_name",
            message: format!(
                "本文件中“{}”不止一行且内容不同，作为不同的{}",
                row.name, row.plan.register.label
            ),
        };
        self.admit_namesake(row, Identity::New(Some(note)))
    }

    /// The entry that another row of the file claimed by saying the very same.
    fn twin(&self, row: &Namesake<'_>) -> Option<KnownEntry> {
        let content = content(&row.values);
        row.candidates
            .iter()
            .chain(&self.siblings(row))
            .filter_map(|s| self.start.known.get(&row.plan.register.key, *s))
            .find(|e| e.row != 0 && e.row != u32::MAX && e.content == content)
            .copied()
    }

    fn refuse_twin(&mut self, row: &Namesake<'c>, twin: &KnownEntry) {
        let fault = self.duplicate(twin);
        self.refuse_namesake(row, fault);
    }

    /// Entries of the same name that came in from this file meanwhile.
    fn siblings(&self, row: &Namesake<'_>) -> Vec<Slot> {
        use crate::intake::known::{Match, Scope};
        let scope = Scope {
            department: row.place.department_id,
            within: row.place.within_id,
        };
        match self
            .start
            .known
            .by_name(&row.plan.register.key, scope, &row.name)
        {
            Match::None => Vec::new(),
            Match::One(slot) => vec![slot],
            Match::Many(slots) => slots,
        }
    }

    fn admit_namesake(&mut self, row: Namesake<'c>, identity: Identity) -> Result<()> {
        let at = At {
            plan: row.plan,
            row: row.row,
            column: None,
            field: None,
        };
        match self.admit(at, identity, row.place, row.values) {
            Some(prepared) => self.settle(row.plan, prepared),
            None => {
                self.collector
                    .outcome(row.plan.number, row.row, Outcome::Refused);
                Ok(())
            }
        }
    }

    fn refuse_namesake(&mut self, row: &Namesake<'c>, fault: Fault) {
        self.collector.fault(
            At {
                plan: row.plan,
                row: row.row,
                column: None,
                field: None,
            },
            fault,
        );
        self.collector
            .outcome(row.plan.number, row.row, Outcome::Refused);
    }
}

/// Whether an entry already says everything that a row says. References are spelled in many ways, so they
/// do not speak against it.
fn says(register: &Register, document: &Document, values: &Values) -> bool {
    let field = |(position, value): &(usize, Option<_>)| {
        let Some(field) = register.fields.get(*position) else {
            return true;
        };
        field.kind == FieldType::Reference || document.get(&field.key) == value.as_ref()
    };
    let extra =
        |(key, text): &(String, String)| crate::ledger::entry::text(document, key) == Some(text);
    values.fields.iter().all(field) && values.extras.iter().all(extra)
}

/// A fingerprint of what a row says, to notice the same row twice in one file.
pub(super) fn content(values: &Values) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut fields: Vec<String> = values
        .fields
        .iter()
        .map(|(p, v)| format!("{p}={v:?}"))
        .collect();
    fields.sort_unstable();
    (fields, &values.extras).hash(&mut hasher);
    hasher.finish()
}

fn ambiguous(register: &Register, name: &str, codes: &[String]) -> Fault {
    Fault {
        code: "ambiguous_entry",
        message: format!(
            "账本中有同名的{}“{name}”，无法判断这一行是哪一个。",
            register.label
        ),
        suggestion: format!(
            "请填写编码: {}；如是新的条目，请给一个新编码",
            codes.join("、")
        ),
    }
}
