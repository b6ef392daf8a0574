//! Drafting a request and changing the draft; what it must say before it is handed in (arts. 14, 15, 20).

mod asked;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::steps::{Act, State};
use super::{
    Answered, Ground, Request, checked, get, judge, locked, note, nowhere, settled, stale, store,
    tell,
};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{share_answers, share_requests};
use crate::error::{Error, Problem, Result};
use crate::ledger::refer;
use crate::org::directory;

pub(super) use asked::missing;
pub use asked::{ATTRIBUTES, Asked, MODES, dataset, dataset_of, warnings};

const SYSTEM: &str = "information_system";

/// What somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Code of the dataset.
    pub dataset: String,
    /// Code or name of the asking department; may be left out by who belongs to one only.
    pub consumer: String,
    /// Code or name of the system that will use it.
    pub consumer_system: String,
    /// Which items; all of them when empty.
    pub items: String,
    /// 使用依据.
    pub basis: String,
    /// 使用场景.
    pub scene: String,
    /// 使用范围.
    pub use_scope: String,
    /// Code or label of the mode.
    pub share_mode: String,
    /// 使用时限.
    pub valid_until: Option<NaiveDate>,
    /// Contact.
    pub contact: String,
    /// His telephone.
    pub contact_phone: String,
    /// Why, although the catalogue says 不予共享.
    pub argument: String,
}

/// The departments for which the viewer may ask.
#[must_use]
pub fn consumers(viewer: &Viewer, ground: Ground<'_>) -> Vec<i64> {
    let all = ground.directory.all().iter().filter(|d| !d.is_over());
    let ids = all.map(|d| d.id);
    ids.filter(|id| judge::answers_for(viewer, ground.directory, *id))
        .collect()
}

/// The wish as it is stored, with the dataset that it names.
struct Read {
    asked: Asked,
    consumer: i64,
    wish: Wish,
    system: Option<i64>,
}

fn consumer_of(
    viewer: &Viewer,
    ground: Ground<'_>,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Result<i64> {
    let mine = consumers(viewer, ground);
    if text.is_empty() {
        if let [one] = mine.as_slice() {
            return Ok(*one);
        }
        let home = viewer.home().filter(|h| mine.contains(h));
        return home.ok_or_else(|| {
            let hint = "填单位代码或全称";
            Error::Invalid(vec![Problem::new(
                "consumer",
                "required",
                "请填写需求部门",
                hint,
            )])
        });
    }
    let found = ground.directory.by_code(text).map(|d| d.id);
    let id = match found {
        Some(id) => id,
        None => match directory::named_department(ground.directory, text) {
            Ok(id) => id,
            Err(other @ Error::Database(_)) => return Err(other),
            Err(other) => {
                problems.push(Problem::new(
                    "consumer",
                    "unknown",
                    &other.to_string(),
                    "填单位代码或全称",
                ));
                return Ok(-1);
            }
        },
    };
    judge::own(viewer, ground, id, "需求部门")?;
    Ok(id)
}

/// What was written, trimmed; what cannot be taken is named.
fn cleaned(p: &mut Vec<Problem>, wish: &Wish) -> Wish {
    Wish {
        dataset: checked(p, ("dataset", "数据资源"), &wish.dataset, 200),
        consumer: checked(p, ("consumer", "需求部门"), &wish.consumer, 200),
        consumer_system: checked(
            p,
            ("consumer_system", "使用系统"),
            &wish.consumer_system,
            200,
        ),
        items: checked(p, ("items", "数据项"), &wish.items, 2_000),
        basis: checked(p, ("basis", "使用依据"), &wish.basis, 1_000),
        scene: checked(p, ("scene", "使用场景"), &wish.scene, 1_000),
        use_scope: checked(p, ("use_scope", "使用范围"), &wish.use_scope, 1_000),
        share_mode: checked(p, ("share_mode", "共享方式"), &wish.share_mode, 50),
        valid_until: wish.valid_until,
        contact: checked(p, ("contact", "联系人"), &wish.contact, 50),
        contact_phone: checked(p, ("contact_phone", "联系电话"), &wish.contact_phone, 50),
        argument: checked(p, ("argument", "申请理由"), &wish.argument, 1_000),
    }
}

/// Turns the word for a way of sharing into its code.
fn name_mode(ground: Ground<'_>, mode: &mut String, problems: &mut Vec<Problem>) {
    if !mode.is_empty()
        && let Some(list) = ground.catalogue.list(MODES)
    {
        let by_code = list.item(mode).map(|i| i.code.clone());
        let by_label = || list.items.iter().find(|i| i.label == *mode);
        match by_code.or_else(|| by_label().map(|i| i.code.clone())) {
            Some(code) => *mode = code,
            None => {
                let hint = "服务接口、批量交换、文件下载等（第二十二条）";
                problems.push(Problem::new(
                    "share_mode",
                    "unknown",
                    "没有这种共享方式",
                    hint,
                ));
            }
        }
    }
}

fn understood(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, wish: &Wish) -> Result<Read> {
    viewer.may_anywhere(Right::Write)?;
    let mut problems = Vec::new();
    let p = &mut problems;
    let mut clean = cleaned(p, wish);
    if let Some(day) = clean.valid_until
        && !(2000..=2100).contains(&chrono::Datelike::year(&day))
    {
        p.push(Problem::new(
            "valid_until",
            "out_of_range",
            "使用时限应在 2000 至 2100 年",
            "",
        ));
    }
    settled(std::mem::take(&mut problems))?;
    if clean.dataset.is_empty() {
        let hint = "填数据资源的代码";
        return Err(Error::Invalid(vec![Problem::new(
            "dataset",
            "required",
            "请选择数据资源",
            hint,
        )]));
    }
    let asked = match dataset(conn, viewer, ground, &clean.dataset) {
        Ok(asked) => Some(asked),
        Err(Error::NotFound(what)) => {
            let message = format!("没有找到{what}");
            problems.push(Problem::new(
                "dataset",
                "unknown",
                &message,
                "请在数据资源目录中选择",
            ));
            None
        }
        Err(other) => return Err(other),
    };
    let consumer = consumer_of(viewer, ground, &clean.consumer, &mut problems)?;
    if asked
        .as_ref()
        .is_some_and(|a| a.row.department_id == consumer)
    {
        let what = "这是本单位自己提供的数据资源，无须申请";
        problems.push(Problem::new("dataset", "own", what, ""));
    }
    name_mode(ground, &mut clean.share_mode, &mut problems);
    let system = match ground.catalogue.register(SYSTEM) {
        Some(systems) if !clean.consumer_system.is_empty() => {
            let found = refer::refer(
                conn,
                viewer,
                systems,
                &clean.consumer_system,
                Some(consumer),
            )?;
            // A system that is in no ledger yet is asked for by its name.
            found
                .ok()
                .filter(|r| r.department_id == consumer)
                .map(|r| r.id)
        }
        _ => None,
    };
    settled(problems)?;
    let asked = asked.ok_or_else(nowhere)?;
    Ok(Read {
        asked,
        consumer,
        wish: clean,
        system,
    })
}

impl Read {
    fn over(self, before: Request) -> Request {
        Request {
            consumer_id: self.consumer,
            provider_id: self.asked.row.department_id,
            dataset_id: self.asked.row.id,
            dataset_name: self.asked.row.name,
            share_attr: self.asked.attr,
            consumer_system: self.wish.consumer_system,
            consumer_system_id: self.system,
            items: self.wish.items,
            basis: self.wish.basis,
            scene: self.wish.scene,
            use_scope: self.wish.use_scope,
            share_mode: self.wish.share_mode,
            valid_until: self.wish.valid_until,
            contact: self.wish.contact,
            contact_phone: self.wish.contact_phone,
            argument: self.wish.argument,
            ..before
        }
    }
}

fn blank(id: i64, viewer: &Viewer) -> Request {
    let now = clock::now();
    Request {
        id,
        consumer_id: 0,
        provider_id: 0,
        bureau_id: None,
        dataset_id: 0,
        dataset_name: String::new(),
        share_attr: String::new(),
        consumer_system: String::new(),
        consumer_system_id: None,
        items: String::new(),
        basis: String::new(),
        scene: String::new(),
        use_scope: String::new(),
        share_mode: String::new(),
        valid_until: None,
        contact: String::new(),
        contact_phone: String::new(),
        argument: String::new(),
        state: State::Draft.word().to_owned(),
        open: true,
        version: 1,
        made_at: now,
        made_by: viewer.name().to_owned(),
        maker_id: viewer.account(),
        submitted_at: None,
        state_since: now,
        link_code: None,
        issue_id: None,
        ended_at: None,
        end_reason: String::new(),
        disposal: String::new(),
    }
}

/// Drafts a request; it may be incomplete until it is handed in.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong; [`Error::Refused`] for a department that is not the viewer's own.
pub fn draft(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, wish: &Wish) -> Result<Request> {
    viewer.may_anywhere(Right::Write)?;
    locked(conn, viewer, |conn| {
        let read = understood(conn, viewer, ground, wish)?;
        let last: Option<i64> = share_requests::table
            .select(diesel::dsl::max(share_requests::id))
            .first(conn)?;
        let made = read.over(blank(last.unwrap_or(0) + 1, viewer));
        diesel::insert_into(share_requests::table)
            .values(&made)
            .execute(conn)?;
        let answered = Answered {
            request_id: made.id,
            ..Answered::default()
        };
        diesel::insert_into(share_answers::table)
            .values(&answered)
            .execute(conn)?;
        note(conn, viewer, &made, ("open", ""), "")?;
        tell::log(conn, viewer, &made, "草拟共享申请", "")?;
        Ok(made)
    })
}

/// Changes a draft.
///
/// # Errors
/// As [`draft`]; [`Error::NotFound`], [`Error::Conflict`] once it was handed in, [`Error::Stale`].
pub fn edit(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (id, version): (i64, i64),
    wish: &Wish,
) -> Result<Request> {
    locked(conn, viewer, |conn| {
        let row = get(conn, viewer, id)?;
        judge::own(viewer, ground, row.consumer_id, "需求部门")?;
        if row.version != version {
            return Err(stale(&row));
        }
        if row.state() != State::Draft {
            let what = format!("已{}的申请不能修改，请先退回", Act::HandIn.label());
            return Err(Error::Conflict(what));
        }
        let read = understood(conn, viewer, ground, wish)?;
        let mut new = read.over(row.clone());
        new.version = row.version + 1;
        store(conn, &row, &new)?;
        note(conn, viewer, &new, ("edit", &row.state), "")?;
        tell::log(conn, viewer, &new, "修改共享申请", "")?;
        Ok(new)
    })
}
