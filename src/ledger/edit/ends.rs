//! A change by hand of an entry with two ends: what this end may write, and what it says beside it.

use diesel::prelude::*;

use super::document::Draw;
use super::{Act, Desk, Draft, Source};
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::ends::{self, Fate, Given, Names, OTHER_END, Side, Traits};
use crate::ledger::entry::{EntryRow, Place};
use crate::register::value::{Document, Fault};

/// What an end says by writing.
pub(super) struct Word {
    /// Which end.
    pub side: Side,
    /// What it gives for the agreed fields.
    pub given: Given,
    /// Keys of those that were not written into the entry.
    pub apart: Vec<String>,
}

impl Desk<'_, '_> {
    /// Leaves what the other end has stated as it stands; another value of an agreed field is this end's own word.
    pub(super) fn other_end(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        place: Place,
        draft: &Draft,
        draw: &mut Draw,
    ) -> Result<Option<Word>> {
        let (register, directory) = (self.definitions.register, self.definitions.directory);
        if register.keys.party.is_none() {
            return Ok(None);
        }
        let old = old.filter(|o| o.present);
        let before = old.map(EntryRow::document);
        let mut names = Names::default();
        for document in before.iter().chain([&draw.document]) {
            names.learn(self.set.conn(), register, document)?;
        }
        let ends = old.map_or((place.department_id, place.party_id), |o| {
            (o.department_id, o.party_id)
        });
        let side = Side::of_writer(self.viewer, ends.0, ends.1)
            .or_else(|| Side::of_writer(self.viewer, place.department_id, place.party_id));
        let word = match side {
            Some(side) => {
                Some(self.word(number, old, before.as_ref(), side, &names, draft, draw)?)
            }
            None => None,
        };
        ends::settle_name(
            register,
            directory,
            &names,
            before.as_ref(),
            &mut draw.document,
        );
        if draft.act == Act::Create && draw.faults == 0 {
            self.same_link(number, place, draw)?;
        }
        Ok(word.filter(|w| !w.given.is_empty() && self.source != Source::Restore))
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one change")]
    fn word(
        &mut self,
        number: usize,
        old: Option<&EntryRow>,
        before: Option<&Document>,
        side: Side,
        names: &Names,
        draft: &Draft,
        draw: &mut Draw,
    ) -> Result<Word> {
        let register = self.definitions.register;
        let pair = match old {
            Some(old) => ends::pair(self.set.conn(), old.id)?,
            None => ends::Pair::default(),
        };
        let first = !pair.has(side) && !draft.given.is_empty();
        let mut word = Word {
            side,
            given: Given::new(),
            apart: Vec::new(),
        };
        for key in &register.agreed {
            let value = draw.document.get(key).cloned();
            if draft.given.contains_key(key) || (first && value.is_some()) {
                word.given.insert(key.clone(), value);
            }
        }
        let Some(before) = before else {
            return Ok(word);
        };
        let differs: Vec<String> = draft
            .given
            .keys()
            .filter(|key| before.get(*key) != draw.document.get(*key))
            .cloned()
            .collect();
        for key in differs {
            let free = key == register.keys.name
                && ends::name_is_derived(register, self.definitions.directory, names, before);
            let fate = ends::fate(register, &pair, side, before, &key);
            if free || fate == Fate::Free {
                continue;
            }
            if fate == Fate::Said {
                word.apart.push(key.clone());
            } else if self.source != Source::Restore || fate == Fate::Fixed {
                let label = register
                    .field(&key)
                    .map_or(key.as_str(), |f| f.label.as_str());
                let fault = refusal(fate, label);
                self.fault(number, draw, &key, &fault);
            }
            match before.get(&key) {
                Some(value) => draw.document.insert(key.clone(), value.clone()),
                None => draw.document.remove(&key),
            };
            draw.edges.retain(|e| e.field != key);
        }
        Ok(word)
    }

    /// A link that is there already is confirmed or changed, not made again.
    fn same_link(&mut self, number: usize, place: Place, draw: &mut Draw) -> Result<()> {
        let register = self.definitions.register;
        // What was made before in the same change set counts, too.
        self.set.flush()?;
        let rows: Vec<EntryRow> = visible(self.viewer)
            .filter(entries::register.eq(&register.key))
            .filter(entries::department_id.eq(place.department_id))
            .filter(entries::party_id.eq(place.party_id.unwrap_or(-1)))
            .filter(entries::present.eq(true))
            .filter(entries::stage.ne("retired"))
            .select(EntryRow::as_select())
            .load(self.set.conn())?;
        let known: Vec<Traits> = rows
            .iter()
            .map(|r| Traits::of(register, &r.document()))
            .collect();
        let wanted = Traits::of(register, &draw.document);
        let found = ends::matching(&wanted, known.iter());
        if let Some(row) = found.first().and_then(|n| rows.get(*n)) {
            let message = format!("已有同一{}“{}”（{}）。", register.label, row.name, row.code);
            let fault = Fault::new("same_link", message, "请打开它确认或修改，不要重复录入");
            self.fault(number, draw, &register.keys.name, &fault);
        }
        Ok(())
    }
}

fn refusal(fate: Fate, label: &str) -> Fault {
    if fate == Fate::Fixed {
        return Fault::new(
            "ends_fixed",
            format!("对方单位已有登记，“{label}”不能更改。"),
            "请终止这一对接，另行登记",
        );
    }
    Fault::new(
        OTHER_END,
        format!("“{label}”已由提供方登记，使用方不能改动。"),
        "请保留原值；有不同意见的请提出异议",
    )
}
