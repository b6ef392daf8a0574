//! Files made to hurt: each ends in a clear message or in rows, within bounded time and memory, never in a hang.

use one_ledger::sheet::cell::{Cell, Row};
use one_ledger::sheet::fault::SheetFault;
use one_ledger::sheet::limits::Limits;
use one_ledger::sheet::workbook::{Event, Parser};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook};
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const MIB: u64 = 1024 * 1024;

fn parser(limits: Limits) -> Parser {
    let mut parser = Parser::new(env!("CARGO_BIN_EXE_one-ledger"));
    parser.limits = limits;
    parser
}

/// Reads all sheets to the end.
fn read_with(bytes: &[u8], limits: Limits) -> Result<Vec<Row>, SheetFault> {
    let started = Instant::now();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let outcome = read_file(file.path(), &parser(limits));
    assert!(
        started.elapsed() < Duration::from_secs(40),
        "took {:?}",
        started.elapsed()
    );
    if let Err(fault) = &outcome {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(
            chinese(&fault.message) && chinese(&fault.suggestion),
            "{fault:?}"
        );
        assert!(fault.message.chars().count() < 400, "{fault:?}");
    }
    outcome
}

fn read_file(path: &Path, parser: &Parser) -> Result<Vec<Row>, SheetFault> {
    let workbook = parser.open(path)?;
    let order: Vec<usize> = (0..workbook.sheets().len()).collect();
    let mut rows = Vec::new();
    let mut ended = false;
    for event in workbook.stream(&order)? {
        match event? {
            Event::Row(row) => rows.push(row),
            Event::Sheet(_) => {}
            Event::End => ended = true,
        }
    }
    assert!(ended);
    Ok(rows)
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, SheetFault> {
    read_with(bytes, Limits::default())
}

fn code(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(fault) => fault.code,
    }
}

pub fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const TYPES: &[u8] = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
const RELS: &[u8] = br#"<?xml version="1.0"?><Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &[u8] = br#"<?xml version="1.0"?><workbook xmlns:r="r"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELS: &[u8] = br#"<?xml version="1.0"?><Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const SHEET: &str = "xl/worksheets/sheet1.xml";

pub fn parts<'p>(sheet: &'p [u8], more: &[(&'p str, &'p [u8])]) -> Vec<(&'p str, &'p [u8])> {
    let mut parts = vec![
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        (SHEET, sheet),
    ];
    parts.extend_from_slice(more);
    parts
}

/// A workbook of one sheet with these rows, and more parts.
pub fn workbook(rows: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    zipped(&parts(sheet.as_bytes(), more))
}

pub fn text_row(number: u32, text: &str) -> String {
    format!(r#"<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{text}</t></is></c></row>"#)
}

/// Where the central directory's record of a part begins.
fn record_of(bytes: &[u8], name: &str) -> usize {
    let mut at = 0;
    loop {
        let step = bytes[at..]
            .windows(4)
            .position(|w| w == b"PK\x01\x02")
            .unwrap();
        at += step;
        if bytes[at + 46..].starts_with(name.as_bytes()) {
            return at;
        }
        at += 4;
    }
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

pub fn demo(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("demo")
            .join(name),
    )
    .unwrap()
}

pub fn sample() -> Vec<u8> {
    demo("政务数据资源目录.xlsx")
}

#[test]
fn a_plain_workbook_is_read() {
    let rows = read(&workbook(&text_row(3, "甲"), &[])).unwrap();
    assert_eq!(
        rows,
        [Row {
            number: 3,
            cells: vec![Cell::Text("甲".to_owned())]
        }]
    );
}

#[test]
fn what_is_no_workbook_is_named() {
    assert_eq!(code(b""), "file_empty");
    assert_eq!(code(b"%PDF-1.7 abc"), "not_a_workbook");
    assert_eq!(
        code(b"<html><table><tr><td>1</td></tr></table></html>"),
        "markup"
    );
    assert_eq!(
        code(b"\xEF\xBB\xBF\r\n <?xml version=\"1.0\"?><Workbook/>"),
        "markup"
    );
    assert_eq!(
        code(&zipped(&[("word/document.xml", b"<a/>")])),
        "not_a_workbook"
    );
    assert_eq!(code(&zipped(&[("readme.txt", b"a")])), "not_a_workbook");
    assert_eq!(code(b"PK\x03\x04"), "corrupt");
    assert_eq!(code(b"\xD0\xCF\x11\xE0"), "corrupt");
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(sample());
    assert_eq!(code(&png), "not_a_workbook");
}

/// An encrypted workbook, as far as anybody can tell without its password.
pub fn encrypted() -> Vec<u8> {
    let mut ole = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    ole.resize(1024, 0);
    ole.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    ole.resize(4096, 0);
    ole
}

#[test]
fn a_password_is_asked_to_be_taken_off() {
    let ole = encrypted();
    let fault = read(&ole).unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.message.as_str()),
        ("encrypted", "文件已加密，请取消密码后再上传")
    );
    // The flag in a zip's own records.
    let mut bytes = sample();
    let record = record_of(&bytes, SHEET);
    let local = word(&bytes, record + 42);
    bytes[record + 8] |= 1;
    bytes[local + 6] |= 1;
    assert_eq!(code(&bytes), "encrypted");
}

#[test]
fn truncated_files_are_refused_whole() {
    for name in ["政务数据资源目录.xlsx", "项目申报汇总.xls"] {
        let whole = demo(name);
        for part in [1, 3, 5, 7] {
            let outcome = read(&whole[..whole.len() * part / 8]);
            assert!(outcome.is_err() || name.ends_with("xls"), "{name} {part}");
        }
    }
}

#[test]
fn bombs_are_stopped_by_what_they_really_inflate_to() {
    let small = Limits {
        inflated_bytes: 16 * MIB,
        ..Limits::default()
    };
    // A01: a huge sheet. A02: nothing but spaces. Media count as well.
    let rows = text_row(1, &"a".repeat(20_000_000));
    assert_eq!(
        read_with(&workbook(&rows, &[]), small.clone())
            .unwrap_err()
            .code,
        "inflated_too_large"
    );
    let spaces = vec![b' '; 20_000_000];
    let bytes = workbook(&text_row(1, "a"), &[("xl/media/image1.png", &spaces)]);
    assert!(bytes.len() < 100_000);
    assert_eq!(
        read_with(&bytes, small.clone()).unwrap_err().code,
        "inflated_too_large"
    );
    // A04: the directory lies about the size.
    let mut bytes = workbook(&text_row(1, "a"), &[("xl/sharedStrings.xml", &spaces)]);
    let record = record_of(&bytes, "xl/sharedStrings.xml");
    let local = word(&bytes, record + 42);
    bytes[record + 24..record + 28].copy_from_slice(&100_u32.to_le_bytes());
    bytes[local + 22..local + 26].copy_from_slice(&100_u32.to_le_bytes());
    let fault = read_with(&bytes, small).unwrap_err();
    assert!(
        matches!(fault.code.as_str(), "inflated_too_large" | "corrupt"),
        "{fault:?}"
    );
}

#[test]
fn a_shared_string_beyond_memory_kills_only_the_child() {
    // A03 in small: the inflate cap lets it pass, the child's memory does not.
    let mut strings = b"<sst count=\"1\" uniqueCount=\"1\"><si><t>".to_vec();
    strings.resize(150_000_000, b'a');
    strings.extend(b"</t></si></sst>");
    let bytes = workbook(&text_row(1, "a"), &[("xl/sharedStrings.xml", &strings)]);
    let limits = Limits {
        memory_bytes: 96 * MIB,
        ..Limits::default()
    };
    let fault = read_with(&bytes, limits).unwrap_err();
    assert_eq!(fault.code, "parser_memory");
}

#[test]
fn parts_may_not_overlap_or_share_a_name() {
    // A05: a second record that points at the first part's bytes.
    let other = "xl/worksheets/sheet2.xml";
    let mut bytes = workbook(&text_row(1, "a"), &[(other, b"<worksheet/>")]);
    let (first, second) = (record_of(&bytes, SHEET), record_of(&bytes, other));
    let offset = bytes[first + 42..first + 46].to_vec();
    bytes[second + 42..second + 46].copy_from_slice(&offset);
    assert_eq!(code(&bytes), "corrupt");
    // The same name twice, then only in another case.
    let mut bytes = workbook(&text_row(1, "a"), &[(other, b"<worksheet/>")]);
    let second = record_of(&bytes, other);
    let local = word(&bytes, second + 42);
    bytes[second + 46 + 19] = b'1';
    bytes[local + 30 + 19] = b'1';
    assert_eq!(code(&bytes), "corrupt");
    let bytes = workbook(
        &text_row(1, "a"),
        &[("xl/Worksheets/SHEET1.xml", b"<worksheet/>")],
    );
    assert_eq!(code(&bytes), "corrupt");
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut bytes = sample();
    let record = record_of(&bytes, SHEET);
    let local = word(&bytes, record + 42);
    bytes[record + 16] ^= 0xFF;
    bytes[local + 14] ^= 0xFF;
    assert_eq!(code(&bytes), "corrupt");
}

#[test]
fn a_lie_about_shared_strings_is_refused() {
    let strings = br#"<sst count="1" uniqueCount="4294967295"><si><t>a</t></si></sst>"#;
    let bytes = workbook(&text_row(1, "a"), &[("xl/sharedStrings.xml", strings)]);
    let fault = read(&bytes).unwrap_err();
    assert_eq!(fault.code, "corrupt");
    assert!(fault.message.contains("字符串数"), "{fault}");
}

#[test]
fn document_types_and_wide_encodings_are_refused() {
    let sheet = br#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc">]><worksheet><sheetData/></worksheet>"#;
    assert_eq!(code(&zipped(&parts(sheet, &[]))), "doctype");
    let wide: Vec<u8> = String::from_utf8_lossy(sheet)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(code(&zipped(&parts(&wide, &[]))), "part_encoding");
    let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(wide).collect();
    assert_eq!(code(&zipped(&parts(&marked, &[]))), "part_encoding");
}

#[test]
fn stray_cells_are_named() {
    let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let fault = read(&workbook(&(text_row(1, "a") + far), &[])).unwrap_err();
    assert_eq!(fault.code, "too_many_columns");
    assert!(fault.message.contains("XFD1048576"), "{fault}");
    // Far down it is a row like any other; a blank far to the right is nothing.
    let far = r#"<row r="1048576"><c r="A1048576"><v>1</v></c><c r="XFD1048576" t="str"><v> </v></c></row>"#;
    let rows = read(&workbook(&(text_row(1, "a") + far), &[])).unwrap();
    assert_eq!(
        rows.last().map(|r| (r.number, r.cells.len())),
        Some((1_048_576, 1))
    );
    let beyond = r#"<row r="9"><c r="A4294967295"><v>1</v></c></row>"#;
    assert_eq!(code(&workbook(beyond, &[])), "corrupt");
    let upside_down = text_row(2, "a") + &text_row(1, "b");
    assert_eq!(code(&workbook(&upside_down, &[])), "corrupt");
}

#[test]
fn too_much_of_anything_is_refused() {
    let empty = "<row/>".repeat(1_100_000);
    assert_eq!(code(&workbook(&empty, &[])), "too_many_rows");
    let limits = Limits {
        rows_per_sheet: 10,
        ..Limits::default()
    };
    let rows: String = (1..=11).map(|n| text_row(n, "a")).collect();
    assert_eq!(
        read_with(&workbook(&rows, &[]), limits).unwrap_err().code,
        "too_many_rows"
    );
    let fault = read(&workbook(&text_row(7, &"字".repeat(40_000)), &[])).unwrap_err();
    assert_eq!(fault.code, "cell_too_long");
    assert!(fault.message.contains("A7"), "{fault}");
    let many: Vec<String> = (0..2_001).map(|n| format!("xl/media/{n}.png")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(code(&workbook("", &many)), "too_many_entries");
    let merges: String = (1..=30)
        .map(|n| format!(r#"<mergeCell ref="A{n}:B{n}"/>"#))
        .collect();
    let sheet = format!("<worksheet><sheetData/><mergeCells>{merges}</mergeCells></worksheet>");
    let limits = Limits {
        merges: 20,
        ..Limits::default()
    };
    let bytes = zipped(&parts(sheet.as_bytes(), &[]));
    assert_eq!(
        read_with(&bytes, limits).unwrap_err().code,
        "too_many_merges"
    );
    let limits = Limits {
        file_bytes: 1_000,
        ..Limits::default()
    };
    assert_eq!(
        read_with(&sample(), limits).unwrap_err().code,
        "file_too_large"
    );
}

#[test]
fn unclosed_xml_is_no_empty_sheet() {
    let bytes = zipped(&parts(
        b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>",
        &[],
    ));
    assert_eq!(code(&bytes), "corrupt");
    let bad = workbook(r#"<row r="1"><c r="A1" t="zz"><v>1</v></c></row>"#, &[]);
    assert_eq!(code(&bad), "corrupt");
}

#[test]
fn strange_values_are_told_as_they_are() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet
        .write_number_with_format(0, 0, 2_958_465.0, &date)
        .unwrap();
    sheet
        .write_formula(0, 1, Formula::new("=1+1").set_result("2"))
        .unwrap();
    sheet
        .write_formula(0, 2, Formula::new("=NA()").set_result("#N/A"))
        .unwrap();
    sheet.write_boolean(0, 3, true).unwrap();
    sheet.write_string(0, 4, "名称").unwrap();
    sheet.write_string(0, 5, "名称").unwrap();
    let rows = read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(rows[0].cells[0], Cell::Date(2_958_465.0));
    assert_eq!(rows[0].cells[1], Cell::Number(2.0));
    assert_eq!(rows[0].cells[3], Cell::Bool(true));
    assert_eq!(rows[0].cells[4], rows[0].cells[5]);
    let cells = concat!(
        r#"<row r="1"><c r="A1"><f>1+1</f></c><c r="B1"><f>1+1</f><v></v></c>"#,
        r##"<c r="C1" t="e"><v>#DIV/0!</v></c><c r="D1" t="str"><f>""</f><v></v></c><c r="E1"><v>1</v></c></row>"##,
    );
    let rows = read(&workbook(cells, &[])).unwrap();
    let expected = [
        Cell::NoValue,
        Cell::NoValue,
        Cell::Error("#DIV/0!".to_owned()),
        Cell::Empty,
        Cell::Number(1.0),
    ];
    assert_eq!(rows[0].cells, expected);
}

#[test]
fn a_workbook_of_the_1904_system_keeps_its_dates() {
    let book = br#"<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let styles = br#"<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
    let sheet = br#"<worksheet><sheetData><row r="1"><c r="A1" s="1"><v>43890</v></c></row></sheetData></worksheet>"#;
    let mut all = parts(sheet, &[("xl/styles.xml", styles)]);
    all[2].1 = book;
    assert_eq!(
        read(&zipped(&all)).unwrap()[0].cells,
        [Cell::Date(45_352.0)]
    );
}

fn ods(table: &str) -> Vec<u8> {
    let content = format!(
        r#"<office:document-content><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"#
    );
    zipped(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

#[test]
fn repeated_ods_rows_do_not_explode() {
    let cell =
        r#"<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>"#;
    let plain = format!(
        r#"<table:table table:name="t"><table:table-row>{cell}</table:table-row><table:table-row table:number-rows-repeated="1048575"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>"#
    );
    assert_eq!(code(&ods(&plain)), "1 rows");
    let rows = format!(
        r#"<table:table table:name="t"><table:table-row table:number-rows-repeated="1000000000">{cell}</table:table-row></table:table>"#
    );
    let fault = read(&ods(&rows)).unwrap_err();
    assert!(
        matches!(fault.code.as_str(), "too_many_rows" | "parser_memory"),
        "{fault:?}"
    );
    let wide = cell.replace(
        "office:",
        r#"table:number-columns-repeated="1000000000" office:"#,
    );
    let both = format!(
        r#"<table:table table:name="t"><table:table-row table:number-rows-repeated="1000000000">{wide}</table:table-row></table:table>"#
    );
    let fault = read(&ods(&both)).unwrap_err();
    let codes = ["too_many_rows", "too_many_columns", "parser_memory"];
    assert!(codes.contains(&fault.code.as_str()), "{fault:?}");
    // The library waits for a closing tag for ever: its time is limited.
    let limits = Limits {
        cpu_seconds: 2,
        ..Limits::default()
    };
    let fault = read_with(&ods(r#"<table:table table:name="t">"#), limits).unwrap_err();
    assert!(
        matches!(fault.code.as_str(), "corrupt" | "parser_cpu"),
        "{fault:?}"
    );
}

#[test]
fn an_old_workbook_that_lies_about_its_tables_ends() {
    let limits = Limits {
        cpu_seconds: 5,
        memory_bytes: 256 * MIB,
        ..Limits::default()
    };
    for at in [44, 48, 60, 64, 68, 72, 76] {
        for value in [0xFFFF_FFF0_u32, 0x7FFF_FFFF, 0x0000_FFFF, 0] {
            let mut bytes = demo("项目申报汇总.xls");
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let _ = read_with(&bytes, limits.clone());
        }
    }
}

#[test]
fn separated_text_in_every_encoding() {
    let text = "系统名称,主管部门\r\n医保系统,市医保局\r\n";
    let expected = read(text.as_bytes()).unwrap();
    assert_eq!(expected.len(), 2);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    let gb = encoding_rs::GB18030.encode(text).0.into_owned();
    for bytes in [
        marked(b"\xEF\xBB\xBF", text.as_bytes()),
        marked(b"\xFF\xFE", &little),
        marked(b"\xFE\xFF", &big),
        little,
        big,
        gb,
        text.replace(',', "\t").into_bytes(),
        text.replace(',', ";").into_bytes(),
        text.replace("\r\n", "\r").into_bytes(),
    ] {
        assert_eq!(read(&bytes).unwrap(), expected, "{bytes:?}");
    }
}

#[test]
fn separated_text_that_is_none_is_refused_by_its_line() {
    let wide = vec!["1"; 10_000].join(",");
    let fault = read(format!("a,b\n{wide}\n").as_bytes()).unwrap_err();
    assert_eq!(fault.code, "too_many_columns");
    assert!(fault.message.contains("第 2 行"), "{fault}");
    assert_eq!(code(b"a,b\n1,\0\n"), "nul_byte");
    assert_eq!(
        code("a,b\n1,\"没有结束\n2,3\n".as_bytes()),
        "unbalanced_quote"
    );
    assert_eq!(code(&vec![b'a'; 5_000_000]), "cell_too_long");
    let mut broken = "名称,说明\n甲乙丙丁戊己庚辛,说明文字\n".as_bytes().to_vec();
    broken.extend(b"\xE4\xB8,a\n");
    let fault = read(&broken).unwrap_err();
    assert_eq!(fault.code, "encoding");
    assert!(fault.message.contains("第 3 行"), "{fault}");
    assert_eq!(code(b"Caf\xE9,a\n1,2\n"), "encoding");
    assert_eq!(code(b"\n\n\n"), "0 rows");
}

#[cfg(unix)]
#[test]
fn a_child_that_hangs_or_babbles_is_ended() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    };
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "a,b\n").unwrap();
    let open = |program: std::path::PathBuf| {
        let mut parser = Parser::new(program);
        parser.limits.wall_seconds = 1;
        let started = Instant::now();
        let fault = parser.open(&file).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(10));
        fault.code
    };
    assert_eq!(
        open(script("hang", "#!/bin/sh\nexec /bin/sleep 60\n")),
        "parser_timeout"
    );
    assert_eq!(
        open(script(
            "babble",
            "#!/bin/sh\necho hello, this is no frame at all\n"
        )),
        "parser_died"
    );
    assert_eq!(open(script("quit", "#!/bin/sh\nexit 3\n")), "parser_died");
    assert_eq!(open(folder.path().join("missing")), "parser_start");
    assert_eq!(
        parser(Limits::default())
            .open(&folder.path().join("no"))
            .unwrap_err()
            .code,
        "file_unreadable"
    );
    assert_eq!(
        parser(Limits::default())
            .open(folder.path())
            .unwrap_err()
            .code,
        "file_unreadable"
    );
}

fn damaged(name: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let whole = demo(name);
    let length = whole.len();
    let flips = proptest::collection::vec((0..length, any::<u8>()), 0..6);
    (flips, length / 2..=length).prop_map(move |(flips, keep)| {
        let mut bytes = whole.clone();
        for (at, value) in flips {
            bytes[at] ^= value;
        }
        bytes.truncate(keep);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_workbook_ends(bytes in damaged("市直部门信息系统清单.xlsx")) {
        let _ = read_with(&bytes, Limits { cpu_seconds: 5, ..Limits::default() });
    }

    #[test]
    fn a_damaged_old_workbook_ends(bytes in damaged("项目申报汇总.xls")) {
        let _ = read_with(&bytes, Limits { cpu_seconds: 5, ..Limits::default() });
    }

    #[test]
    fn damaged_text_ends(bytes in damaged("信息系统清单_GBK.csv")) {
        let _ = read_with(&bytes, Limits { cpu_seconds: 5, ..Limits::default() });
    }
}
