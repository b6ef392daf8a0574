//! What stands above the issues on the desk: the statutory clocks, and the links at risk.

use crate::auth::Right;
use crate::clock;
use crate::error::Result;
use crate::ledger::ends::{Side, Standing as Told};
use crate::sharing::LINKS;
use crate::sharing::link::{self, Link};
use crate::sharing::request::clock::{Clock, Reckoner, Standing};
use crate::sharing::request::{Ground, Request};
use crate::web::api::requests::grounded;
use crate::web::caller::Ask;
use crate::web::desk::coded;

/// Lines of a card.
const LINES: usize = 5;

/// A clock that runs.
pub(super) struct Ticking {
    pub id: i64,
    pub kind: &'static str,
    pub dataset: String,
    pub who: String,
    pub left: String,
    pub provisional: bool,
    pub badge: &'static str,
}

/// A link that is not agreed upon.
pub(super) struct Tie {
    pub href: String,
    pub name: String,
    pub ends: String,
    pub standing: &'static str,
    pub badge: &'static str,
}

/// How many links there are of a view.
pub(super) struct Tally {
    pub word: &'static str,
    pub label: &'static str,
    pub count: usize,
}

/// Both cards.
pub(super) struct Beside {
    pub overdue: usize,
    pub soon: usize,
    pub clocks: Vec<Ticking>,
    pub counts: Vec<Tally>,
    pub links: Vec<Tie>,
}

fn ticking(ground: Ground<'_>, (clock, request): &(Clock, Request)) -> Ticking {
    Ticking {
        id: request.id,
        kind: clock.kind.label(),
        dataset: request.dataset_name.clone(),
        who: ground.name(clock.department_id),
        left: clock.left_words(),
        provisional: clock.provisional,
        badge: match clock.standing {
            Standing::Overdue => "ol-badge--bad",
            Standing::Soon => "ol-badge--warn",
            _ => "",
        },
    }
}

fn tie(ground: Ground<'_>, link: &Link) -> Tie {
    let end = |side: Side| link.department(side).map(|id| ground.name(id));
    let (gives, takes) = (end(Side::Provider), end(Side::Consumer));
    let standing = link.standing();
    Tie {
        href: format!("/registers/{LINKS}/{}#ends", coded(&link.row.code)),
        name: link.row.name.clone(),
        ends: format!(
            "{} → {}",
            gives.unwrap_or_default(),
            takes.unwrap_or_default()
        ),
        standing: standing.label(),
        badge: if standing == Told::Disputed {
            "ol-badge--bad"
        } else {
            "ol-badge--warn"
        },
    }
}

/// What concerns the departments whose business the viewer sees; nothing for who sees none.
pub(super) fn of(ask: &mut Ask<'_>) -> Result<Option<Beside>> {
    if !ask.viewer.can_anywhere(Right::SeeOwn) {
        return Ok(None);
    }
    grounded(ask, |ask, ground| {
        let reckoner = Reckoner::new(ask.conn, ground, clock::today())?;
        let clocks = reckoner.seen(ask.conn, &ask.viewer, true)?;
        let standing = |wanted: Standing| {
            let fits = clocks.iter().filter(|(c, _)| c.standing == wanted);
            fits.count()
        };
        let risks = link::at_risk(ask.conn, &ask.viewer, LINES)?;
        Ok(Some(Beside {
            overdue: standing(Standing::Overdue),
            soon: standing(Standing::Soon),
            clocks: clocks
                .iter()
                .take(LINES)
                .map(|pair| ticking(ground, pair))
                .collect(),
            counts: risks
                .counts
                .iter()
                .map(|(view, count)| Tally {
                    word: view.word(),
                    label: view.label(),
                    count: *count,
                })
                .collect(),
            links: risks.links.iter().map(|l| tie(ground, l)).collect(),
        }))
    })
}
