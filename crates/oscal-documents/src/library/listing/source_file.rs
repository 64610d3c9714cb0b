//! A file of a directory. Its content is not trusted.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A file to read.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Its name relative to the documents directory, with `/` on every platform.
    pub(crate) name: String,
    pub(super) path: PathBuf,
    pub(crate) stamp: Stamp,
}

/// Tells whether a file has changed without reading it. A copy can keep the size and modification
/// time; then its inode, or the inode's change time, differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    place: (u64, u64),
    pub(crate) bytes: u64,
    changed: [(i64, i64); 2],
}

impl Stamp {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        Self {
            place: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            changed: [
                (metadata.mtime(), metadata.mtime_nsec()),
                (metadata.ctime(), metadata.ctime_nsec()),
            ],
        }
    }
}

impl SourceFile {
    /// Reads the file, which must be text of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Says in words what is wrong with the file.
    pub(crate) fn read(&self, limit: u64) -> Result<String, String> {
        let unreadable = |error: io::Error| format!("cannot be read: {error}");
        let file = File::open(&self.path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err("not a regular file".to_owned());
        }
        let too_large = || format!("larger than {limit} bytes; split it");
        if metadata.len() > limit {
            return Err(too_large());
        }
        let expected = usize::try_from(metadata.len()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(expected + 1);
        // A file can grow while it is being read.
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        if bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\xff\xfe") {
            return Err("UTF-16 text; save it as UTF-8".to_owned());
        }
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("not UTF-8 text, from byte {at} on")
        })
    }
}
