//! What we write, our own importer reads: templates are empty, exports come back unchanged.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use one_ledger::intake::matching::{HeaderPath, header_words, match_columns};
use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::field::Register;
use one_ledger::register::read::ColumnContext;
use one_ledger::register::value::{Document, EXTRA_PREFIX, Names, Reading, Value};
use one_ledger::register::words::clean;
use one_ledger::sheet::annotate::{
    Annotated, Annotation, CellAnnotation, Mark, Original, Outcome, ReadAgain, RowAnnotation,
    SheetAnnotation, SourceRows, annotate,
};
use one_ledger::sheet::cell::{Cell, Row};
use one_ledger::sheet::export::{ExportFormat, Showing, create};
use one_ledger::sheet::locate::{Column, locate};
use one_ledger::sheet::rows::{RowKind, RowSorter};
use one_ledger::sheet::template;
use one_ledger::sheet::workbook::{Event, Format, Parser};
use one_ledger::sheet::{REMARK_HEADER, RESULT_HEADER, TOTALS_SHEET};

struct NoNames;

impl Names for NoNames {
    fn department(&self, _: &str) -> Option<String> {
        None
    }
}

/// One sheet as the importer sees it.
struct Imported {
    name: String,
    /// Field key by column; the header for columns no field has.
    columns: Vec<(u16, Result<String, String>)>,
    rows: Vec<(RowKind, Row)>,
}

/// Reads a file as the importer does, up to the values.
fn import(catalogue: &Catalogue, path: &Path) -> Vec<Imported> {
    let parser = Parser::new(PathBuf::from(env!("CARGO_BIN_EXE_one-ledger")));
    let workbook = parser.open(path).unwrap();
    let words = header_words(catalogue);
    let heads = workbook.sheets().to_vec();
    let order: Vec<usize> = heads.iter().map(|head| head.index).collect();
    let mut events = workbook
        .stream(&order)
        .unwrap()
        .map(Result::unwrap)
        .peekable();
    let mut out = Vec::new();
    for head in &heads {
        assert!(matches!(events.next(), Some(Event::Sheet(index)) if index == head.index));
        let located = locate(head, &words).ok();
        let register = catalogue.registers().iter().find(|r| {
            // CSV names its only sheet after the file.
            r.label == head.name || r.key == head.name
        });
        let mut sorter = located
            .as_ref()
            .map(|located| RowSorter::new(head, located));
        let mut rows = Vec::new();
        while let Some(Event::Row(row)) = events.next_if(|event| matches!(event, Event::Row(_))) {
            if let Some(sorter) = &mut sorter {
                let sorted = sorter.sort(row);
                rows.push((sorted.kind, sorted.row));
            }
        }
        let (Some(register), Some(located)) = (register, located) else {
            continue;
        };
        assert_eq!(located.header_row, 1);
        let paths: Vec<HeaderPath> = located
            .columns
            .iter()
            .map(|column| HeaderPath {
                column: column.index,
                path: column.path.clone(),
            })
            .collect();
        let columns = match_columns(register, &paths)
            .into_iter()
            .zip(&paths)
            .filter(|(_, path)| path.column > 0)
            .map(|(found, path)| {
                let header = path.path.last().cloned().unwrap_or_default();
                (found.column, found.field.ok_or(header))
            })
            .collect();
        out.push(Imported {
            name: head.name.clone(),
            columns,
            rows,
        });
    }
    out
}

/// The documents of a sheet.
fn documents(catalogue: &Catalogue, register: &Register, sheet: &Imported) -> Vec<Document> {
    let data = sheet.rows.iter().filter(|(kind, _)| *kind == RowKind::Data);
    data.map(|(_, row)| {
        let mut document = Document::new();
        for (column, field) in &sheet.columns {
            let Some(cell) = row.cells.get(usize::from(*column)) else {
                continue;
            };
            match field {
                Ok(key) => {
                    let field = register.field(key).unwrap();
                    match field.read(catalogue, cell, &ColumnContext::default()) {
                        Reading::Value(value, note) => {
                            assert!(note.is_none(), "{key} {cell:?} {note:?}");
                            document.insert(key.clone(), value);
                        }
                        Reading::Blank(_) => {}
                        other => panic!("{key} {cell:?} {other:?}"),
                    }
                }
                Err(header) if *cell != Cell::Empty => {
                    let key = format!("{EXTRA_PREFIX}{header}");
                    document.insert(key, Value::Text(cell.text()));
                }
                Err(_) => {}
            }
        }
        document
    })
    .collect()
}

/// An entry with the example of every field, and one with little.
fn samples(catalogue: &Catalogue, register: &Register) -> Vec<Document> {
    let mut full = Document::new();
    for field in &register.fields {
        let cell = Cell::Text(field.example.clone());
        if let Reading::Value(value, _) = field.read(catalogue, &cell, &ColumnContext::default()) {
            full.insert(field.key.clone(), value);
        }
    }
    let with_example = register.fields.iter().filter(|f| !f.example.is_empty());
    assert_eq!(full.len(), with_example.count(), "{}", register.key);
    let named = |name: &str| {
        let owner = register.keys.owner.iter().chain(&register.keys.within);
        let mut document: Document = owner
            .filter_map(|key| Some((key.clone(), full.get(key)?.clone())))
            .collect();
        document.insert(register.keys.name.clone(), Value::Text(name.to_owned()));
        document
    };
    let mut odd = named("=1+1 的系统");
    odd.insert(
        format!("{EXTRA_PREFIX}督办领导"),
        Value::Text("-未定".to_owned()),
    );
    vec![
        full.clone(),
        odd,
        named("'=单引号"),
        named("＋加号"),
        named("第一行\n第二行"),
    ]
}

#[test]
fn a_template_imports_as_nothing_and_every_column_is_known() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    template::write_all(&catalogue, dir.path()).unwrap();
    let sheets = import(&catalogue, &dir.path().join(template::ALL_FILE));
    assert_eq!(sheets.len(), catalogue.registers().len());
    for (sheet, register) in sheets.iter().zip(catalogue.registers()) {
        assert_eq!(sheet.name, register.label);
        let found: Vec<_> = sheet.columns.iter().map(|(_, key)| key.clone()).collect();
        let wanted: Vec<_> = register.fields.iter().map(|f| Ok(f.key.clone())).collect();
        assert_eq!(found, wanted);
        let kinds: Vec<RowKind> = sheet.rows.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(
            kinds,
            [RowKind::Heading, RowKind::Example],
            "{}",
            sheet.name
        );
    }
}

#[test]
fn an_export_comes_back_unchanged() {
    let catalogue = Catalogue::load(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let showing = Showing {
        catalogue: &catalogue,
        names: &NoNames,
    };
    for format in [ExportFormat::Xlsx, ExportFormat::Csv] {
        for register in catalogue.registers() {
            let out = dir
                .path()
                .join(format!("{}.{}", register.key, format.extension()));
            let wanted = samples(&catalogue, register);
            let mut export = create(format, &out, showing).unwrap();
            export.begin(register, &["督办领导".to_owned()]).unwrap();
            for document in &wanted {
                export.row(document).unwrap();
            }
            export.finish().unwrap();
            let sheets = import(&catalogue, &out);
            assert_eq!(sheets.len(), 1);
            assert_eq!(
                documents(&catalogue, register, &sheets[0]),
                wanted,
                "{}",
                out.display()
            );
        }
    }
}

/// Annotates a file and returns the copy with how it was made.
fn annotated(parser: &Parser, words: &HashSet<String>, file: &Path, out: &Path) -> Annotated {
    let workbook = parser.open(file).unwrap();
    let editable = workbook.format() == Format::Xlsx;
    let heads = workbook.sheets().to_vec();
    let sheets = heads.iter().filter_map(|head| {
        let located = locate(head, words).ok()?;
        let said = RowAnnotation {
            outcome: Outcome::New,
            text: "名称与另一条相近".to_owned(),
            cells: vec![CellAnnotation {
                column: 1,
                kind: Mark::Warning,
                text: "请核对".to_owned(),
            }],
        };
        Some(SheetAnnotation {
            index: head.index,
            name: head.name.clone(),
            header_row: located.header_row,
            last_column: located.columns.last()?.index,
            rows: (0..3)
                .map(|at| (located.first_data_row + at, said.clone()))
                .collect(),
        })
    });
    let annotation = Annotation {
        totals: vec![("新增".to_owned(), "3".to_owned())],
        sheets: sheets.collect(),
    };
    drop(workbook);
    let order: Vec<usize> = heads.iter().map(|head| head.index).collect();
    let read: ReadAgain<'_> = Box::new(|| {
        let workbook = parser.open(file).map_err(|e| e.to_string())?;
        let rows = workbook.stream(&order).map_err(|e| e.to_string())?;
        let mut sheet = 0;
        Ok(Box::new(rows.filter_map(move |event| match event {
            Ok(Event::Sheet(index)) => {
                sheet = index;
                None
            }
            Ok(Event::Row(row)) => Some(Ok((sheet, row))),
            Ok(Event::End) => None,
            Err(fault) => Some(Err(fault.to_string())),
        })) as SourceRows<'_>)
    });
    let original = Original {
        path: file,
        editable,
        rows: 100,
        heads: &heads,
        read,
    };
    annotate(&parser.program, original, &annotation, out).unwrap()
}

/// The tables of a file: header, columns, number of records.
fn tables(parser: &Parser, words: &HashSet<String>, file: &Path) -> Vec<(u32, Vec<String>, usize)> {
    let workbook = parser.open(file).unwrap();
    let heads = workbook.sheets().to_vec();
    let order: Vec<usize> = heads.iter().map(|head| head.index).collect();
    let mut events = workbook
        .stream(&order)
        .unwrap()
        .map(Result::unwrap)
        .peekable();
    let mut out = Vec::new();
    for head in &heads {
        events.next();
        let located = locate(head, words).ok();
        assert!(head.name != TOTALS_SHEET || located.is_none());
        let mut sorter = located
            .as_ref()
            .map(|located| RowSorter::new(head, located));
        let mut records = 0;
        while let Some(Event::Row(row)) = events.next_if(|event| matches!(event, Event::Row(_))) {
            if let Some(sorter) = &mut sorter {
                records += usize::from(sorter.sort(row).kind == RowKind::Data);
            }
        }
        if let Some(located) = located {
            let columns = located.columns.iter().map(Column::name).collect();
            out.push((located.header_row, columns, records));
        }
    }
    out
}

#[test]
fn annotated_copies_of_the_sample_files_import_like_the_originals() {
    let catalogue = Catalogue::load(None).unwrap();
    let words = header_words(&catalogue);
    let parser = Parser::new(PathBuf::from(env!("CARGO_BIN_EXE_one-ledger")));
    let dir = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let own = Annotated::OwnFile { macros: false };
    for (name, how) in [
        ("市直部门信息系统清单.xlsx", own),
        ("政务数据资源目录.xlsx", own),
        ("项目申报汇总.xls", Annotated::Rewritten),
        ("信息系统清单_GBK.csv", Annotated::Rewritten),
    ] {
        let file = demo.join(name);
        let mut wanted = tables(&parser, &words, &file);
        assert!(!wanted.is_empty());
        for (_, columns, _) in &mut wanted {
            columns.extend([RESULT_HEADER, REMARK_HEADER].map(clean));
        }
        let (once, twice) = (dir.path().join("1.xlsx"), dir.path().join("2.xlsx"));
        assert_eq!(annotated(&parser, &words, &file, &once), how, "{name}");
        assert_eq!(tables(&parser, &words, &once), wanted, "{name}");
        // The copy handed in again gets the same columns, not two more.
        assert_eq!(annotated(&parser, &words, &once, &twice), own, "{name}");
        assert_eq!(tables(&parser, &words, &twice), wanted, "{name}");
    }
}
