//! Random workbooks: everything that people type, in every field of every register.

use std::collections::BTreeMap;
use std::path::Path;

use one_ledger::register::field::{Field, FieldType, Register};
use proptest::prelude::*;
use proptest::sample::Index;

use super::catalogue;
use super::draw::Book;

/// One cell to be: which field, which of the texts people write there, and a text nobody foresaw.
#[derive(Clone, Debug)]
struct Cell {
    field: Index,
    choice: Index,
    odd: String,
}

/// One row to be.
#[derive(Clone, Debug)]
struct Row {
    name: usize,
    owner: usize,
    code: Option<usize>,
    cells: Vec<Cell>,
}

/// How a workbook may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Typed by somebody careful: no cell that cannot be read, no name twice.
    Careful,
    /// Anything.
    Careless,
}

const NAMES: [&str; 8] = [
    "学籍管理",
    "=1+1的",
    "'=单引号",
    "+86热线",
    "带“引号”,逗号和\"双引号\"",
    "第一行\n第二行",
    "@医保结算（二期）",
    "-减号 ＡＢ12",
];

const OWNERS: [&str; 6] = [
    "示例市教育局",
    "市教育局",
    "SL002",
    "示例市公安局",
    "113700000000900342",
    " 示例市 民政局 ",
];

const TEXTS: [&str; 14] = [
    "=SUM(A1:A9)",
    "'=已有单引号",
    "+8613800138000",
    "@甲方",
    "-",
    "/",
    "无",
    "含\"双引号\"，'单引号',逗号;分号；两种",
    "第一行\n第二行\r\n第三行",
    "　全角 空格　",
    "1e5",
    "00012",
    "2024-03-05",
    "TRUE",
];

/// Columns that no register knows.
const EXTRAS: [&str; 3] = ["督办领导", "=自拟列", "附件（份）说明"];

/// The register's own spelling of a name in the pool.
fn name(register: &Register, index: usize) -> String {
    format!("{}{}", NAMES[index % NAMES.len()], register.label)
}

fn code(register: &Register, index: usize) -> String {
    ["", "+", "="][index % 3].to_owned() + &format!("{}-外{:03}", register.code_prefix, index)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

/// What people write in a field; the careless ones also what cannot be read.
fn texts(field: &Field, care: Care) -> Vec<String> {
    let (mut good, bad): (Vec<String>, &[&str]) = match field.kind {
        FieldType::Text => (strings(&TEXTS), &["控制\u{7}字符"]),
        FieldType::Code => (
            strings(&[
                "+86-0531-88886666",
                "000123",
                "=A1",
                "鲁A/2024〔3〕号",
                "3.70E+17x",
            ]),
            &["控制\u{1}"],
        ),
        FieldType::Integer => (strings(&["12", "1,200", "１２３", "0"]), &["十几", "1.5"]),
        FieldType::Decimal => (strings(&["12.50", "0.001", "１２．５"]), &["若干"]),
        FieldType::Money => (
            strings(&["12.50", "362万元", "1,234.5", "3000000元", "0.1亿元"]),
            &["面议", "100/20"],
        ),
        FieldType::Bool => (strings(&["是", "否", "√", "有", "N"]), &["也许"]),
        FieldType::Date => (
            strings(&[
                "2024",
                "2024年3月",
                "2024/3/5",
                "20240305",
                "2024年上半年",
                "2024年第三季度",
            ]),
            &["2024.10", "明年"],
        ),
        FieldType::CreditCode => (
            strings(&["11370000000090018C", "113700000000900342"]),
            &["11370000000090018X"],
        ),
        FieldType::Region => (strings(&["370102", "山东省济南市历下区"]), &["月球"]),
        FieldType::Department => (strings(&OWNERS), &["火星分局"]),
        FieldType::Choice => {
            let list = catalogue().list(field.list.as_deref().unwrap()).unwrap();
            let mut labels: Vec<String> = list.items.iter().map(|i| i.label.clone()).collect();
            if field.multiple && labels.len() > 1 {
                labels.push(format!("{}、{}", labels[0], labels[1]));
            }
            (labels, &["没有这一项"])
        }
        FieldType::Reference => return references(field, care),
    };
    if care == Care::Careless {
        good.extend(bad.iter().map(|t| (*t).to_owned()));
        good.push("[清空]".to_owned());
    }
    good
}

fn references(field: &Field, care: Care) -> Vec<String> {
    let target = field.refers_to.as_deref().unwrap();
    let target = catalogue().register(target).unwrap();
    // Separators inside a name are the user's to avoid: several targets are told apart by them.
    let whole = |i: &usize| !field.multiple || !NAMES[*i].contains([',', '\n']);
    let mut out: Vec<String> = (0..NAMES.len())
        .filter(whole)
        .map(|i| name(target, i))
        .collect();
    out.push(code(target, 0));
    if field.multiple {
        out.push(format!("{}；{}", name(target, 0), name(target, 3)));
        out.push(format!("{}\n{}", name(target, 0), code(target, 1)));
    }
    if care == Care::Careless {
        out.push("没有的条目".to_owned());
        out.push("[清空]".to_owned());
    }
    out
}

fn cell() -> impl Strategy<Value = Cell> {
    let odd = prop_oneof![
        "[\u{4e00}-\u{4e20}A-Za-z0-9 =+@'\"，,；;\\n-]{1,12}",
        "\\PC{1,8}",
    ];
    (any::<Index>(), any::<Index>(), odd).prop_map(|(field, choice, odd)| Cell {
        field,
        choice,
        odd,
    })
}

fn row() -> impl Strategy<Value = Row> {
    let code = proptest::option::weighted(0.3, 0_usize..4);
    (
        0..NAMES.len(),
        0..OWNERS.len(),
        code,
        proptest::collection::vec(cell(), 0..8),
    )
        .prop_map(|(name, owner, code, cells)| Row {
            name,
            owner,
            code,
            cells,
        })
}

/// A sheet as text: header, then rows.
pub type Table = Vec<Vec<String>>;

/// The sheets of a workbook by name.
pub type Sheets = Vec<(String, Table)>;

/// Sheets for some registers, in the order of the catalogue.
pub fn sheets(care: Care) -> impl Strategy<Value = Sheets> {
    let registers = catalogue().registers().len();
    let rows = proptest::collection::vec(row(), 0..5);
    proptest::collection::vec(rows, registers).prop_map(move |rows| tables(&rows, care))
}

/// What a random row says, by header.
fn written(register: &Register, row: &Row, care: Care) -> BTreeMap<String, String> {
    let keys = &register.keys;
    let label = |key: &str| register.field(key).unwrap().label.clone();
    let mut out = BTreeMap::new();
    for cell in &row.cells {
        let at = cell.field.index(register.fields.len() + EXTRAS.len());
        let Some(field) = register.fields.get(at) else {
            let extra = EXTRAS[at - register.fields.len()].to_owned();
            out.insert(extra, cell.odd.trim_matches('\n').to_owned());
            continue;
        };
        let own = [
            Some(&keys.code),
            Some(&keys.name),
            keys.owner.as_ref(),
            keys.within.as_ref(),
        ];
        if own.contains(&Some(&field.key)) {
            continue;
        }
        let texts = texts(field, care);
        let at = cell.choice.index(texts.len() + 1);
        let odd = || (field.kind == FieldType::Text).then(|| cell.odd.clone());
        if let Some(text) = texts.get(at).cloned().or_else(odd) {
            out.insert(field.label.clone(), text);
        }
    }
    if let Some(index) = row.code {
        out.insert(label(&keys.code), code(register, index));
    }
    out.insert(label(&keys.name), name(register, row.name));
    if let Some(owner) = &keys.owner {
        out.insert(label(owner), OWNERS[row.owner].to_owned());
    }
    if let Some(within) = &keys.within {
        let whole = catalogue().register(
            register
                .field(within)
                .unwrap()
                .refers_to
                .as_deref()
                .unwrap(),
        );
        out.insert(label(within), name(whole.unwrap(), row.owner));
    }
    out
}

fn tables(rows: &[Vec<Row>], care: Care) -> Sheets {
    let mut out = Vec::new();
    for (register, rows) in catalogue().registers().iter().zip(rows) {
        let mut said: Vec<BTreeMap<String, String>> = rows
            .iter()
            .map(|row| written(register, row, care))
            .collect();
        if care == Care::Careful {
            let keys = [&register.keys.code, &register.keys.name]
                .map(|k| &register.field(k).unwrap().label);
            for key in keys {
                let mut seen = std::collections::HashSet::new();
                said.retain(|row| row.get(key).is_none_or(|text| seen.insert(text.clone())));
            }
        }
        if said.is_empty() {
            continue;
        }
        // The keys come first and are always there, as in every list that people keep.
        let keys = &register.keys;
        let always = [
            Some(&keys.code),
            Some(&keys.name),
            keys.owner.as_ref(),
            keys.within.as_ref(),
        ];
        let mut header: Vec<String> = always
            .into_iter()
            .flatten()
            .map(|key| register.field(key).unwrap().label.clone())
            .collect();
        for label in said.iter().flat_map(BTreeMap::keys) {
            if !header.contains(label) {
                header.push(label.clone());
            }
        }
        let lines = said.iter().map(|row| {
            header
                .iter()
                .map(|h| row.get(h).cloned().unwrap_or_default())
                .collect()
        });
        let table = std::iter::once(header.clone()).chain(lines).collect();
        out.push((register.label.clone(), table));
    }
    out
}

/// Draws a workbook of these sheets.
pub fn save(sheets: &Sheets, path: &Path) {
    let book = sheets
        .iter()
        .fold(Book::new(), |book, (name, table)| book.table(name, table));
    book.save(path);
}
