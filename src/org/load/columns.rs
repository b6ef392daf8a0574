//! Columns of a list of departments, with the headers people give them.

use crate::org::list::Headers;

/// What a column of the list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::org) enum Column {
    Name,
    Code,
    Credit,
    Short,
    Former,
    Region,
    Parent,
    Category,
    Sort,
    Unit,
    Bureau,
    From,
    Until,
}

/// The headers, the one that an export writes first.
pub(in crate::org) const HEADERS: &Headers<Column> = &[
    (
        Column::Name,
        &[
            "单位全称",
            "单位名称",
            "部门名称",
            "部门全称",
            "机构名称",
            "全称",
            "名称",
            "部门",
            "单位",
            "name",
            "agency_name",
        ],
    ),
    (
        Column::Code,
        &[
            "单位代码",
            "部门代码",
            "机构代码",
            "代码",
            "编码",
            "code",
            "record_id",
        ],
    ),
    (
        Column::Credit,
        &["统一社会信用代码", "信用代码", "credit_code", "uscc"],
    ),
    (
        Column::Short,
        &[
            "简称",
            "单位简称",
            "部门简称",
            "short_name",
            "acronym",
            "agency_acronym",
        ],
    ),
    (
        Column::Former,
        &[
            "曾用名",
            "别名",
            "原名称",
            "aliases",
            "alternate_or_former_names",
        ],
    ),
    (
        Column::Region,
        &["行政区划", "区划", "所属区划", "行政区划代码", "region"],
    ),
    (
        Column::Parent,
        &[
            "上级单位",
            "主管部门",
            "所属部门",
            "上级部门",
            "parent",
            "reports_to",
        ],
    ),
    (
        Column::Category,
        &[
            "类别",
            "机构类别",
            "机构类型",
            "单位类别",
            "category",
            "type_of_agency",
            "organization_type",
        ],
    ),
    (Column::Sort, &["排序", "序号", "seq"]),
    (
        Column::Unit,
        &["下属单位", "是否下属单位", "是否为下属单位", "unit"],
    ),
    (
        Column::Bureau,
        &[
            "数据管理部门",
            "是否数据管理部门",
            "是否为数据管理部门",
            "bureau",
        ],
    ),
    (
        Column::From,
        &["设立日期", "成立日期", "设立时间", "valid_from"],
    ),
    (
        Column::Until,
        &["撤销日期", "撤并日期", "撤销时间", "valid_until"],
    ),
];
