//! template, read back.

use calamine::DataType;
use std::fs;
use std::path::Path;

use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::field::FieldType;
use one_ledger::sheet::look;
use one_ledger::sheet::template::{
    self, DICTIONARY_SHEET, EXAMPLE_MARK, GUIDE_SHEET, differing_parts, same_content,
};

use super::helpers::{all_sheets_xml, part, sheet, sheet_names, text};

#[test]
fn a_template_has_the_headers_of_the_definition_and_an_example() {
    let catalogue = Catalogue::load(None).unwrap();
    let register = catalogue.register("information_system").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.xlsx");
    template::write_template(&catalogue, &[register], &out).unwrap();

    assert_eq!(
        sheet_names(&out),
        [&register.label, GUIDE_SHEET, DICTIONARY_SHEET]
    );
    let range = sheet(&out, &register.label);
    assert_eq!(text(&range, 0, 0), look::SERIAL_HEADER);
    assert_eq!(text(&range, 1, 0), EXAMPLE_MARK);
    for (col, field) in (1_u32..).zip(&register.fields) {
        assert_eq!(text(&range, 0, col), look::header_text(field));
        assert_eq!(text(&range, 1, col), field.example, "{}", field.key);
    }
    let name = &register.fields.iter().find(|f| f.key == "system_name");
    assert!(look::header_text(name.unwrap()).starts_with('*'));
}

#[test]
fn drop_downs_come_from_the_hidden_dictionary() {
    let catalogue = Catalogue::load(None).unwrap();
    let register = catalogue.register("information_system").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.xlsx");
    template::write_template(&catalogue, &[register], &out).unwrap();

    let xml = part(&out, "xl/worksheets/sheet1.xml");
    let wanted = register
        .fields
        .iter()
        .filter(|f| matches!(f.kind, FieldType::Bool | FieldType::Choice) && !f.multiple)
        .count();
    // Lists over several columns with the same values may be joined into one element.
    assert!(wanted > 0);
    assert_eq!(xml.matches("<dataValidation ").count(), wanted);
    assert_eq!(xml.matches("<formula1>'字典'!$").count(), wanted);
    assert!(xml.contains(":C1048576") || xml.contains("1048576"));
    assert!(part(&out, "xl/workbook.xml").contains("state=\"hidden\""));
    let dictionary = sheet(&out, DICTIONARY_SHEET);
    let yes = dictionary
        .cells()
        .find(|(.., v)| v.get_string() == Some("是"));
    assert!(yes.is_some());
    assert!(!all_sheets_xml(&out).contains("<f>"));
    assert!(part(&out, "xl/comments1.xml").contains("填写格式"));
}

#[test]
fn codes_and_dates_are_text_columns() {
    let catalogue = Catalogue::load(None).unwrap();
    let register = catalogue.register("information_system").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.xlsx");
    template::write_template(&catalogue, &[register], &out).unwrap();

    let book = umya_spreadsheet::reader::xlsx::read(&out).unwrap();
    let worksheet = book.sheet_by_name(&register.label).unwrap();
    for (col, field) in (2_u32..).zip(&register.fields) {
        let column = worksheet.column_dimension_by_number(col).unwrap();
        let format = column
            .style()
            .number_format()
            .map(|f| f.format_code().to_owned());
        let is_text = format.as_deref() == Some("@");
        let wanted = matches!(
            field.kind,
            FieldType::Code | FieldType::CreditCode | FieldType::Region | FieldType::Date
        );
        assert_eq!(is_text, wanted, "{} {format:?}", field.key);
    }
}

#[test]
fn the_same_definitions_give_the_same_content() {
    let catalogue = Catalogue::load(None).unwrap();
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let written = template::write_all(&catalogue, a.path()).unwrap();
    template::write_all(&catalogue, b.path()).unwrap();
    assert_eq!(written.len(), catalogue.registers().len() + 1);
    for path in &written {
        let other = b.path().join(path.file_name().unwrap());
        assert!(same_content(path, &other).unwrap());
    }
}

/// The workbooks in `import_templates/` are those the definitions give. After changing a definition
/// run this test once with `UPDATE_TEMPLATES=1`.
#[test]
fn shipped_templates_match_the_definitions() {
    let catalogue = Catalogue::load(None).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("import_templates");
    if std::env::var_os("UPDATE_TEMPLATES").is_some() {
        template::write_all(&catalogue, &shipped).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let fresh = template::write_all(&catalogue, dir.path()).unwrap();
    for path in &fresh {
        let ours = shipped.join(path.file_name().unwrap());
        let differ = differing_parts(path, &ours).unwrap();
        assert_eq!(differ, Vec::<String>::new(), "{}", ours.display());
    }
    let count = fs::read_dir(&shipped)
        .unwrap()
        .filter(|f| {
            f.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "xlsx")
        })
        .count();
    assert_eq!(count, fresh.len(), "a workbook without a definition");
}
