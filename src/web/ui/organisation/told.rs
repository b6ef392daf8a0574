//! What happened to a department, in words.

use crate::clock;
use crate::org::directory::Directory;
use crate::org::event;

/// One thing that happened, in words.
pub(super) struct Told {
    pub(super) label: &'static str,
    pub(super) true_from: String,
    pub(super) recorded: String,
    pub(super) actor: String,
    pub(super) reason: String,
    pub(super) changes: Vec<(String, String, String)>,
}

/// Keys of a department's row, as people call them.
const LABELS: [(&str, &str); 12] = [
    ("name", "名称"),
    ("code", "代码"),
    ("credit_code", "统一社会信用代码"),
    ("region", "行政区划"),
    ("parent_id", "上级单位"),
    ("category", "类别"),
    ("sort", "排序"),
    ("bureau", "数据管理部门"),
    ("unit", "下属单位"),
    ("valid_from", "设立日期"),
    ("valid_until", "存续至"),
    ("merged_into", "并入"),
];

pub(super) fn tell(directory: &Directory, e: &event::Event) -> Told {
    let map = |text: &str| -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(text).unwrap_or_default()
    };
    let (before, after) = (map(&e.before), map(&e.after));
    let words = |key: &str, value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => "—".to_owned(),
        Some(serde_json::Value::Bool(yes)) => if *yes { "是" } else { "否" }.to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(number) if key == "parent_id" || key == "merged_into" => number
            .as_i64()
            .and_then(|id| directory.get(id))
            .map_or_else(|| number.to_string(), |d| d.name.clone()),
        Some(other) => other.to_string(),
    };
    let changes = LABELS
        .iter()
        .chain(&[("alias", "名称"), ("absorbed", "单位")])
        .filter(|(key, _)| before.contains_key(*key) || after.contains_key(*key))
        .filter(|_| e.kind != event::Kind::Made.word())
        .map(|(key, label)| {
            let old = words(key, before.get(*key));
            let new = words(key, after.get(*key));
            ((*label).to_owned(), old, new)
        })
        .collect();
    Told {
        label: event::Kind::label_of(&e.kind),
        true_from: e.true_from.map(|d| d.to_string()).unwrap_or_default(),
        recorded: clock::local(e.recorded_at),
        actor: e.actor.clone(),
        reason: e.reason.clone(),
        changes,
    }
}
