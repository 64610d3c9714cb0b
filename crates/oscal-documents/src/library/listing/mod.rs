//! The files of a documents directory. Their content is not trusted.

pub(crate) mod limits;
pub(crate) mod source_file;
#[cfg(all(test, unix))]
mod tests;
mod walk;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::library::listing::limits::Limits;
use crate::library::listing::source_file::{SourceFile, Stamp};
use crate::library::listing::walk::{Found, walk};
use crate::library::problem::Problem;

/// Why the documents directory cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("the documents directory `{}` does not exist; create it or name another one", .0.display())]
    Missing(PathBuf),
    #[error("the documents directory `{}` is not a directory; name the directory that the files are in", .0.display())]
    NotADirectory(PathBuf),
    #[error("the documents directory `{}` cannot be read: {source}; give this user permission to read it", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// What a directory contains, at any depth, without the content of the files.
#[derive(Debug)]
pub struct Listing {
    /// The files to read, sorted by name.
    pub(crate) files: Vec<SourceFile>,
    /// What cannot be read.
    pub(crate) problems: Vec<Problem>,
    /// The files in other formats than OSCAL's.
    pub(crate) skipped: Vec<Problem>,
}

/// The names of files, and of what cannot be read, with their states.
pub type Entries = HashMap<String, EntryState>;

/// The state of a file without its content, or what is wrong with it. Equal states mean that
/// nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryState(Result<Stamp, String>);

impl Listing {
    /// Finds the JSON, YAML and XML files (`.json`, `.yaml`, `.yml`, `.xml`) in a directory and below
    /// it, sorted by name.
    ///
    /// Skips names that start with a dot. This supports Kubernetes mounts, in which `a.json` links
    /// to `..data/a.json` and `..data` to `..2026_01_01`. A file with several links to it is found
    /// once, and links out of the directory are problems.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn of(directory: &Path, limits: Limits) -> Result<Self, LoadError> {
        let unreadable = |source| LoadError::Unreadable {
            path: directory.to_owned(),
            source,
        };
        let root = directory.canonicalize().map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                LoadError::Missing(directory.to_owned())
            } else {
                unreadable(error)
            }
        })?;
        if !root.is_dir() {
            return Err(LoadError::NotADirectory(directory.to_owned()));
        }
        fs::read_dir(&root).map_err(unreadable)?;
        let Found {
            files,
            problems,
            skipped,
        } = walk(root, limits);
        Ok(Self {
            files,
            problems,
            skipped,
        })
    }

    /// The state of everything in it that matters.
    pub fn entries(&self) -> Entries {
        let files = self.files.iter();
        let files = files.map(|file| (file.name.clone(), EntryState(Ok(file.stamp))));
        let problems = self.problems.iter();
        let problems = problems.map(|p| (p.file.clone(), EntryState(Err(p.message.clone()))));
        files.chain(problems).collect()
    }
}
