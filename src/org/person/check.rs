//! What may stand in a person's record.

use diesel::prelude::*;

use super::Details;
use crate::db::connection::Conn;
use crate::db::schema::people;
use crate::error::Result;
use crate::org::directory::Department;
use crate::org::form::{Form, Need};
use crate::register::words;

/// Labels of the fields that say how to reach a person.
pub(super) const CONTACTS: [&str; 3] = ["办公电话", "手机", "电子邮箱"];

/// Checks every field; gives them back cleaned.
pub(super) fn details(
    conn: &mut Conn,
    department: &Department,
    id: Option<i64>,
    given: &Details,
) -> Result<Details> {
    let mut form = Form::default();
    let out = Details {
        name: form.text("name", "姓名", &given.name, 50, Need::Must),
        department: department.id,
        post: form.text("post", "职务", &given.post, 100, Need::May),
        office: form.text("office", "内设机构", &given.office, 100, Need::May),
        background: form.text("background", "专业背景", &given.background, 200, Need::May),
        phone: phone(&mut form, &given.phone),
        mobile: mobile(&mut form, &given.mobile),
        email: email(&mut form, &given.email),
    };
    if department.is_over() {
        let message = format!("“{}”已经撤销或并入其他单位", department.name);
        form.problem("department", "ended", &message, "请选择现有的单位");
    }
    let namesakes: Vec<(i64, String)> = people::table
        .filter(people::department_id.eq(department.id))
        .filter(people::name_key.eq(words::name_key(&out.name)))
        .filter(people::active.eq(true))
        .filter(people::id.ne(id.unwrap_or(0)))
        .select((people::id, people::mobile))
        .load(conn)?;
    // Two people of one name do work in one department; their mobiles tell them apart.
    if namesakes
        .iter()
        .any(|(_, other)| out.mobile.is_empty() || other.is_empty() || *other == out.mobile)
    {
        let message = format!("“{}”已登记有“{}”", department.name, out.name);
        form.problem(
            "name",
            "duplicate",
            &message,
            "如系同名，请分别填写手机以示区别",
        );
    }
    form.done()?;
    Ok(out)
}

fn phone(form: &mut Form, given: &str) -> String {
    let text = form.text("phone", "办公电话", given, 40, Need::May);
    let good = |c: char| c.is_ascii_digit() || "-+() 转、,;/".contains(c);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if !text.is_empty() && (!text.chars().all(good) || digits < 5) {
        let message = format!("办公电话“{text}”不是电话号码");
        form.problem(
            "phone",
            "bad_phone",
            &message,
            "请写成 0531-12345678，分机写“转”",
        );
    }
    text
}

fn mobile(form: &mut Form, given: &str) -> String {
    let text = form.text("mobile", "手机", given, 20, Need::May);
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let bare = bare.strip_prefix("+86").map_or(bare.clone(), str::to_owned);
    let good =
        bare.len() == 11 && bare.starts_with('1') && bare.bytes().all(|b| b.is_ascii_digit());
    if !bare.is_empty() && !good {
        let message = format!("手机“{text}”不是 11 位手机号");
        form.problem("mobile", "bad_mobile", &message, "请核对，列请设为文本格式");
    }
    bare
}

fn email(form: &mut Form, given: &str) -> String {
    let text = form.text("email", "电子邮箱", given, 100, Need::May);
    let parts = text.split_once('@');
    let good = parts.is_some_and(|(user, host)| {
        !user.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    let plain = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !"<>()[],;:\"\\".contains(c));
    let right = good && plain;
    if !text.is_empty() && !right {
        let message = format!("电子邮箱“{text}”写法不对");
        form.problem("email", "bad_email", &message, "请写成 name@example.gov.cn");
    }
    text
}

/// Whether there is any way to reach the person.
pub(super) fn has_contacts(details: &Details) -> bool {
    [&details.phone, &details.mobile, &details.email]
        .iter()
        .any(|t| !t.is_empty())
}

/// Labels of the fields that differ.
pub(super) fn changed(old: &Details, new: &Details) -> Vec<&'static str> {
    let mut out = Vec::new();
    let mut note = |differs: bool, label| {
        if differs {
            out.push(label);
        }
    };
    note(old.name != new.name, "姓名");
    note(old.department != new.department, "单位");
    note(old.post != new.post, "职务");
    note(old.office != new.office, "内设机构");
    note(old.background != new.background, "专业背景");
    note(old.phone != new.phone, "办公电话");
    note(old.mobile != new.mobile, "手机");
    note(old.email != new.email, "电子邮箱");
    out
}
