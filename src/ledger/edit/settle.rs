//! The last step of a change by hand: nothing of its name or code is there yet, and it is written.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::document::Draw;
use super::ends::Word;
use super::{Desk, Written};
use crate::db::schema::entries;
use crate::error::Result;
use crate::ledger::change::Change;
use crate::ledger::ends::{self, Act};
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::held;
use crate::register::value::{Fault, Value};
use crate::register::words;

impl Desk<'_, '_> {
    /// A name is given once in a department (or within an entry), a code once in the register.
    pub(super) fn unique(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        place: Place,
        draw: &mut Draw,
    ) -> Result<()> {
        let register = self.definitions.register;
        let keys = &register.keys;
        let code = entry::text(&draw.document, &keys.code).map(str::to_owned);
        if let (None, Some(code)) = (old, &code) {
            let taken: i64 = entries::table
                .filter(entries::register.eq(&register.key))
                .filter(entries::code.eq(code))
                .count()
                .get_result(self.set.conn())?;
            if taken > 0 || !self.codes.insert(code.clone()) {
                let message = format!("编码“{code}”已被使用。");
                let fault = Fault::new("code_taken", message, "请换一个编码，或留空由系统生成");
                self.fault(number, draw, &keys.code, &fault);
            }
        }
        let name = words::name_key(entry::text(&draw.document, &keys.name).unwrap_or_default());
        let scope = (place.department_id, place.within_id, name.clone());
        let renamed = old.is_none_or(|o| {
            !o.present || (o.department_id, o.within_id, o.name_key.clone()) != scope
        });
        let told_apart = register.names_repeat || (old.is_none() && code.is_some());
        if name.is_empty() || !renamed || told_apart {
            return Ok(());
        }
        let namesake: Option<String> = entries::table
            .filter(entries::register.eq(&register.key))
            .filter(entries::name_key.eq(&name))
            .filter(entries::department_id.eq(place.department_id))
            .filter(
                sql::<BigInt>("COALESCE(entries.within_id, 0)").eq(place.within_id.unwrap_or(0)),
            )
            .filter(entries::present.eq(true))
            .filter(entries::id.ne(old.map_or(0, |o| o.id)))
            .select(entries::code)
            .first(self.set.conn())
            .optional()?;
        if namesake.is_some() || !self.names.insert(scope) {
            let other = namesake.map(|c| format!("（{c}）")).unwrap_or_default();
            let message = format!("已有同名的{}{other}。", register.label);
            let fault = Fault::new(
                "same_name",
                message,
                "如是同一条目请直接修改它，否则请用全称区分",
            );
            self.fault(number, draw, &keys.name, &fault);
        }
        Ok(())
    }

    /// Writes the change, if it is one.
    pub(super) fn put(
        &mut self,
        old: Option<EntryRow>,
        place: Place,
        mut draw: Draw,
        word: Option<Word>,
    ) -> Result<Written> {
        let definitions = self.definitions;
        let register = definitions.register;
        let id = match &old {
            Some(old) => old.id,
            None => self.set.next_entry(),
        };
        if !draw.document.contains_key(&register.keys.code) {
            let code = match &old {
                Some(old) => old.code.clone(),
                None => self.free_code(id)?,
            };
            draw.document
                .insert(register.keys.code.clone(), Value::Text(code));
        }
        let held: Vec<String> = draw.held.keys().cloned().collect();
        let apart = word.as_ref().map(|w| w.apart.clone()).unwrap_or_default();
        let request = match &old {
            Some(old) if !draw.held.is_empty() => Some(held::propose(
                self.set.conn(),
                self.viewer,
                old,
                &draw.held,
                self.reason,
            )?),
            _ => None,
        };
        let row = EntryRow::derive(definitions.catalogue, register, id, place, &draw.document);
        let change = match &old {
            Some(old) if old.present && old.attributes == row.attributes => {
                let stands = (old.id, old.revision);
                self.speak(stands, word)?;
                return Ok(Written {
                    code: old.code.clone(),
                    revision: old.revision,
                    changed: false,
                    request,
                    held,
                    apart,
                });
            }
            Some(old) => Change::amend(register, old, row, draw.edges),
            None => Change::create(register, &draw.document, row, draw.edges),
        };
        let written = Written {
            code: change.row.code.clone(),
            revision: change.row.revision,
            changed: true,
            request,
            held,
            apart,
        };
        let stands = (change.row.id, change.row.revision);
        self.set.add(change)?;
        self.speak(stands, word)?;
        Ok(written)
    }

    /// Keeps what this end says by writing.
    fn speak(&mut self, stands: (i64, i32), word: Option<Word>) -> Result<()> {
        if let Some(word) = word {
            let by = (word.side, Act::State);
            ends::state(self.set, self.viewer, stands, by, &word.given)?;
        }
        Ok(())
    }

    /// The code that the ledger gives to a number, as an import does.
    fn free_code(&mut self, id: i64) -> Result<String> {
        let register = self.definitions.register;
        let prefix = &register.code_prefix;
        let mut code = format!("{prefix}-{id:08}");
        let mut copy = 1;
        loop {
            let taken: i64 = entries::table
                .filter(entries::register.eq(&register.key))
                .filter(entries::code.eq(&code))
                .count()
                .get_result(self.set.conn())?;
            if taken == 0 && self.codes.insert(code.clone()) {
                return Ok(code);
            }
            copy += 1;
            code = format!("{prefix}-{id:08}-{copy}");
        }
    }
}
