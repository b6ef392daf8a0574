//! Columns of a list of people, with the headers people give them.

use crate::org::list::Headers;

/// What a column of the list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::org) enum Column {
    Code,
    Name,
    Department,
    Role,
    RoleDepartment,
    Post,
    Office,
    Background,
    Phone,
    Mobile,
    Email,
    From,
    Until,
    Reason,
}

/// The headers, the one that an export writes first.
pub(in crate::org) const HEADERS: &Headers<Column> = &[
    (Column::Code, &["人员编号", "编号", "person_code"]),
    (Column::Name, &["姓名", "人员姓名", "名字", "name"]),
    (
        Column::Department,
        &[
            "单位",
            "单位全称",
            "单位名称",
            "部门",
            "部门名称",
            "工作单位",
            "所在单位",
            "department",
        ],
    ),
    (
        Column::Role,
        &["角色", "担任角色", "人员类别", "备案角色", "role"],
    ),
    (
        Column::RoleDepartment,
        &["任职单位", "任职部门", "备案单位"],
    ),
    (Column::Post, &["职务", "现任职务", "职务职级", "post"]),
    (
        Column::Office,
        &[
            "内设机构",
            "分管/牵头内设机构",
            "所在处室",
            "处室",
            "科室",
            "处(科)室",
            "office",
        ],
    ),
    (
        Column::Background,
        &["专业背景", "专业背景或经历", "专业", "background"],
    ),
    (
        Column::Phone,
        &["办公电话", "座机", "固定电话", "联系电话", "电话", "phone"],
    ),
    (
        Column::Mobile,
        &["手机", "手机号", "手机号码", "移动电话", "mobile"],
    ),
    (
        Column::Email,
        &["电子邮箱", "邮箱", "电子邮件", "email", "e-mail"],
    ),
    (
        Column::From,
        &[
            "任职起始日",
            "任职时间",
            "任职日期",
            "任职起始时间",
            "起始日期",
            "from",
        ],
    ),
    (
        Column::Until,
        &[
            "任职截止日",
            "任职截止时间",
            "免任日期",
            "免职日期",
            "截止日期",
            "until",
        ],
    ),
    (Column::Reason, &["变动原因", "原因", "备注", "reason"]),
];

/// The column that a field of the forms stands in.
pub(in crate::org) fn of_field(field: &str) -> Option<Column> {
    Some(match field {
        "name" | "person" => Column::Name,
        "department" => Column::Department,
        "role" => Column::Role,
        "post" => Column::Post,
        "office" => Column::Office,
        "background" => Column::Background,
        "phone" => Column::Phone,
        "mobile" => Column::Mobile,
        "email" => Column::Email,
        "from" => Column::From,
        "until" => Column::Until,
        "reason" => Column::Reason,
        _ => return None,
    })
}
