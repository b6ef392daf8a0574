//! How many datasets stand how, by department, and the four rates made of that.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::Slice;
use super::standing::Standing;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::dataset_collection as table;
use crate::db::scope;
use crate::error::Result;
use crate::org::directory::Directory;

/// How many datasets stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CollectionCounts)]
pub struct Counts {
    /// In the catalogue: published and not withdrawn.
    pub total: usize,
    /// Shared, with or without conditions.
    pub shared: usize,
    /// Open to the public, with or without conditions.
    pub opened: usize,
    /// Collected into the integrated platform.
    pub collected: usize,
    /// Collected, and never late by their cycle.
    pub untimed: usize,
    /// Collected, but whether they are in time is not known.
    pub unknown: usize,
    /// Collected, and their update is late.
    pub overdue: usize,
    /// Said not to be collected.
    pub uncollected: usize,
    /// Nobody has said.
    pub unstated: usize,
}

impl Counts {
    /// Those of a part.
    #[must_use]
    pub fn of(&self, slice: Slice) -> usize {
        match slice {
            Slice::All => self.total,
            Slice::Shared => self.shared,
            Slice::NotShared => self.total.saturating_sub(self.shared),
            Slice::Opened => self.opened,
            Slice::NotOpened => self.total.saturating_sub(self.opened),
            Slice::Collected => self.collected,
            Slice::NotCollected => self.total.saturating_sub(self.collected),
            Slice::Uncollected => self.uncollected,
            Slice::Unstated => self.unstated,
            Slice::Periodic => self.collected.saturating_sub(self.untimed),
            Slice::UpToDate => self
                .collected
                .saturating_sub(self.untimed + self.unknown + self.overdue),
            Slice::Overdue => self.overdue,
            Slice::Unknown => self.unknown,
            Slice::Untimed => self.untimed,
        }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.shared += other.shared;
        self.opened += other.opened;
        self.collected += other.collected;
        self.untimed += other.untimed;
        self.unknown += other.unknown;
        self.overdue += other.overdue;
        self.uncollected += other.uncollected;
        self.unstated += other.unstated;
    }
}

/// A rate that bureaus ask for. They count differently, so each says what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// 共享率.
    Share,
    /// 开放率.
    Open,
    /// 汇聚率.
    Collect,
    /// 更新及时率.
    Timely,
}

impl Rate {
    /// All of them, as pages show them.
    pub const ALL: [Self; 4] = [Self::Share, Self::Open, Self::Collect, Self::Timely];

    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Open => "open",
            Self::Collect => "collect",
            Self::Timely => "timely",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Share => "共享率",
            Self::Open => "开放率",
            Self::Collect => "汇聚率",
            Self::Timely => "更新及时率",
        }
    }

    /// What it is made of, in words.
    #[must_use]
    pub fn definition(self) -> &'static str {
        match self {
            Self::Share => {
                "共享类型为无条件共享或有条件共享的数据资源 ÷ 全部在用（目录状态为已发布）的数据资源；未填共享类型的计入分母"
            }
            Self::Open => {
                "开放属性为无条件开放或有条件开放的数据资源 ÷ 全部在用的数据资源；未填开放属性的计入分母"
            }
            Self::Collect => {
                "已汇聚到一体化大数据平台的数据资源 ÷ 全部在用的数据资源；未填报汇聚情况的计入分母"
            }
            Self::Timely => {
                "按更新周期及时更新的数据资源 ÷ 已汇聚且有固定更新周期的数据资源；不定期、其他、不更新的不计入，缺更新周期或最近更新时间的计入分母"
            }
        }
    }

    /// What is counted, and out of what.
    #[must_use]
    pub fn parts(self) -> (Slice, Slice) {
        match self {
            Self::Share => (Slice::Shared, Slice::All),
            Self::Open => (Slice::Opened, Slice::All),
            Self::Collect => (Slice::Collected, Slice::All),
            Self::Timely => (Slice::UpToDate, Slice::Periodic),
        }
    }

    /// In thousandths, rounded; none out of nothing.
    #[must_use]
    pub fn permille(self, counts: &Counts) -> Option<usize> {
        let (part, whole) = self.parts();
        let whole = counts.of(whole);
        (counts.of(part) * 1000 + whole / 2).checked_div(whole)
    }
}

/// A group of datasets that stand alike: owner, shared, opened, standing, how many.
type Group = (i64, bool, bool, String, i64);

/// The counts by owning department, within what the viewer sees in full; `wished` narrows it.
///
/// No entry is read: the derived table has the owner of the moment it was derived, and gives nothing but numbers here.
///
/// # Errors
/// When the database fails.
pub fn by_department(
    conn: &mut Conn,
    viewer: &Viewer,
    wished: Option<&[i64]>,
    today: NaiveDate,
) -> Result<BTreeMap<i64, Counts>> {
    let within = scope::narrowed(viewer, Right::SeeOwn, wished);
    let mut groups = table::table
        .group_by((
            table::department_id,
            table::shared,
            table::opened,
            table::standing,
        ))
        .select((
            table::department_id,
            table::shared,
            table::opened,
            table::standing,
            count_star(),
        ))
        .into_boxed();
    let mut late = table::table
        .filter(table::standing.eq(Standing::Timed.word()))
        .filter(table::due_on.lt(today).assume_not_null())
        .group_by(table::department_id)
        .select((table::department_id, count_star()))
        .into_boxed();
    if let Some(ids) = within {
        groups = groups.filter(table::department_id.eq_any(ids.clone()));
        late = late.filter(table::department_id.eq_any(ids));
    }
    let mut out: BTreeMap<i64, Counts> = BTreeMap::new();
    for (department, shared, opened, standing, n) in groups.load::<Group>(conn)? {
        let n = usize::try_from(n).unwrap_or(0);
        let counts = out.entry(department).or_default();
        counts.total += n;
        counts.shared += if shared { n } else { 0 };
        counts.opened += if opened { n } else { 0 };
        let standing = Standing::from_word(&standing).unwrap_or(Standing::Unstated);
        counts.collected += if standing.is_collected() { n } else { 0 };
        match standing {
            Standing::Timed => {}
            Standing::Undated => counts.unknown += n,
            Standing::Untimed => counts.untimed += n,
            Standing::Uncollected => counts.uncollected += n,
            Standing::Unstated => counts.unstated += n,
        }
    }
    for (department, n) in late.load::<(i64, i64)>(conn)? {
        let counts = out.entry(department).or_default();
        counts.overdue += usize::try_from(n).unwrap_or(0);
    }
    Ok(out)
}

/// All of them together.
#[must_use]
pub fn total<'c>(counts: impl IntoIterator<Item = &'c Counts>) -> Counts {
    let mut out = Counts::default();
    for one in counts {
        out.add(one);
    }
    out
}

/// How many datasets are in the catalogue beside those that the viewer sees in full.
///
/// # Errors
/// When the database fails.
pub fn hidden(conn: &mut Conn, viewer: &Viewer) -> Result<usize> {
    let Some(ids) = scope::narrowed(viewer, Right::SeeOwn, None) else {
        return Ok(0);
    };
    let others: i64 = table::table
        .filter(table::department_id.ne_all(ids))
        .count()
        .get_result(conn)?;
    Ok(usize::try_from(others).unwrap_or(0))
}

/// The region that a department counts to: its own, or that of the department it belongs to; empty when none is known.
#[must_use]
pub fn region_of(directory: &Directory, department: i64) -> &str {
    let mut at = directory.get(department);
    // A chain of departments is short; a circle, made by hand, ends as well.
    for _ in 0..64 {
        let Some(here) = at else { break };
        match here.region.as_deref().filter(|r| !r.is_empty()) {
            Some(region) => return region,
            None => at = here.parent_id.and_then(|id| directory.get(id)),
        }
    }
    ""
}
