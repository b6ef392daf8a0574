//! A file that appears whole or not at all: written beside its place, then renamed.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What a writer of text needs at the end: everything out, and the file in its place.
pub trait Finish: Write {
    /// Flushes and puts the file in its place.
    ///
    /// # Errors
    /// When the last bytes cannot be written or the file cannot be renamed.
    fn finish(self) -> io::Result<()>;
}

/// The folder a path lies in; the current one for a bare name.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A new file under a temporary name in its own folder.
#[derive(Debug)]
pub struct OutFile {
    temp: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl OutFile {
    /// Starts the file that is to stand at `path`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".part");
        // The file is for the person who asked: the usual rights, not those of a secret.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o644));
        }
        Ok(Self {
            temp: BufWriter::with_capacity(1 << 16, builder.tempfile_in(folder(path))?),
            path: path.to_owned(),
        })
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temp.flush()
    }
}

impl Seek for OutFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.temp.seek(to)
    }
}

impl Finish for OutFile {
    fn finish(self) -> io::Result<()> {
        let temp = self
            .temp
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        temp.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
    }
}

impl Finish for &mut Vec<u8> {
    fn finish(self) -> io::Result<()> {
        Ok(())
    }
}
