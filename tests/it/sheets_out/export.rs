//! export, read back.

use calamine::DataType;
use std::fs;
use std::path::Path;

use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::value::{Document, EXTRA_PREFIX, Names, Value};
use one_ledger::sheet::export::{ExportError, ExportFormat, Showing, create};
use one_ledger::sheet::{guard, look};

use super::helpers::{all_sheets_xml, part, sheet, sheet_names, text};

struct Departments;

impl Names for Departments {
    fn department(&self, code: &str) -> Option<String> {
        (code == "D1").then(|| "示例市教育局".to_owned())
    }
}

fn entry(pairs: &[(&str, &str)]) -> Document {
    pairs
        .iter()
        .map(|(key, text)| ((*key).to_owned(), Value::Text((*text).to_owned())))
        .collect()
}

/// Names that a spreadsheet would run, and some that only look odd.
const ODD: [&str; 9] = [
    "=HYPERLINK(\"http://x\")",
    "+86 531",
    "-5",
    "@SUM(A1)",
    "＝A1",
    "'=1",
    "_x0041_",
    "a\nb,\"c\"",
    "'引号",
];

fn entries() -> Vec<Document> {
    let mut out: Vec<Document> = ODD
        .iter()
        .map(|name| entry(&[("system_name", name)]))
        .collect();
    let mut full = entry(&[
        ("system_code", "00123456789012345678"),
        ("system_name", "学籍系统"),
        ("owner_org", "D1"),
        ("owner_uscc", "11370000004500000X"),
        ("budget_amount", "-120.5"),
        ("go_live", "2024-03"),
    ]);
    full.insert("is_vertical".into(), Value::Bool(true));
    full.insert("user_count".into(), Value::Integer(31_855));
    full.insert(format!("{EXTRA_PREFIX}=处长"), Value::Text("-1".into()));
    out.push(full);
    out.push(entry(&[
        ("system_name", "大额"),
        ("budget_amount", "1234567890123456.78"),
    ]));
    out
}

fn write(format: ExportFormat, out: &Path, catalogue: &Catalogue) -> u64 {
    let showing = Showing {
        catalogue,
        names: &Departments,
    };
    let mut export = create(format, out, showing).unwrap();
    let register = catalogue.register("information_system").unwrap();
    export.begin(register, &["=处长".to_owned()]).unwrap();
    for document in entries() {
        export.row(&document).unwrap();
    }
    export.finish().unwrap()
}

/// The column of a field, 序号 being column 0.
fn column(catalogue: &Catalogue, key: &str) -> u32 {
    let register = catalogue.register("information_system").unwrap();
    let at = register
        .fields
        .iter()
        .position(|field| field.key == key)
        .unwrap();
    u32::try_from(at).unwrap() + 1
}

#[test]
fn a_workbook_holds_text_as_text_and_exact_numbers_as_numbers() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("e.xlsx");
    assert_eq!(write(ExportFormat::Xlsx, &out, &catalogue), 11);

    let label = &catalogue.register("information_system").unwrap().label;
    let range = sheet(&out, label);
    let col = |key| column(&catalogue, key);
    for (row, name) in (1_u32..).zip(ODD) {
        assert_eq!(text(&range, row, col("system_name")), name);
    }
    assert_eq!(text(&range, 10, col("system_code")), "00123456789012345678");
    assert_eq!(text(&range, 10, col("owner_org")), "示例市教育局");
    assert_eq!(text(&range, 10, col("go_live")), "2024-03");
    assert_eq!(text(&range, 10, col("is_vertical")), "是");
    let cell = |row, key| range.get_value((row, col(key))).unwrap().clone();
    assert_eq!(cell(10, "budget_amount"), calamine::Data::Float(-120.5));
    assert_eq!(cell(10, "user_count"), calamine::Data::Float(31_855.0));
    assert!(cell(11, "budget_amount").is_string());
    let last = u32::try_from(range.width()).unwrap() - 1;
    assert_eq!(text(&range, 0, last), "=处长");
    assert_eq!(text(&range, 10, last), "-1");
    assert!(!all_sheets_xml(&out).contains("<f>"));
    assert!(part(&out, "xl/styles.xml").contains("quotePrefix=\"1\""));
}

#[test]
fn csv_comes_back_as_it_was() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("e.csv");
    write(ExportFormat::Csv, &out, &catalogue);

    let bytes = fs::read(&out).unwrap();
    let body = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
    assert!(body.ends_with(b"\r\n"));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(body);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 12);
    let at = |row: usize, key| &rows[row][column(&catalogue, key) as usize];
    for (row, name) in (1..).zip(ODD) {
        let cell = at(row, "system_name");
        assert!(!guard::starts_like_formula(cell), "{cell}");
        assert_eq!(guard::unguard(cell), name);
    }
    assert_eq!(at(10, "budget_amount"), "-120.5");
    assert_eq!(at(11, "budget_amount"), "1234567890123456.78");
    assert_eq!(rows[0].iter().next_back(), Some("'=处长"));
}

#[test]
fn json_has_keys_and_canonical_values() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let read = |format: ExportFormat| {
        let out = dir.path().join(format!("e.{}", format.extension()));
        write(format, &out, &catalogue);
        fs::read_to_string(out).unwrap()
    };
    let array: Vec<Document> = serde_json::from_str(&read(ExportFormat::Json)).unwrap();
    assert_eq!(array, entries());
    let lines: Vec<Document> = read(ExportFormat::JsonLines)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, entries());
    let all: std::collections::BTreeMap<String, Vec<Document>> =
        serde_json::from_str(&read(ExportFormat::JsonByRegister)).unwrap();
    assert_eq!(all["information_system"], entries());
}

#[test]
fn a_whole_ledger_has_a_sheet_per_register_and_empty_ones_too() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("all.xlsx");
    let showing = Showing {
        catalogue: &catalogue,
        names: &Departments,
    };
    let mut export = create(ExportFormat::Xlsx, &out, showing).unwrap();
    for register in catalogue.registers() {
        export.begin(register, &[]).unwrap();
    }
    assert_eq!(export.finish().unwrap(), 0);
    let labels: Vec<String> = catalogue
        .registers()
        .iter()
        .map(|r| r.label.clone())
        .collect();
    assert_eq!(sheet_names(&out), labels);
}

#[test]
fn a_text_no_cell_can_hold_is_named_and_leaves_no_file() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("e.xlsx");
    let showing = Showing {
        catalogue: &catalogue,
        names: &Departments,
    };
    let register = catalogue.register("information_system").unwrap();
    let long = "字".repeat(look::CELL_LIMIT + 1);
    let document = entry(&[("system_name", "甲"), ("system_code", &long)]);

    let mut export = create(ExportFormat::Xlsx, &out, showing).unwrap();
    export.begin(register, &[]).unwrap();
    let error = export.row(&document).unwrap_err();
    assert!(matches!(&error, ExportError::TooLong { entry, .. } if entry == "甲"));
    assert!(error.to_string().contains("系统编码"), "{error}");
    drop(export);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    let csv = dir.path().join("e.csv");
    let mut export = create(ExportFormat::Csv, &csv, showing).unwrap();
    export.begin(register, &[]).unwrap();
    assert!(matches!(
        export.begin(register, &[]),
        Err(ExportError::OneRegisterOnly)
    ));
    export.row(&document).unwrap();
    export.finish().unwrap();
    assert!(fs::read_to_string(csv).unwrap().contains(&long));
}
