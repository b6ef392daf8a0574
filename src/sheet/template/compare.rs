//! Whether two workbooks say the same, part by part: compression and zip dates do not count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

/// Names of the parts that differ or that only one of the two workbooks has.
///
/// # Errors
/// When one of them cannot be read as a zip file.
pub fn differing_parts(a: &Path, b: &Path) -> io::Result<Vec<String>> {
    let (a, mut b) = (parts(a)?, parts(b)?);
    let mut out: Vec<String> = a
        .into_iter()
        .filter_map(|(name, content)| (b.remove(&name) != Some(content)).then_some(name))
        .collect();
    out.extend(b.into_keys());
    Ok(out)
}

/// Whether all parts of two workbooks are the same.
///
/// # Errors
/// As [`differing_parts`].
pub fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(differing_parts(a, b)?.is_empty())
}

fn parts(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut out = BTreeMap::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at)?;
        let mut content = Vec::new();
        part.read_to_end(&mut content)?;
        out.insert(part.name()?.into_owned(), content);
    }
    Ok(out)
}
