//! The ladder of reminders, once a day: 联络员 → 专员 → 首席数据代表 → 数据管理部门, each some working days after the one
//! before while nothing is done; and a digest for everybody who has something open, in the page and by mail.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::refresh::Row;
use super::rules::rule;
use super::settings::Rules;
use crate::almanac;
use crate::auth::{Role, Viewer};
use crate::calendar::WorkCalendar;
use crate::db::connection::Conn;
use crate::db::schema::{deadline_head, deadlines, entries};
use crate::db::scope;
use crate::error::Result;
use crate::notice::{self, Message, To, mail};
use crate::org::directory::Directory;
use crate::org::filing;
use crate::register::catalogue::Catalogue;

/// Lines of a digest.
const LINES: usize = 15;

/// What reminding came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// Steps of the ladder that were taken.
    pub steps: usize,
    /// Notices that were sent.
    pub notices: usize,
    /// People who got a digest.
    pub digests: usize,
}

/// Whether nobody has been reminded on this day yet.
///
/// # Errors
/// When the database fails.
pub fn is_due(conn: &mut Conn, today: NaiveDate) -> Result<bool> {
    let last: Option<NaiveDate> = deadline_head::table
        .find(1)
        .select(deadline_head::reminded_on)
        .first(conn)?;
    Ok(last.is_none_or(|last| last < today))
}

/// Something open, with the entry it is about.
struct Open {
    row: Row,
    register: String,
    code: String,
    name: String,
    department: i64,
}

impl Open {
    fn label(&self) -> &'static str {
        rule(&self.row.rule).map_or("", |r| &r.label)
    }

    fn text(&self, today: NaiveDate) -> String {
        let days = (self.row.due_on - today).num_days();
        let when = match days {
            0 => "今天到期".to_owned(),
            1.. => format!("还有 {days} 天到期"),
            _ => format!("已逾期 {} 天", -days),
        };
        let doubt = if self.row.provisional {
            "，暂定"
        } else {
            ""
        };
        format!(
            "“{}”{}: {when}（{}{doubt}）",
            self.name,
            self.label(),
            self.row.due_on
        )
    }

    fn href(&self) -> String {
        let code =
            percent_encoding::utf8_percent_encode(&self.code, percent_encoding::NON_ALPHANUMERIC);
        format!("/registers/{}/{code}", self.register)
    }
}

/// Reminds everybody of a day, once: a second call on the same day does nothing.
///
/// # Errors
/// When the database fails; then nothing was done.
pub fn remind(
    conn: &mut Conn,
    catalogue: &Catalogue,
    (settings, mails): (&Rules, Option<&mail::Settings>),
    (today, at): (NaiveDate, NaiveDateTime),
) -> Result<Reminded> {
    conn.transaction(|conn| {
        let turned = diesel::update(deadline_head::table.find(1))
            .filter(
                deadline_head::reminded_on
                    .is_null()
                    .or(deadline_head::reminded_on.lt(today).assume_not_null()),
            )
            .set(deadline_head::reminded_on.eq(today))
            .execute(conn)?;
        if turned == 0 || !settings.remind {
            return Ok(Reminded::default());
        }
        let (calendar, _) = almanac::calendar(conn)?;
        let open = open(conn, today)?;
        let mut ladder = Ladder {
            who: Who {
                directory: Directory::load(conn)?,
                catalogue,
                known: HashMap::new(),
            },
            settings,
            calendar,
            today,
            fresh: BTreeMap::new(),
            told: BTreeMap::new(),
            steps: 0,
        };
        for one in &open {
            ladder.climb(conn, one)?;
        }
        let mut out = Reminded {
            steps: ladder.steps,
            ..Reminded::default()
        };
        for (account, fresh) in &ladder.fresh {
            for (key, one) in fresh.iter().take(settings.most) {
                let message = Message {
                    kind: "deadline",
                    text: &one.text(today),
                    href: &one.href(),
                    dedupe: key,
                };
                out.notices += notice::send(conn, To::Accounts(&[*account]), message, at)?;
            }
        }
        if ladder.calendar.is_working(today) {
            out.digests = digests(conn, &ladder, mails, at)?;
        }
        Ok(out)
    })
}

fn open(conn: &mut Conn, today: NaiveDate) -> Result<Vec<Open>> {
    let lapsed = deadlines::lapse_on.lt(today).assume_not_null();
    let rows: Vec<(Row, String, String, String, i64)> = scope::visible(&Viewer::operator("系统"))
        .inner_join(deadlines::table.on(deadlines::entry_id.eq(entries::id)))
        .filter(entries::present.eq(true))
        .filter(deadlines::done.eq(false))
        .filter(deadlines::warn_on.le(today))
        .filter(deadlines::lapse_on.is_null().or(diesel::dsl::not(lapsed)))
        .order((deadlines::due_on, deadlines::entry_id, deadlines::rule))
        .select((
            Row::as_select(),
            entries::register,
            entries::code,
            entries::name,
            entries::department_id,
        ))
        .load(conn)?;
    let open = |(row, register, code, name, department)| Open {
        row,
        register,
        code,
        name,
        department,
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Who holds a role for a department, each looked up once.
struct Who<'w> {
    directory: Directory,
    catalogue: &'w Catalogue,
    known: HashMap<(Role, i64), Vec<i64>>,
}

impl Who<'_> {
    fn of(&mut self, conn: &mut Conn, role: Role, one: &Open) -> Result<Vec<i64>> {
        let owner = one.department;
        let key = (role, owner);
        if !self.known.contains_key(&key) {
            let found = match (role, self.directory.get(owner)) {
                (Role::Bureau, Some(department)) => {
                    let regions = self.catalogue.regions();
                    match filing::addressee(conn, regions, department)? {
                        Some(bureau) => notice::holders(conn, role, bureau.id)?,
                        None => Vec::new(),
                    }
                }
                _ => notice::holders(conn, role, owner)?,
            };
            self.known.insert(key, found);
        }
        // A bureau above sees no security detail of the level below; who may not see it is not told of it.
        let secret = rule(&one.row.rule).is_none_or(|r| r.is_secret(self.catalogue));
        let bureau_above = role == Role::Bureau
            && self
                .directory
                .get(owner)
                .is_some_and(|d| d.bureau || d.region.is_none());
        if secret && bureau_above {
            return Ok(Vec::new());
        }
        Ok(self.known.get(&key).cloned().unwrap_or_default())
    }
}

struct Ladder<'l> {
    who: Who<'l>,
    settings: &'l Rules,
    calendar: WorkCalendar,
    today: NaiveDate,
    /// What is new to an account, with the key it is told under.
    fresh: BTreeMap<i64, Vec<(String, &'l Open)>>,
    /// What an account has been told of and is still open.
    told: BTreeMap<i64, Vec<&'l Open>>,
    steps: usize,
}

impl<'l> Ladder<'l> {
    /// Takes the steps that are due today; a step that reaches nobody is passed over.
    fn climb(&mut self, conn: &mut Conn, one: &'l Open) -> Result<()> {
        let before = usize::try_from(one.row.level).unwrap_or(0);
        let (mut level, mut on) = (before, one.row.level_on);
        let mut told = BTreeSet::new();
        for (n, step) in self.settings.steps.iter().enumerate() {
            let people = self.who.of(conn, step.role, one)?;
            if n >= level {
                let waited = on.is_none_or(|on| {
                    self.calendar.add_working_days(on, step.after).date <= self.today
                });
                let late = one.row.due_on < self.today;
                if (!waited && !people.is_empty()) || (step.overdue && !late) {
                    break;
                }
                level = n + 1;
                if !people.is_empty() {
                    on = Some(self.today);
                    self.steps += 1;
                }
                for account in &people {
                    let key = format!(
                        "deadline:{}:{}:{}:{level}",
                        one.row.entry_id, one.row.rule, one.row.due_on
                    );
                    self.fresh.entry(*account).or_default().push((key, one));
                }
            }
            told.extend(people);
        }
        for account in told {
            self.told.entry(account).or_default().push(one);
        }
        if level != before {
            diesel::update(deadlines::table.find((one.row.entry_id, one.row.rule.clone())))
                .set((
                    deadlines::level.eq(i32::try_from(level).unwrap_or(i32::MAX)),
                    deadlines::level_on.eq(on),
                ))
                .execute(conn)?;
        }
        Ok(())
    }
}

/// One summary for everybody who has something open, on working days.
fn digests(
    conn: &mut Conn,
    ladder: &Ladder<'_>,
    mails: Option<&mail::Settings>,
    at: NaiveDateTime,
) -> Result<usize> {
    let today = ladder.today;
    let mut sent = 0;
    for (account, open) in &ladder.told {
        let late = open.iter().filter(|o| o.row.due_on < today).count();
        let soon = open.len() - late;
        let fresh = ladder.fresh.get(account).map_or(0, Vec::len);
        let text = format!(
            "{today} 时限提醒: 已逾期 {late} 项，临近到期 {soon} 项，其中今天新增 {fresh} 项"
        );
        let message = Message {
            kind: "digest",
            text: &text,
            href: "/deadlines",
            dedupe: &format!("digest:{today}"),
        };
        if notice::send(conn, To::Accounts(&[*account]), message, at)? == 0 {
            continue;
        }
        sent += 1;
        let Some(settings) = mails else {
            continue;
        };
        if let Some(address) = notice::address(conn, *account)? {
            let mut body = format!("{text}\n\n");
            for one in open.iter().take(LINES) {
                body.push_str(&format!("- {}\n", one.text(today)));
            }
            if open.len() > LINES {
                body.push_str(&format!("…… 共 {} 项\n", open.len()));
            }
            let site = settings.site.trim_end_matches('/');
            body.push_str(&format!("\n请登录一本账办理: {site}/deadlines\n"));
            mail::put(conn, &address, ("数字资源一本账 时限提醒", &body), at)?;
        }
    }
    Ok(sent)
}
