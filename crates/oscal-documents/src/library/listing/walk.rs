//! Walks through a directory to find its files.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::formats::Format;
use crate::library::listing::limits::Limits;
use crate::library::listing::source_file::{SourceFile, Stamp};
use crate::library::problem::Problem;

/// The most files in other formats that are listed.
pub(super) const MAX_SKIPPED: usize = 1_000;

/// What the walk found.
pub(super) struct Found {
    /// The files to read, sorted by name.
    pub(super) files: Vec<SourceFile>,
    /// What cannot be read.
    pub(super) problems: Vec<Problem>,
    /// The files in other formats than OSCAL's.
    pub(super) skipped: Vec<Problem>,
}

/// Walks through the directory `root`, a canonical path.
pub(super) fn walk(root: PathBuf, limits: Limits) -> Found {
    let mut search = Search {
        limits,
        seen: HashSet::from([root.clone()]),
        files: Vec::new(),
        problems: Vec::new(),
        skipped: Vec::new(),
        more: 0,
        root,
    };
    search.directory(&search.root.clone(), "", 0);
    let mut skipped = search.skipped;
    if search.more > 0 {
        let message = format!("not loaded: {} more files that are not OSCAL", search.more);
        skipped.push(Problem::new(".", message));
    }
    Found {
        files: search.files,
        problems: search.problems,
        skipped,
    }
}

struct Search {
    root: PathBuf,
    limits: Limits,
    seen: HashSet<PathBuf>,
    files: Vec<SourceFile>,
    problems: Vec<Problem>,
    /// Files in other formats.
    skipped: Vec<Problem>,
    /// How many more there are.
    more: usize,
}

impl Search {
    fn directory(&mut self, path: &Path, name: &str, depth: usize) {
        if depth > self.limits.directory_depth {
            let depth = self.limits.directory_depth;
            return self.problem(name, format!("deeper than {depth} directories; move it up"));
        }
        let entries = fs::read_dir(path).and_then(|entries| {
            entries
                .take(self.limits.files + 1)
                .collect::<io::Result<Vec<_>>>()
        });
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.problem(name, format!("cannot be read: {error}")),
        };
        if entries.len() > self.limits.files {
            let files = self.limits.files;
            return self.problem(name, format!("has more than {files} entries; split it"));
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            if file_name.starts_with('.') {
                continue;
            }
            let name = if name.is_empty() {
                file_name.into_owned()
            } else {
                format!("{name}/{file_name}")
            };
            self.entry(&entry, name, depth);
        }
    }

    fn entry(&mut self, entry: &fs::DirEntry, name: String, depth: usize) {
        let wanted = Format::of_file(&name).is_some();
        let mut path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let metadata = if is_link {
            path.canonicalize().and_then(|target| {
                path = target;
                fs::symlink_metadata(&path)
            })
        } else {
            entry.metadata()
        };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) if wanted => {
                return self.problem(&name, format!("cannot be read: {error}"));
            }
            Err(_) => return self.skip(&name),
        };
        if !wanted && !metadata.is_dir() {
            return self.skip(&name);
        }
        if !path.starts_with(&self.root) {
            let message = "a link out of the documents directory; copy the file into it";
            return self.problem(&name, message);
        }
        if !self.seen.insert(path.clone()) {
            return;
        }
        if metadata.is_dir() {
            self.directory(&path, &name, depth + 1);
        } else if !metadata.is_file() {
            self.problem(&name, "not a regular file");
        } else if self.files.len() == self.limits.files {
            let files = self.limits.files;
            self.problem(&name, format!("left out: more than {files} files"));
        } else {
            let stamp = Stamp::of(&metadata);
            self.files.push(SourceFile { name, path, stamp });
        }
    }

    /// Records a file that is in none of OSCAL's formats.
    fn skip(&mut self, name: &str) {
        if self.skipped.len() < MAX_SKIPPED {
            let message = "not loaded: its name does not end in .json, .yaml, .yml or .xml";
            self.skipped.push(Problem::new(name, message));
        } else {
            self.more += 1;
        }
    }

    fn problem(&mut self, name: &str, message: impl Into<String>) {
        let name = if name.is_empty() { "." } else { name };
        self.problems.push(Problem::new(name, message));
    }
}
