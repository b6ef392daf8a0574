//! Stand-in until the catalogue of branch reg is merged.

use std::collections::BTreeMap;
use std::path::Path;

use super::field::{Field, FieldType, KeyFields, Register};
use super::value::{Names, Value};

/// One code of a list.
pub struct CodeItem {
    /// code
    pub code: String,
    /// label
    pub label: String,
}

/// A list.
pub struct CodeList {
    /// codes
    pub items: Vec<CodeItem>,
}

/// Definitions.
pub struct Catalogue {
    registers: Vec<Register>,
    lists: BTreeMap<String, CodeList>,
}

fn field(key: &str, label: &str, kind: FieldType) -> Field {
    Field {
        key: key.into(),
        label: label.into(),
        group: "身份".into(),
        kind,
        list: None,
        refers_to: None,
        multiple: false,
        aliases: vec![],
        unit: None,
        required: false,
        required_from: None,
        visible_to: super::field::Visibility::Everyone,
        filter: false,
        listed: false,
        help: "help".into(),
        example: "x".into(),
    }
}

impl Catalogue {
    /// load
    pub fn load(_: Option<&Path>) -> Result<Self, String> {
        let mut name = field("system_name", "系统名称", FieldType::Text);
        name.required = true;
        let mut network = field("network", "承载网络", FieldType::Choice);
        network.list = Some("network".into());
        let fields = vec![
            field("system_code", "系统编码", FieldType::Code),
            name,
            field("owner_org", "所属部门", FieldType::Department),
            network,
            field("is_vertical", "是否垂管系统", FieldType::Bool),
            field("budget_amount", "预算批复总金额", FieldType::Money),
            field("go_live", "启用时间", FieldType::Date),
            field("owner_uscc", "统一社会信用代码", FieldType::CreditCode),
            field("user_count", "用户数", FieldType::Integer),
        ];
        let keys = KeyFields {
            code: "system_code".into(),
            name: "system_name".into(),
            owner: Some("owner_org".into()),
            within: None,
            region: None,
            amount: None,
            year: None,
            status: None,
        };
        let registers = vec![Register {
            key: "information_system".into(),
            label: "信息系统".into(),
            titles: vec![],
            code_prefix: "XT".into(),
            keys,
            fields,
        }];
        let items = vec![CodeItem {
            code: "1".into(),
            label: "电子政务外网".into(),
        }];
        let lists = BTreeMap::from([("network".to_owned(), CodeList { items })]);
        Ok(Self { registers, lists })
    }
    /// registers
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }
    /// register
    pub fn register(&self, key: &str) -> Option<&Register> {
        self.registers.iter().find(|r| r.key == key)
    }
    /// list
    pub fn list(&self, key: &str) -> Option<&CodeList> {
        self.lists.get(key)
    }
}

impl Field {
    /// show
    pub fn show(&self, _: &Catalogue, names: &dyn Names, value: &Value) -> String {
        match value {
            Value::Bool(b) => (if *b { "是" } else { "否" }).into(),
            Value::Integer(i) => i.to_string(),
            Value::Text(t) if self.kind == FieldType::Department => {
                names.department(t).unwrap_or_else(|| t.clone())
            }
            Value::Text(t) => t.clone(),
            Value::List(l) => l.join("、"),
        }
    }
}
