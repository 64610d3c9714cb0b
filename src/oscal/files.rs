//! The JSON files of a documents directory, whose content is not trusted.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::library::Problem;

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file. Default: 64 MiB.
    pub file_bytes: u64,
    /// Bytes of all files. Default: 512 MiB.
    pub total_bytes: u64,
    /// Number of files, and of entries in one directory. Default: 10,000.
    pub files: usize,
    /// Directories within directories. Default: 16.
    pub directory_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            total_bytes: 512 << 20,
            files: 10_000,
            directory_depth: 16,
        }
    }
}

/// The documents directory as such cannot be used.
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

/// A file to read.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its name relative to the documents directory, with `/` on every platform.
    pub(super) name: String,
    path: PathBuf,
}

/// Finds the `*.json` files in and below a directory, sorted by name.
///
/// Names that start with a dot are left out. That makes the mounts of Kubernetes work, where
/// `a.json` links to `..data/a.json` and `..data` to `..2026_01_01`. A file that several links
/// lead to is found once, and links out of the directory are problems.
///
/// # Errors
///
/// The directory does not exist, is not a directory or cannot be read.
pub(super) fn find(
    directory: &Path,
    limits: Limits,
) -> Result<(Vec<SourceFile>, Vec<Problem>), LoadError> {
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
    let mut search = Search {
        limits,
        seen: HashSet::from([root.clone()]),
        files: Vec::new(),
        problems: Vec::new(),
        root,
    };
    search.directory(&search.root.clone(), "", 0);
    Ok((search.files, search.problems))
}

struct Search {
    root: PathBuf,
    limits: Limits,
    seen: HashSet<PathBuf>,
    files: Vec<SourceFile>,
    problems: Vec<Problem>,
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
        let wanted = name.to_ascii_lowercase().ends_with(".json");
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
            Err(_) => return,
        };
        if !wanted && !metadata.is_dir() {
            return;
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
            self.files.push(SourceFile { name, path });
        }
    }

    fn problem(&mut self, name: &str, message: impl Into<String>) {
        let name = if name.is_empty() { "." } else { name };
        self.problems.push(Problem::new(name, message));
    }
}

impl SourceFile {
    /// Size, times and so on, without reading it.
    pub(super) fn metadata(&self) -> io::Result<fs::Metadata> {
        self.path.symlink_metadata()
    }

    /// Reads the file, which is text of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Says in words what is wrong with the file.
    pub(super) fn read(&self, limit: u64) -> Result<String, String> {
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
        // A file can grow while it is read.
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("not UTF-8 text, from byte {at} on")
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use tempfile::TempDir;

    use super::*;

    fn directory(files: &[&str]) -> TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, file).expect("written");
        }
        directory
    }

    fn found(directory: &Path, limits: Limits) -> (Vec<String>, Vec<String>) {
        let (files, problems) = find(directory, limits).expect("a directory");
        (
            files.into_iter().map(|file| file.name).collect(),
            problems
                .into_iter()
                .map(|problem| format!("{}: {}", problem.file, problem.message))
                .collect(),
        )
    }

    #[test]
    fn json_files_are_found_sorted_at_any_depth() {
        let directory = directory(&[
            "b.json",
            "a/z.JSON",
            "a/.hidden.json",
            "readme.md",
            "c/d/e.json",
            ".git/x.json",
        ]);
        let (files, problems) = found(directory.path(), Limits::default());
        assert_eq!(files, ["a/z.JSON", "b.json", "c/d/e.json"]);
        assert!(problems.is_empty());
    }

    #[test]
    fn kubernetes_mounts_are_read_once() {
        let directory = directory(&["..2026_01_01/a.json", "..2026_01_01/sub/b.json"]);
        let root = directory.path();
        symlink("..2026_01_01", root.join("..data")).expect("linked");
        symlink("..data/a.json", root.join("a.json")).expect("linked");
        symlink("..data/a.json", root.join("again.json")).expect("linked");
        symlink("..data/sub", root.join("sub")).expect("linked");
        let (files, problems) = found(root, Limits::default());
        assert_eq!(files, ["a.json", "sub/b.json"]);
        assert!(problems.is_empty());
        let (files, _) = find(root, Limits::default()).expect("a directory");
        assert_eq!(files[0].read(100).expect("read"), "..2026_01_01/a.json");
    }

    #[test]
    fn links_out_loops_and_special_files_are_not_followed() {
        let outside = directory(&["secret.json"]);
        let directory = directory(&["a.json", "sub/b.json"]);
        let root = directory.path();
        symlink(outside.path().join("secret.json"), root.join("out.json")).expect("linked");
        symlink(outside.path(), root.join("outdir")).expect("linked");
        symlink("/etc/hostname", root.join("ignored.txt")).expect("linked");
        symlink("nowhere", root.join("dangling.json")).expect("linked");
        symlink("..", root.join("sub/loop")).expect("linked");
        let _socket = UnixListener::bind(root.join("socket.json")).expect("bound");
        let (files, problems) = found(root, Limits::default());
        assert_eq!(files, ["a.json", "sub/b.json"]);
        let expected = [
            "dangling.json: cannot be read",
            "out.json: a link out",
            "outdir: a link out",
            "socket.json: not a regular file",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn limits_hold() {
        let directory = directory(&["1.json", "2.json", "a/b/3.json", "a/b/c/4.json"]);
        let limits = Limits {
            files: 3,
            directory_depth: 2,
            ..Limits::default()
        };
        let (files, problems) = found(directory.path(), limits);
        assert_eq!(files, ["1.json", "2.json", "a/b/3.json"]);
        assert_eq!(problems, ["a/b/c: deeper than 2 directories; move it up"]);

        let limits = Limits { files: 2, ..limits };
        let (files, problems) = found(directory.path(), limits);
        assert!(files.is_empty());
        assert_eq!(problems, [".: has more than 2 entries; split it"]);

        let (files, _) = find(directory.path(), Limits::default()).expect("a directory");
        assert_eq!(
            files[0].read(5),
            Err("larger than 5 bytes; split it".to_owned())
        );
        assert_eq!(files[0].read(6).expect("read"), "1.json");
        fs::write(directory.path().join("1.json"), b"{\"\xff").expect("written");
        assert_eq!(
            files[0].read(9),
            Err("not UTF-8 text, from byte 2 on".to_owned())
        );
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_an_error() {
        let directory = directory(&["a.json"]);
        let error = |path: &str| {
            let path = directory.path().join(path);
            find(&path, Limits::default())
                .expect_err("an error")
                .to_string()
        };
        assert!(error("gone").contains("gone` does not exist; create it"));
        assert!(error("a.json").contains("a.json` is not a directory; name"));
    }
}
