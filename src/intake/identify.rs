//! Whose row it is and which entry it speaks of: departments, references, codes and names.

use crate::intake::known::{Hold, Known, Match, Scope, Slot};
pub use crate::ledger::refer::UNKNOWN_REFERENCE;
use crate::org::directory::Directory;
pub use crate::org::directory::{department_fault, named_department};
use crate::register::field::Register;
use crate::register::value::{Fault, Note};

/// The entry that a row speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// One that is there.
    Known(Slot),
    /// A new one; with a note when another is called the same.
    New(Option<Note>),
}

/// What a row says of its identity.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'r> {
    /// Code, when the file has one.
    pub code: Option<&'r str>,
    /// Name, when the file has one.
    pub name: Option<&'r str>,
    /// Owner and surroundings.
    pub scope: Scope,
}

/// Finds the entry by code, else by name within its scope.
///
/// # Errors
/// A fault with the candidates when it is ambiguous, or when the code belongs to another department.
pub fn identify(
    known: &Known,
    register: &Register,
    directory: &Directory,
    claim: Claim<'_>,
) -> Result<Identity, Fault> {
    let key = register.key.as_str();
    if let Some(code) = claim.code {
        if let Some(slot) = known.by_code(key, code) {
            return owned(known, register, directory, claim, code, slot);
        }
        let namesake = claim.name.map(|name| known.by_name(key, claim.scope, name));
        // A row above says the same name and no code: one entry or two, nobody can tell the next time.
        if let Some(Match::One(slot)) = namesake
            && !register.names_repeat
            && known
                .get(key, slot)
                .is_some_and(|e| e.row != 0 && e.by_name)
        {
            return Ok(Identity::Known(slot));
        }
        let stored = |slot: Slot| known.get(key, slot).is_some_and(|e| e.stored && e.present);
        let note = matches!(namesake, Some(Match::One(slot)) if stored(slot)).then(|| Note {
            warning: true,
            code: "same_name",
            message: format!(
                "账本中已有同名的{}，因编码不同作为新条目；如是同一条目，请改用账本中的编码",
                register.label
            ),
        });
        return Ok(Identity::New(note));
    }
    let Some(name) = claim.name else {
        return Err(nameless());
    };
    match known.by_name(key, claim.scope, name) {
        Match::None => Ok(Identity::New(None)),
        Match::One(slot) => Ok(Identity::Known(slot)),
        Match::Many(slots) => Err(Fault {
            code: "ambiguous_entry",
            message: format!(
                "有 {} 个{}都叫“{name}”，无法判断是哪一个。",
                slots.len(),
                register.label
            ),
            suggestion: candidates(known, key, &slots),
        }),
    }
}

/// The fault of a row that says neither code nor name.
#[must_use]
pub fn nameless() -> Fault {
    Fault {
        code: "missing_identity",
        message: "既没有编码也没有名称，无法判断是哪个条目。".to_owned(),
        suggestion: "请填写名称".to_owned(),
    }
}

fn owned(
    known: &Known,
    register: &Register,
    directory: &Directory,
    claim: Claim<'_>,
    code: &str,
    slot: Slot,
) -> Result<Identity, Fault> {
    let Some(entry) = known.get(&register.key, slot) else {
        return Ok(Identity::New(None));
    };
    let there = Scope {
        department: entry.department,
        within: entry.within,
    };
    let same_place =
        claim.scope == there || register.keys.owner.is_none() || claim.scope.department == 0;
    let moved = || {
        claim
            .name
            .is_none_or(|name| known.by_name(&register.key, there, name) == Match::One(slot))
    };
    if same_place || !entry.present || moved() {
        return Ok(Identity::Known(slot));
    }
    let holder = directory
        .get(entry.department)
        .map_or("其他单位", |d| d.name.as_str());
    Err(Fault {
        code: "code_of_other",
        message: format!("编码“{code}”已由{holder}的另一条目使用。"),
        suggestion: "请核对编码；新条目的编码请留空，由系统生成".to_owned(),
    })
}

fn candidates(known: &Known, register: &str, slots: &[Slot]) -> String {
    let codes: Vec<&str> = slots
        .iter()
        .filter_map(|s| known.code(register, *s))
        .take(5)
        .collect();
    if codes.is_empty() {
        "请填写编码".to_owned()
    } else {
        format!("请填写编码，可选: {}", codes.join("、"))
    }
}

/// What a reference came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referred {
    /// This entry.
    Entry(Slot),
    /// Nothing of that code or name, so far.
    Absent,
    /// Several.
    Several(Vec<Slot>),
}

/// Finds an entry by code, else by name: in the row's own department first, else anywhere.
#[must_use]
pub fn refer(known: &Known, register: &str, text: &str, department: Option<i64>) -> Referred {
    if let Some(slot) = known.by_code(register, text).filter(|s| {
        known
            .get(register, *s)
            .is_some_and(|e| e.present && e.hold != Hold::Hidden)
    }) {
        return Referred::Entry(slot);
    }
    let own = department.map(|d| {
        known.by_name(
            register,
            Scope {
                department: d,
                within: None,
            },
            text,
        )
    });
    let there = |slot: &Slot| known.get(register, *slot).is_some_and(|e| e.present);
    if let Some(Match::One(slot)) = own
        && there(&slot)
    {
        return Referred::Entry(slot);
    }
    match known.by_name_anywhere(register, text) {
        Match::None => Referred::Absent,
        Match::One(slot) => Referred::Entry(slot),
        Match::Many(slots) => Referred::Several(slots),
    }
}

/// The fault of a reference that leads to several entries.
#[must_use]
pub fn several(known: &Known, register: &Register, text: &str, slots: &[Slot]) -> Fault {
    Fault {
        code: "ambiguous_reference",
        message: format!("有 {} 个{}都叫“{text}”。", slots.len(), register.label),
        suggestion: candidates(known, &register.key, slots),
    }
}

/// The fault of a reference that leads nowhere.
#[must_use]
pub fn absent(register: &Register, text: &str) -> Fault {
    Fault {
        code: UNKNOWN_REFERENCE,
        message: format!("账本和本文件中都没有{}“{text}”。", register.label),
        suggestion: format!("请核对编码或名称，或先录入该{}", register.label),
    }
}
