//! inventory, read back.

use std::collections::BTreeSet;

use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::read::ColumnContext;
use one_ledger::register::value::Reading;
use one_ledger::register::words;
use one_ledger::sheet::cell::Cell;

use super::helpers::{sheet, text};
use super::workbooks::{HEADERS, Inventory, Made, SHEET};

const SMALL: Inventory = Inventory {
    rows: 1_000,
    seed: 7,
    changed: false,
};

#[test]
fn an_inventory_is_the_same_for_the_same_seed_and_its_names_are_unique() {
    let names: BTreeSet<String> = (0..50_000)
        .map(|at| {
            format!(
                "{:?}",
                Inventory {
                    rows: 50_000,
                    ..SMALL
                }
                .row(at)[0]
            )
        })
        .collect();
    assert_eq!(names.len(), 50_000);
    assert_eq!(SMALL.row(5), SMALL.row(5));
    assert_ne!(SMALL.row(5), Inventory { seed: 8, ..SMALL }.row(5));
}

#[test]
fn one_cell_differs_in_every_hundredth_row() {
    let other = Inventory {
        changed: true,
        ..SMALL
    };
    let mut changed = 0;
    for at in 0..SMALL.rows {
        let cells = SMALL.row(at).into_iter().zip(other.row(at));
        let differ = cells.filter(|(a, b)| a != b).count();
        assert!(differ <= 1);
        changed += differ;
    }
    assert_eq!(changed, 10);
}

#[test]
fn a_workbook_and_its_departments_fit_together() {
    let dir = tempfile::tempdir().unwrap();
    let (book, list) = (dir.path().join("i.xlsx"), dir.path().join("d.csv"));
    SMALL.write_workbook(&book).unwrap();
    SMALL.write_departments(&list).unwrap();

    let range = sheet(&book, SHEET);
    assert_eq!(range.height(), 1_001);
    assert_eq!(range.width(), HEADERS.len());
    let mut reader = csv::Reader::from_path(list).unwrap();
    let known: BTreeSet<String> = reader.records().map(|r| r.unwrap()[1].to_owned()).collect();
    assert_eq!(known.len(), SMALL.departments().len());
    for row in 1..=1_000 {
        assert!(known.contains(&text(&range, row, 1)));
    }
    assert!(matches!(SMALL.row(0)[9], Made::Number(_)));
}

#[test]
fn every_cell_of_an_inventory_can_be_read() {
    let catalogue = Catalogue::load(None).unwrap();
    let register = catalogue.register("information_system").unwrap();
    let fields: Vec<_> = HEADERS
        .iter()
        .map(|header| {
            let key = words::header(header).key;
            let found = register.fields.iter().find(|field| {
                let mut names = field.aliases.iter().chain([&field.label]);
                names.any(|name| words::header(name).key == key)
            });
            found.unwrap_or_else(|| panic!("no field for {header}"))
        })
        .collect();
    let keys: BTreeSet<&str> = fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys.len(), HEADERS.len(), "two columns of one field");
    for at in 0..SMALL.rows {
        for (field, made) in fields.iter().zip(SMALL.row(at)) {
            let cell = match made {
                Made::Text(text) => Cell::Text(text),
                Made::Number(number) => Cell::Number(number),
                Made::Date(serial) => Cell::Date(serial),
                Made::Empty => continue,
            };
            let read = field.read(&catalogue, &cell, &ColumnContext::default());
            assert!(
                matches!(read, Reading::Value(..)),
                "{} {cell:?} {read:?}",
                field.key
            );
        }
    }
}
