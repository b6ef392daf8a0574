//! What the importer may write: rows outside of it are questions to that row, never a reason to stop the file.

use super::Planner;
use crate::auth::policy;
use crate::auth::{Reach, Right};
use crate::intake::collect::Place as At;
use crate::intake::known::{Hold, KnownEntry};
use crate::intake::row::Values;
use crate::ledger::entry::Place;
use crate::register::value::Fault;

impl<'c> Planner<'c> {
    /// Whether a row gives a code that an entry has which the importer may not see in full.
    ///
    /// What is hidden stays hidden: the words are the same whoever has the code.
    pub(super) fn is_taken(&mut self, at: At<'c>, code: Option<&str>) -> bool {
        let register = at.plan.register;
        let Some(code) = code else {
            return false;
        };
        let slot = self.start.known.by_code(&register.key, code);
        let entry = slot.and_then(|s| self.start.known.get(&register.key, s));
        if entry.is_none_or(|e| e.hold == Hold::Full) {
            return false;
        }
        let fault = Fault {
            code: "code_taken",
            message: format!("编号“{code}”已被其他单位使用。"),
            suggestion: "请核对编号；新条目的编号请留空，由系统生成".to_owned(),
        };
        let key = &register.keys.code;
        let at = At {
            column: at.plan.column_of(key),
            field: register.field(key),
            ..at
        };
        self.collector.fault(at, fault);
        true
    }

    /// A row of a department that the importer may not write for.
    pub(super) fn check_reach(&mut self, at: At<'c>, place: Place, values: &mut Values) {
        let department = place.department_id;
        if department == 0 || self.start.viewer.can(Right::Write, place) {
            return;
        }
        values.faults += 1;
        let register = at.plan.register;
        let keys = &register.keys;
        let key = keys.owner.as_ref().or(keys.within.as_ref());
        let at = At {
            column: key.and_then(|k| at.plan.column_of(k)),
            field: key.and_then(|k| register.field(k)),
            ..at
        };
        let fault = self.out_of_reach(department);
        self.collector.fault(at, fault);
    }

    /// Whether the entry that a row speaks of may be written; a fault when not.
    pub(super) fn may_write(&mut self, at: At<'c>, entry: &KnownEntry) -> bool {
        if self.start.viewer.can(Right::Write, entry) {
            return true;
        }
        let fault = self.out_of_reach(entry.department);
        self.collector.fault(at, fault);
        false
    }

    fn out_of_reach(&self, department: i64) -> Fault {
        let name = self.start.directory.get(department);
        let name = name.map_or("该单位", |d| d.name.as_str());
        Fault {
            code: "out_of_reach",
            message: format!("您不能填报“{name}”的条目。"),
            suggestion: format!(
                "{}；请由有权限的人员导入这一行，或核对所填单位",
                policy::rule(Right::Write)
            ),
        }
    }

    /// Only whoever keeps the whole ledger may let a file name departments that nobody has loaded.
    pub(super) fn may_name_departments(&self) -> bool {
        !self.start.directory.is_settled()
            && *self.start.viewer.reach(Right::Write) == Reach::Everything
    }
}
