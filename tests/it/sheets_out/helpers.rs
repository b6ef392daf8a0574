//! Reading a written workbook back.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use calamine::{Data, Range, Reader, open_workbook_auto};

/// All cells of a sheet, from A1.
pub fn sheet(path: &Path, name: &str) -> Range<Data> {
    let mut workbook = open_workbook_auto(path).unwrap();
    workbook.worksheet_range(name).unwrap()
}

/// The names of the sheets in order.
pub fn sheet_names(path: &Path) -> Vec<String> {
    open_workbook_auto(path).unwrap().sheet_names().clone()
}

/// The text of a cell, by row and column from 0.
pub fn text(range: &Range<Data>, row: u32, col: u32) -> String {
    range
        .get_value((row, col))
        .map_or_else(String::new, ToString::to_string)
}

/// One part of a workbook as text.
pub fn part(path: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut out = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    out
}

/// All worksheet parts of a workbook, joined.
pub fn all_sheets_xml(path: &Path) -> String {
    let archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .filter(|name| name.starts_with("xl/worksheets/sheet"))
        .collect();
    names.iter().map(|name| part(path, name)).collect()
}
