//! Words that mark what a row is for, and the quick looks at cells that go with them.

use super::cell::Cell;
use crate::register::words;

/// Labels of the line with who fills in and when.
const INFO_LABELS: [&str; 30] = [
    "填报单位",
    "填表单位",
    "申报单位",
    "报送单位",
    "上报单位",
    "单位名称",
    "填报部门",
    "部门名称",
    "单位",
    "部门",
    "填报时间",
    "填表时间",
    "填报日期",
    "填表日期",
    "填报人",
    "填表人",
    "制表人",
    "制表",
    "制表单位",
    "制表时间",
    "审核人",
    "审批人",
    "负责人",
    "单位负责人",
    "联系人",
    "联系电话",
    "联系方式",
    "金额单位",
    "计量单位",
    "日期",
];

/// Labels whose value is the department that fills in.
const DEPARTMENT_LABELS: [&str; 9] = [
    "填报单位",
    "填表单位",
    "申报单位",
    "报送单位",
    "上报单位",
    "单位名称",
    "填报部门",
    "部门名称",
    "制表单位",
];

/// Labels of people and dates at the foot of a form.
const FOOT_LABELS: [&str; 14] = [
    "填报单位",
    "填表单位",
    "填报人",
    "填表人",
    "制表人",
    "制表",
    "制表时间",
    "审核人",
    "审批人",
    "单位负责人",
    "填报时间",
    "填表时间",
    "填报日期",
    "填表日期",
];

const TOTAL_WORDS: [&str; 5] = ["合计", "总计", "小计", "共计", "汇总"];
const TOTAL_KEYS: [&str; 14] = [
    "合计",
    "总计",
    "小计",
    "共计",
    "汇总",
    "总合计",
    "本页合计",
    "本页小计",
    "累计",
    "合计金额",
    "金额合计",
    "资金合计",
    "总合",
    "合计数",
];

const NOTE_STARTS: [&str; 18] = [
    "填表说明",
    "填报说明",
    "填写说明",
    "填报要求",
    "填表要求",
    "编制说明",
    "说明:",
    "备注:",
    "注:",
    "注1",
    "注2",
    "注意:",
    "注意事项",
    "附注",
    "说明1",
    "备注1",
    "※注",
    "*注",
];

const EXAMPLE_KEYS: [&str; 8] = [
    "示例",
    "例",
    "样例",
    "例如",
    "填写示例",
    "填报示例",
    "示例行",
    "样例行",
];

/// Whether a key is a label of the information line.
pub(super) fn is_info_label(key: &str) -> bool {
    INFO_LABELS.contains(&key)
}

/// Whether a key names who fills in.
pub(super) fn is_department_label(key: &str) -> bool {
    DEPARTMENT_LABELS.contains(&key)
}

/// Whether a key stands at the foot of a form.
pub(super) fn is_foot_label(key: &str) -> bool {
    FOOT_LABELS.contains(&key)
}

/// Who or when, without a label: no group of columns is called `市大数据局` or `2026年3月`, nor a bare number.
pub(super) fn is_particular(text: &str) -> bool {
    let key = words::name_key(text);
    let office = [
        "局",
        "委",
        "厅",
        "办",
        "委员会",
        "办公室",
        "政府",
        "中心",
        "公司",
        "院",
    ];
    office.iter().any(|end| key.ends_with(end))
        || (key.contains('年') && key.contains('月'))
        || key.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Whether the amount is all that a value names: `万元`, `元`, `人民币万元`.
pub(super) fn is_money_unit(value: &str) -> bool {
    let value = value.trim_start_matches("人民币").trim_end_matches('。');
    matches!(
        value,
        "元" | "万元" | "百元" | "千元" | "百万元" | "千万元" | "亿元" | "万" | "亿"
    )
}

/// The number of a column, as forms print them below the header: `3`, `(3)`, `③`.
pub(super) fn column_number(cell: &Cell) -> Option<u32> {
    let text = words::clean(&cell.text());
    let bare = text.trim_matches(['(', ')', '[', ']']);
    bare.parse().ok()
}

/// A total by its own words: `合  计`, `小计：`, `合计（万元）`.
pub(super) fn is_total(key: &str) -> bool {
    TOTAL_KEYS.contains(&key)
}

/// A total of something: `教育局小计`.
pub(super) fn ends_as_total(key: &str) -> bool {
    TOTAL_WORDS.iter().any(|word| key.ends_with(word))
}

/// The first words of a block of notes.
pub(super) fn starts_note(cleaned: &str) -> bool {
    let text: String = cleaned.split(' ').collect();
    matches!(text.as_str(), "说明" | "备注" | "注")
        || NOTE_STARTS.iter().any(|start| text.starts_with(start))
}

/// A row that shows how to fill in: `示例`, `例：`, `1（模板数据，请删除后使用）`.
pub(super) fn is_example(text: &str) -> bool {
    let header = words::header(text);
    // A sample city is called 示例市 too, so the word must stand alone.
    let numbered = header.key.trim_end_matches(|c: char| c.is_ascii_digit());
    let cleaned = words::clean(text);
    let colon = cleaned
        .split_once(':')
        .is_some_and(|(before, _)| EXAMPLE_KEYS.contains(&before.trim()));
    colon
        || (!numbered.is_empty() && EXAMPLE_KEYS.contains(&numbered))
        || header.brackets.iter().any(|bracket| {
            EXAMPLE_KEYS.contains(&bracket.trim())
                || bracket.contains("模板数据")
                || (bracket.contains("删除")
                    && (bracket.contains("示例")
                        || bracket.contains("填写")
                        || bracket.contains("使用")))
        })
}

/// Cheap looks before the careful ones: most rows of a long sheet have none of these characters where it matters.
pub(super) fn may_be_total(text: &str) -> bool {
    const LONGEST: usize = 120;
    text.len() <= LONGEST && text.contains(['计', '汇', '合'])
}

/// The same for notes and the foot of a form.
pub(super) fn may_be_note(text: &str) -> bool {
    text.contains(['注', '明', '求', '填', '制', '审', '人', '责', ':', '：'])
}

/// The same for examples: a long text is one only by what stands in brackets or before a colon.
pub(super) fn may_be_example(text: &str) -> bool {
    const LONGEST_BARE: usize = 6;
    let bare = || text.chars().nth(LONGEST_BARE).is_none();
    (text.contains('例') && (bare() || text.contains(['(', '（', '[', '【', '〔', ':', '：'])))
        || (text.contains(['模', '删']) && text.contains(['(', '（', '[', '【', '〔']))
}

/// A number, or text that is about one: digits, or a dash for nothing.
pub(super) fn is_figure(cell: &Cell) -> bool {
    match cell {
        Cell::Text(text) => {
            text.chars().any(|c| c.is_numeric())
                || text
                    .chars()
                    .all(|c| matches!(c, '-' | '—' | '－' | '/' | '\\' | '、' | ' '))
        }
        _ => true,
    }
}
