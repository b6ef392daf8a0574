//! The filing form (备案表): what is printed, stamped and kept, and the stamped scans.
//!
//! While a filing is in the department's hands its form follows the people; what was submitted stays as it was.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{appointments, audit_head, ledger_head};
use crate::error::Result;
use crate::hex::hex;
use crate::org::appointment::{Appointment, role_label};
use crate::org::change;
use crate::org::filing::{self, Filing, addressee};
use crate::org::form::Form;
use crate::org::person;
use crate::org::steps::Act;
use crate::register::region::Regions;

mod scan;

pub use scan::{MOST_BYTES, Scan, add_scan, read_scan, scans};

/// Digits of a hash that are printed: 80 bits, more than anybody can aim at.
const CHAIN_DIGITS: usize = 20;

/// The form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Paper {
    /// 备案编号.
    pub number: String,
    /// 单位全称.
    pub department: String,
    /// 统一社会信用代码.
    pub credit_code: String,
    /// 行政区划.
    pub region: String,
    /// 角色.
    pub role: String,
    /// 姓名.
    pub name: String,
    /// 所在单位, when it is a unit of the department.
    pub workplace: String,
    /// 职务.
    pub post: String,
    /// 分管/牵头内设机构.
    pub office: String,
    /// 办公电话.
    pub phone: String,
    /// 手机.
    pub mobile: String,
    /// 电子邮箱.
    pub email: String,
    /// 专业背景.
    pub background: String,
    /// 任职起始日.
    pub from: Option<NaiveDate>,
    /// 任职截止日.
    pub until: Option<NaiveDate>,
    /// 变动类型.
    pub change: String,
    /// 变动原因.
    pub reason: String,
    /// 前任.
    pub former: String,
    /// 前任任职截止日.
    pub former_until: Option<NaiveDate>,
    /// 受理备案的数据管理部门.
    pub bureau: String,
    /// Where both chains stood when the form was filled: a paper that has left the house is a checkpoint (D13).
    pub chain: String,
}

impl Paper {
    /// The rows of the form that are text, in order: label and content.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<NaiveDate>| day.map(|d| d.to_string()).unwrap_or_default();
        let mut out = vec![
            ("单位全称", self.department.clone()),
            ("统一社会信用代码", self.credit_code.clone()),
            ("行政区划", self.region.clone()),
            ("角色", self.role.clone()),
            ("姓名", self.name.clone()),
            ("所在单位", self.workplace.clone()),
            ("职务", self.post.clone()),
            ("分管/牵头内设机构", self.office.clone()),
            ("办公电话", self.phone.clone()),
            ("手机", self.mobile.clone()),
            ("电子邮箱", self.email.clone()),
            ("专业背景", self.background.clone()),
            ("任职起始日", day(self.from)),
            ("任职截止日", day(self.until)),
            ("变动类型", self.change.clone()),
            ("变动原因", self.reason.clone()),
        ];
        if !self.former.is_empty() {
            out.push(("前任", self.former.clone()));
            out.push(("前任任职截止日", day(self.former_until)));
        }
        out
    }

    /// What must stand in it before it goes out; all of what is missing is named.
    pub(super) fn check(&self, act: Act) -> Result<()> {
        let mut form = Form::default();
        let mut must = |key: &str, label: &str, text: &str| {
            if text.is_empty() && act == Act::Submit {
                let message = format!("“{label}”未填写，不能提交备案");
                form.problem(key, "required", &message, "请先补充人员信息");
            }
        };
        must("post", "职务", &self.post);
        must("office", "内设机构", &self.office);
        must(
            "contacts",
            "联系方式",
            &[&*self.phone, &*self.mobile].concat(),
        );
        if self.role == role_label(crate::auth::Role::Liaison) {
            // 方案：数据联络员须有专业背景或经历。
            must("background", "专业背景", &self.background);
        }
        form.done()
    }
}

/// The form of a filing: as submitted or, while it is being prepared, as things stand.
///
/// # Errors
/// [`crate::error::Error::NotFound`] for a filing the viewer may not see.
pub fn read(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    id: i64,
) -> Result<(Filing, Paper)> {
    let row = filing::get(conn, viewer, id)?;
    let kept = Some(&row.form).filter(|f| !f.is_empty() && !row.state().is_editable());
    let paper = match kept.and_then(|json| serde_json::from_str(json).ok()) {
        Some(paper) => paper,
        None => fill(conn, regions, &row)?,
    };
    Ok((row, paper))
}

/// The form as things stand.
pub(super) fn fill(conn: &mut Conn, regions: &Regions, row: &Filing) -> Result<Paper> {
    let department = change::one(conn, row.department_id)?;
    let term = |conn: &mut Conn, id: i64| -> Result<Appointment> {
        Ok(appointments::table
            .find(id)
            .select(Appointment::as_select())
            .first(conn)?)
    };
    let held = term(conn, row.appointment_id)?;
    let who = person::one(conn, held.person_id)?;
    let workplace = if who.department_id == department.id {
        String::new()
    } else {
        change::one(conn, who.department_id)?.name
    };
    let (former, former_until) = match row.former_id {
        Some(id) => {
            let before = term(conn, id)?;
            (person::one(conn, before.person_id)?.name, before.until_on)
        }
        None => (String::new(), None),
    };
    let bureau = match row.bureau_id {
        Some(id) => Some(change::one(conn, id)?),
        None => addressee(conn, regions, &department)?,
    };
    let region = department
        .region
        .as_deref()
        .and_then(|r| regions.full_name(r));
    Ok(Paper {
        number: row.number(),
        department: department.name,
        credit_code: department.credit_code.unwrap_or_default(),
        region: region.unwrap_or_default(),
        role: role_label(row.role()).to_owned(),
        name: who.name,
        workplace,
        post: who.post,
        office: who.office,
        phone: who.phone,
        mobile: who.mobile,
        email: who.email,
        background: who.background,
        from: Some(held.from_on),
        until: held.until_on,
        change: row.change().label().to_owned(),
        reason: row.reason.clone(),
        former,
        former_until,
        bureau: bureau.map(|b| b.name).unwrap_or_default(),
        chain: chain(conn)?,
    })
}

/// Count and beginning of the hash of the ledger's and the audit log's last link.
fn chain(conn: &mut Conn) -> Result<String> {
    let ledger: (i64, Vec<u8>) = ledger_head::table
        .select((ledger_head::seq, ledger_head::hash))
        .first(conn)?;
    let audit: (i64, Vec<u8>) = audit_head::table
        .select((audit_head::seq, audit_head::hash))
        .first(conn)?;
    let told = |label: &str, (count, hash): (i64, Vec<u8>)| {
        let begins: String = hex(&hash).chars().take(CHAIN_DIGITS).collect();
        format!("{label} {count} · {begins}")
    };
    Ok(format!("{}；{}", told("账本", ledger), told("审计", audit)))
}
