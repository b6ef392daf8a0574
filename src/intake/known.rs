//! What the ledger and the file so far hold, by code and by name, small enough for a million entries.
//!
//! Keys are 128-bit keyed hashes instead of the texts: two lookups a row, about a hundred bytes an entry.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::auth::{Ends, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::scope;
use crate::error::Result;
use crate::register::words;

/// How much of an entry the importer may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// All of it.
    Full,
    /// Its published summary: it may be referred to.
    Summary,
    /// Nothing but that its code is taken.
    Hidden,
}

/// An entry as far as finding it needs.
#[derive(Clone, Copy, Debug)]
pub struct KnownEntry {
    /// Identity.
    pub id: i64,
    /// Owner.
    pub department: i64,
    /// The other end, of a link.
    pub party: Option<i64>,
    /// What it belongs to.
    pub within: Option<i64>,
    /// How much of it the importer may know.
    pub hold: Hold,
    /// Not removed.
    pub present: bool,
    /// Only in the file so far, and not certain to go in.
    pub tentative: bool,
    /// In the ledger already.
    pub stored: bool,
    /// Row of the file that speaks of it; 0 = none yet.
    pub row: u32,
    /// Sheet of that row.
    pub sheet: u16,
    /// That row gives no code: it is found by its name.
    pub by_name: bool,
    /// Fingerprint of what the file says, in registers where names repeat.
    pub content: u64,
}

impl From<&KnownEntry> for Ends {
    fn from(entry: &KnownEntry) -> Self {
        Self::of(entry.department, entry.party)
    }
}

/// A place in an [`Index`].
pub type Slot = u32;

/// What a name came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Nothing.
    None,
    /// Exactly one.
    One(Slot),
    /// Several.
    Many(Vec<Slot>),
}

#[derive(Default)]
struct Multimap {
    first: HashMap<u128, Slot>,
    more: HashMap<u128, Vec<Slot>>,
}

impl Multimap {
    fn add(&mut self, key: u128, slot: Slot) {
        if let Some(first) = self.first.insert(key, slot) {
            self.first.insert(key, first);
            self.more.entry(key).or_default().push(slot);
        }
    }

    fn get(&self, key: u128) -> impl Iterator<Item = Slot> + '_ {
        let more = self.more.get(&key).into_iter().flatten();
        self.first.get(&key).into_iter().chain(more).copied()
    }
}

/// One register's entries.
#[derive(Default)]
pub struct Index {
    entries: Vec<KnownEntry>,
    codes: HashMap<u128, Slot>,
    scoped_names: Multimap,
    names: Multimap,
    texts: Vec<Box<str>>,
}

/// All registers that an import touches.
pub struct Known {
    registers: HashMap<String, Index>,
    hashers: (RandomState, RandomState),
}

/// Where a name has to be unique: within another entry, or within a department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Owner.
    pub department: i64,
    /// What the entry belongs to.
    pub within: Option<i64>,
}

impl Scope {
    fn number(self) -> i64 {
        match self.within {
            Some(entry) => -entry,
            None => self.department,
        }
    }
}

impl Known {
    /// Reads the entries of these registers, each with how much of it the viewer may know.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn, viewer: &Viewer, registers: &[&str]) -> Result<Self> {
        let mut known = Self {
            registers: HashMap::new(),
            hashers: (RandomState::new(), RandomState::new()),
        };
        for register in registers {
            known
                .registers
                .insert((*register).to_owned(), Index::default());
            known.load_register(conn, viewer, register)?;
        }
        Ok(known)
    }

    fn load_register(&mut self, conn: &mut Conn, viewer: &Viewer, register: &str) -> Result<()> {
        let mut after = 0;
        loop {
            let rows = scope::standing(conn, register, after, 20_000)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id;
            for row in rows {
                let ends = Ends::of(row.department, row.party);
                let hold = if viewer.can(Right::SeeOwn, ends) {
                    Hold::Full
                } else if row.published || viewer.can(Right::SeeMoney, ends) {
                    Hold::Summary
                } else {
                    Hold::Hidden
                };
                let (code, name_key) = (row.code, row.name_key);
                let entry = KnownEntry {
                    id: row.id,
                    department: row.department,
                    party: row.party,
                    within: row.within,
                    hold,
                    present: row.present,
                    tentative: false,
                    stored: true,
                    row: 0,
                    sheet: 0,
                    by_name: false,
                    content: 0,
                };
                self.add(register, entry, &code, &name_key);
            }
        }
    }

    /// Whether this register was loaded.
    #[must_use]
    pub fn holds(&self, register: &str) -> bool {
        self.registers.contains_key(register)
    }

    fn hash(&self, scope: i64, text: &str) -> u128 {
        let one = self.hashers.0.hash_one((scope, text));
        let two = self.hashers.1.hash_one((scope, text));
        (u128::from(one) << 64) | u128::from(two)
    }

    /// Adds an entry under its code and its name.
    pub fn add(&mut self, register: &str, entry: KnownEntry, code: &str, name_key: &str) -> Slot {
        let scope = Scope {
            department: entry.department,
            within: entry.within,
        };
        let text = code;
        let code = self.hash(0, &words::name_key(code));
        let scoped = self.hash(scope.number(), name_key);
        let name = self.hash(0, name_key);
        let index = self.registers.entry(register.to_owned()).or_default();
        let slot = Slot::try_from(index.entries.len()).unwrap_or(Slot::MAX);
        index.entries.push(entry);
        index.texts.push(text.into());
        index.codes.insert(code, slot);
        if entry.hold != Hold::Hidden {
            index.scoped_names.add(scoped, slot);
            index.names.add(name, slot);
        }
        slot
    }

    /// The entry at a slot.
    #[must_use]
    pub fn get(&self, register: &str, slot: Slot) -> Option<&KnownEntry> {
        self.registers
            .get(register)?
            .entries
            .get(usize::try_from(slot).ok()?)
    }

    /// The code of the entry at a slot.
    #[must_use]
    pub fn code(&self, register: &str, slot: Slot) -> Option<&str> {
        let texts = &self.registers.get(register)?.texts;
        texts.get(usize::try_from(slot).ok()?).map(AsRef::as_ref)
    }

    /// The entry at a slot, to note what the file says of it.
    pub fn get_mut(&mut self, register: &str, slot: Slot) -> Option<&mut KnownEntry> {
        self.registers
            .get_mut(register)?
            .entries
            .get_mut(usize::try_from(slot).ok()?)
    }

    /// Takes back an entry that turned out not to go in; the code of a removed one stays taken.
    pub fn withdraw(&mut self, register: &str, slot: Slot) {
        if let Some(entry) = self.get_mut(register, slot) {
            entry.present = false;
            entry.tentative = false;
            if !entry.stored {
                entry.row = u32::MAX;
            }
        }
    }

    /// The entry with this code, removed ones included.
    #[must_use]
    pub fn by_code(&self, register: &str, code: &str) -> Option<Slot> {
        let key = self.hash(0, &words::name_key(code));
        let slot = *self.registers.get(register)?.codes.get(&key)?;
        self.get(register, slot)
            .filter(|e| e.row != u32::MAX)
            .map(|_| slot)
    }

    /// Entries with this name in one scope; a removed one only when no other is called so.
    #[must_use]
    pub fn by_name(&self, register: &str, scope: Scope, name: &str) -> Match {
        let Some(index) = self.registers.get(register) else {
            return Match::None;
        };
        let key = self.hash(scope.number(), &words::name_key(name));
        self.sift(register, index.scoped_names.get(key))
    }

    /// Entries with this name anywhere in the register.
    #[must_use]
    pub fn by_name_anywhere(&self, register: &str, name: &str) -> Match {
        let Some(index) = self.registers.get(register) else {
            return Match::None;
        };
        let key = self.hash(0, &words::name_key(name));
        match self.sift(register, index.names.get(key)) {
            Match::One(slot) if !self.get(register, slot).is_some_and(|e| e.present) => Match::None,
            found => found,
        }
    }

    fn sift(&self, register: &str, slots: impl Iterator<Item = Slot>) -> Match {
        let live = |s: &Slot| {
            self.get(register, *s)
                .is_some_and(|e| e.row != u32::MAX || e.present)
        };
        let all: Vec<Slot> = slots.filter(live).collect();
        let present = |s: &&Slot| self.get(register, **s).is_some_and(|e| e.present);
        let there: Vec<Slot> = all.iter().filter(present).copied().collect();
        match there.as_slice() {
            [] => self.returning(register, &all),
            [one] => Match::One(*one),
            _ => Match::Many(there),
        }
    }

    /// The removed entry that a name alone may bring back: the only one whose code the ledger gave out. One
    /// with a code of its own comes back by that code.
    fn returning(&self, register: &str, removed: &[Slot]) -> Match {
        let ours = |slot: &&Slot| {
            let entry = self.get(register, **slot);
            let end = entry.map(|e| format!("-{:08}", e.id)).unwrap_or_default();
            self.code(register, **slot)
                .is_some_and(|c| c.ends_with(&end))
        };
        let ours: Vec<&Slot> = removed.iter().filter(ours).collect();
        match ours.as_slice() {
            [one] => Match::One(**one),
            _ => Match::None,
        }
    }

    /// All entries of a register.
    pub fn entries(&self, register: &str) -> impl Iterator<Item = &KnownEntry> {
        self.registers
            .get(register)
            .into_iter()
            .flat_map(|i| &i.entries)
    }
}
