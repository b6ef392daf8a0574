//! A register and its fields, as declared in `import_templates/*.toml`.

use serde::{Deserialize, Serialize};

/// The five stages of DESIGN 1, in order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 申报
    Application,
    /// 建设
    Build,
    /// 验收
    Acceptance,
    /// 运维
    #[default]
    Operation,
    /// 停用
    Retired,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Application,
        Self::Build,
        Self::Acceptance,
        Self::Operation,
        Self::Retired,
    ];

    /// Its Chinese name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Application => "申报",
            Self::Build => "建设",
            Self::Acceptance => "验收",
            Self::Operation => "运维",
            Self::Retired => "停用",
        }
    }
}

/// What kind of value a field holds; decides how cells are read and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// An identifier kept exactly as text (codes, telephone numbers): text format in sheets.
    Code,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// Money: an exact decimal in 万元.
    Money,
    /// 是 / 否.
    Bool,
    /// A civil date with its precision (year, half, quarter, month or day).
    Date,
    /// One or, with `multiple`, several codes of a list.
    Choice,
    /// 统一社会信用代码 (GB 32100-2015).
    CreditCode,
    /// 行政区划代码 (GB/T 2260).
    Region,
    /// A department of the organisation; the value is its code.
    Department,
    /// An entry of the register named in `refers_to`; the value is its code.
    Reference,
}

/// Who may see a field's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everyone signed in.
    #[default]
    Everyone,
    /// The owning department and its bureaus.
    Own,
    /// Security staff only.
    Security,
}

/// A field is expected when another one has one of these values.
#[derive(Clone, Debug)]
pub struct RequiredIf {
    /// The other field.
    pub field: String,
    /// Its values: codes of a choice, `true` or `false` of a yes-or-no.
    pub values: Vec<String>,
    /// Without it the row cannot go in; otherwise it is a warning.
    pub hard: bool,
    /// Why, in Chinese: the article that asks for it.
    pub reason: String,
}

/// Values that an entry of this ledger may not have.
#[derive(Clone, Debug)]
pub struct Refuse {
    /// Codes of a choice, `true` or `false` of a yes-or-no.
    pub values: Vec<String>,
    /// Why, in Chinese.
    pub reason: String,
}

/// Which end of a reference stops working when the other is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depends {
    /// The entry that holds the reference depends on the one it names.
    Named,
    /// The entry that is named depends on the one that holds the reference.
    This,
    /// Each depends on the other.
    Both,
}

/// One declared attribute of a register's entries.
#[derive(Clone, Debug)]
pub struct Field {
    /// Key in API, CSV and storage; never changes once released.
    pub key: String,
    /// Chinese label, the header in templates and exports.
    pub label: String,
    /// Group on pages and in templates.
    pub group: String,
    /// Kind of value.
    pub kind: FieldType,
    /// Code list of a [`FieldType::Choice`].
    pub list: Option<String>,
    /// Register a [`FieldType::Reference`] points into.
    pub refers_to: Option<String>,
    /// What a [`FieldType::Reference`] says about who depends on whom; nothing when absent.
    pub depends: Option<Depends>,
    /// Several values in one cell.
    pub multiple: bool,
    /// Other headers that mean this field.
    pub aliases: Vec<String>,
    /// Unit shown behind the label, such as 万元 or GB.
    pub unit: Option<String>,
    /// An entry cannot exist without it.
    pub required: bool,
    /// Expected from this stage on; counts for completeness.
    pub required_from: Option<Stage>,
    /// Expected when another field has one of some values.
    pub required_if: Option<RequiredIf>,
    /// Values that may not be in this ledger at all.
    pub refuse: Option<Refuse>,
    /// A number above this is probably in another unit: ask.
    pub warn_over: Option<i64>,
    /// Who may see it.
    pub visible_to: Visibility,
    /// Offered as a filter.
    pub filter: bool,
    /// A default column of the list.
    pub listed: bool,
    /// Help for the person filling it in.
    pub help: String,
    /// Value shown in the template's example row.
    pub example: String,
}

/// Which fields feed an entry's typed columns.
#[derive(Clone, Debug)]
pub struct KeyFields {
    /// Field holding the entry's code.
    pub code: String,
    /// Field holding its name.
    pub name: String,
    /// Department field of the owner; `None` when the owner is that of the entry in `within`.
    pub owner: Option<String>,
    /// Department field of a second department that sees the entry in full and may say so of its end (the consumer
    /// of a link).
    pub party: Option<String>,
    /// Reference field of the entry this one belongs to (信息项 within a 数据资源): names are unique within it.
    pub within: Option<String>,
    /// Region field.
    pub region: Option<String>,
    /// Money field used for sums.
    pub amount: Option<String>,
    /// Year or date field.
    pub year: Option<String>,
    /// Choice field whose list has a `stage` column.
    pub status: Option<String>,
}

/// One kind of record.
#[derive(Clone, Debug)]
pub struct Register {
    /// Key in API, CSV and storage.
    pub key: String,
    /// Chinese label.
    pub label: String,
    /// Words in sheet names and titles that speak for this register.
    pub titles: Vec<String>,
    /// Prefix of codes the ledger gives out, such as `XT`.
    pub code_prefix: String,
    /// A department may have several entries of one name (a project a year); without a code, rows of one
    /// name are then told apart by what they say.
    pub names_repeat: bool,
    /// Fields that both ends of an entry must say alike; only where there is a party.
    pub agreed: Vec<String>,
    /// Fields that feed typed columns.
    pub keys: KeyFields,
    /// Stage of an entry whose status says nothing about it.
    pub default_stage: Stage,
    /// From this stage on its summary is published to everyone signed in.
    pub published_from: Stage,
    /// Place among the registers in menus and workbooks.
    pub order: u32,
    /// The fields, in template order.
    pub fields: Vec<Field>,
}

impl Register {
    /// The field with this key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.key == key)
    }
}
