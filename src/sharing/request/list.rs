//! Lists of requests, by what they are to the viewer, and what waits for him.

use diesel::prelude::*;

use super::catalogue::extension;
use super::clock::{Reckoner, Standing};
use super::steps::{ANSWER_OWED, State};
use super::{Ground, Request, departments, judge};
use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{share_answers, share_corrections, share_requests};
use crate::error::Result;

/// What requests are to the viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Those of his own department, until data is supplied, and again when the provider wishes to stop or change.
    #[default]
    Mine,
    /// Those that his own department has to answer, to supply, to file or to end.
    Theirs,
    /// Those that are in use, at either end.
    InUse,
    /// Those that are over.
    Ended,
    /// Those in which his bureau has a word: extensions, filings, disputes.
    Coordinate,
    /// All that he sees.
    All,
}

impl Tab {
    /// All of them, as pages show them.
    pub const ALL: [Self; 6] = [
        Self::Mine,
        Self::Theirs,
        Self::InUse,
        Self::Ended,
        Self::Coordinate,
        Self::All,
    ];

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Theirs => "theirs",
            Self::InUse => "in_use",
            Self::Ended => "ended",
            Self::Coordinate => "coordinate",
            Self::All => "all",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.word() == word)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Mine => "我方申请",
            Self::Theirs => "需我方办理",
            Self::InUse => "在用",
            Self::Ended => "已结束",
            Self::Coordinate => "主管部门办理",
            Self::All => "全部",
        }
    }
}

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What they are to the viewer.
    pub tab: Tab,
    /// In this state.
    pub state: Option<State>,
    /// Of this provider.
    pub provider: Option<i64>,
    /// Of this consumer.
    pub consumer: Option<i64>,
    /// For this dataset.
    pub dataset: Option<i64>,
    /// After this number: ids fall.
    pub before: Option<i64>,
}

fn words(states: &[State]) -> Vec<&'static str> {
    states.iter().map(|s| s.word()).collect()
}

/// The departments whose own business the viewer does.
fn own(viewer: &Viewer, ground: Ground<'_>) -> Vec<i64> {
    let all = ground.directory.all().iter().map(|d| d.id);
    all.filter(|d| judge::answers_for(viewer, ground.directory, *d))
        .collect()
}

/// The bureaus that the viewer works for; none: all of them.
pub(super) fn bureaus(viewer: &Viewer) -> Option<Vec<i64>> {
    if *viewer.reach(Right::CoordinateSharing) == Reach::Everything {
        return None;
    }
    let held = viewer.roles().iter();
    Some(
        held.filter_map(|(role, at)| at.filter(|_| *role == Role::Bureau))
            .collect(),
    )
}

const SERVED: &[State] = &[
    State::InUse,
    State::Consulting,
    State::Disagreed,
    State::Consulted,
    State::Filed,
];
/// Where the provider owes something.
const OWED: &[State] = &[
    State::Submitted,
    State::PapersAsked,
    State::Supplemented,
    State::Answering,
    State::Supplying,
    State::Consulted,
    State::Filed,
];
/// Where the bureau has a word.
const BUREAU: &[State] = &[State::Disagreed, State::Filed];

/// Requests, the newest first.
///
/// # Errors
/// When the database fails.
pub fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Request>> {
    let mut query = share_requests::table
        .inner_join(share_answers::table.on(share_answers::request_id.eq(share_requests::id)))
        .select(Request::as_select())
        .order(share_requests::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(ids) = departments(viewer, Right::SeeOwn) {
        let provider = share_requests::provider_id
            .eq_any(ids.clone())
            .and(share_requests::submitted_at.is_not_null());
        query = query.filter(share_requests::consumer_id.eq_any(ids).or(provider));
    }
    let asked_back = share_requests::state.eq(State::Consulting.word());
    let waits = share_requests::open
        .eq(true)
        .and(share_requests::state.ne_all(words(SERVED)).or(asked_back));
    query = match filter.tab {
        Tab::Mine => query
            .filter(share_requests::consumer_id.eq_any(own(viewer, ground)))
            .filter(waits),
        Tab::Theirs => query
            .filter(share_requests::provider_id.eq_any(own(viewer, ground)))
            .filter(share_requests::submitted_at.is_not_null())
            .filter(share_requests::state.eq_any(words(OWED))),
        Tab::InUse => query.filter(share_requests::state.eq_any(words(SERVED))),
        Tab::Ended => query.filter(share_requests::open.eq(false)),
        Tab::Coordinate => {
            let asked = share_answers::ext_state
                .eq("asked")
                .and(share_requests::state.eq_any(words(ANSWER_OWED)));
            let own = share_requests::state.eq_any(words(BUREAU)).or(asked);
            query.filter(own)
        }
        Tab::All => query,
    };
    if let (Tab::Coordinate, Some(ids)) = (filter.tab, bureaus(viewer)) {
        query = query.filter(share_requests::bureau_id.eq_any(ids).assume_not_null());
    }
    if let Some(state) = filter.state {
        query = query.filter(share_requests::state.eq(state.word()));
    }
    if let Some(provider) = filter.provider {
        query = query.filter(share_requests::provider_id.eq(provider));
    }
    if let Some(consumer) = filter.consumer {
        query = query.filter(share_requests::consumer_id.eq(consumer));
    }
    if let Some(dataset) = filter.dataset {
        query = query.filter(share_requests::dataset_id.eq(dataset));
    }
    if let Some(before) = filter.before {
        query = query.filter(share_requests::id.lt(before));
    }
    Ok(query.load(conn)?)
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many there are.
    pub count: usize,
    /// What they are, to be read behind the number.
    pub text: &'static str,
    /// Where it is dealt with.
    pub href: String,
}

/// More than this are not counted.
const COUNTED: i64 = 500;

/// What waits for the viewer, the most urgent first.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>) -> Result<Vec<Waiting>> {
    let mut out = Vec::new();
    if !viewer.can_anywhere(Right::Write) {
        return Ok(out);
    }
    let reckoner = Reckoner::new(conn, ground, clock::today())?;
    let clocks = reckoner.seen(conn, viewer, true)?;
    let (mut late, mut soon) = (0, 0);
    for (clock, _) in &clocks {
        match clock.standing {
            Standing::Overdue => late += 1,
            Standing::Soon => soon += 1,
            _ => {}
        }
    }
    let mut add = |count: usize, text: &'static str, href: String| {
        if count > 0 {
            out.push(Waiting { count, text, href });
        }
    };
    add(
        late,
        "个数据共享法定时限已逾期",
        "/requests/clocks?standing=overdue".to_owned(),
    );
    add(
        soon,
        "个数据共享法定时限临近到期",
        "/requests/clocks?standing=soon".to_owned(),
    );
    let head = viewer.can_anywhere(Right::ApproveSharing);
    let business = !own(viewer, ground).is_empty();
    let owed = owed(head, business);
    for (tab, state, may, text) in owed {
        if may {
            let filter = Filter {
                tab,
                state: Some(state),
                ..Filter::default()
            };
            let found = list(conn, viewer, ground, &filter, COUNTED)?;
            let href = format!("/requests?tab={}&state={}", tab.word(), state.word());
            add(found.len(), text, href);
        }
    }
    if viewer.can_anywhere(Right::CoordinateSharing) {
        let filter = Filter {
            tab: Tab::Coordinate,
            ..Filter::default()
        };
        let found = list(conn, viewer, ground, &filter, COUNTED)?;
        add(
            found.len(),
            "件共享延期、协调或备案待主管部门办理",
            "/requests?tab=coordinate".to_owned(),
        );
        add(
            extension::waiting(conn, viewer)?,
            "件目录更新延期待主管部门办理",
            "/requests/clocks#updates".to_owned(),
        );
    }
    if business {
        let mine = own(viewer, ground);
        let theirs = corrections(conn, "open", &mine, true)?;
        add(
            theirs,
            "件校核申请待核实答复",
            "/requests/clocks".to_owned(),
        );
        let answered = corrections(conn, "answered", &mine, false)?;
        add(
            answered,
            "件校核答复待确认",
            "/requests?tab=in_use".to_owned(),
        );
    }
    Ok(out)
}

/// What waits in which state, and whether it is the viewer's to move.
fn owed(head: bool, business: bool) -> [(Tab, State, bool, &'static str); 9] {
    [
        (Tab::Mine, State::Internal, head, "件共享申请待审批"),
        (Tab::Mine, State::PapersAsked, business, "件共享申请待补正"),
        (Tab::Theirs, State::Submitted, business, "件共享申请待答复"),
        (
            Tab::Theirs,
            State::Supplemented,
            business,
            "件共享申请已补正，待答复",
        ),
        (Tab::Theirs, State::Answering, head, "件共享答复待批准"),
        (
            Tab::Theirs,
            State::Supplying,
            business,
            "件已同意的共享待供数",
        ),
        (
            Tab::Mine,
            State::Consulting,
            business,
            "件共享停止或变更待您答复",
        ),
        (
            Tab::Theirs,
            State::Consulted,
            head,
            "件共享停止或变更待备案",
        ),
        (
            Tab::Theirs,
            State::Filed,
            business,
            "件共享停止或变更已备案，待办理",
        ),
    ]
}

/// Correction requests in a state, of these departments as providers or as consumers.
fn corrections(conn: &mut Conn, state: &str, of: &[i64], provider: bool) -> Result<usize> {
    let joined = share_corrections::table
        .inner_join(share_requests::table.on(share_requests::id.eq(share_corrections::request_id)))
        .filter(share_corrections::state.eq(state.to_owned()))
        .filter(share_requests::open.eq(true));
    let found: i64 = if provider {
        let query = joined.filter(share_requests::provider_id.eq_any(of.to_vec()));
        query.count().get_result(conn)?
    } else {
        let query = joined.filter(share_requests::consumer_id.eq_any(of.to_vec()));
        query.count().get_result(conn)?
    };
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}
