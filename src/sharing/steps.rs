//! What an end of a link may do from where it stands: one line per arrow.

use crate::ledger::ends::{Act, State};

/// One arrow: from where the end stands (`None` = it has not spoken), by which act, to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// From here.
    pub from: Option<State>,
    /// By this.
    pub act: Act,
    /// To here.
    pub to: State,
}

const fn arrow(from: Option<State>, act: Act, to: State) -> Arrow {
    Arrow { from, act, to }
}

/// All arrows that people take beside writing the entry.
pub const ARROWS: [Arrow; 8] = [
    arrow(None, Act::Confirm, State::Stated),
    arrow(Some(State::Outdated), Act::Confirm, State::Stated),
    arrow(Some(State::Disputed), Act::Confirm, State::Stated),
    arrow(Some(State::Stated), Act::Confirm, State::Stated),
    arrow(None, Act::Dispute, State::Disputed),
    arrow(Some(State::Outdated), Act::Dispute, State::Disputed),
    arrow(Some(State::Stated), Act::Dispute, State::Disputed),
    arrow(Some(State::Disputed), Act::Withdraw, State::Outdated),
];

/// Where an act leads; `None` when it cannot be done from there.
#[must_use]
pub fn next(from: Option<State>, act: Act) -> Option<State> {
    let found = ARROWS.iter().find(|a| a.from == from && a.act == act);
    found.map(|a| a.to)
}
