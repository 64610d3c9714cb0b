//! The files of a documents directory, whose content is not trusted.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
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

/// What is in and below a directory, without the content of the files.
#[derive(Debug)]
pub struct Listing {
    /// The files to read, sorted by name.
    pub(super) files: Vec<SourceFile>,
    /// What cannot be read.
    pub(super) problems: Vec<Problem>,
    /// The files of other formats, those that OSCAL has first.
    pub(super) skipped: Vec<Problem>,
}

/// The names of files, and of what cannot be read, with their states.
pub type Entries = HashMap<String, EntryState>;

/// The state of a file without its content, or what is wrong with it. As long as it is equal,
/// nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryState(Result<Stamp, String>);

/// A file to read.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its name relative to the documents directory, with `/` on every platform.
    pub(super) name: String,
    path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What tells whether a file has changed, without its content. A copy can keep the size and the
/// time of the change; then it is another file, or the time of the last change of its state differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    place: (u64, u64),
    pub(super) bytes: u64,
    changed: [(i64, i64); 2],
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
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

/// The most files of other formats that are named.
const MAX_SKIPPED: usize = 1_000;

impl Listing {
    /// Finds the `*.json` files in and below a directory, sorted by name.
    ///
    /// Names that start with a dot are left out. That makes the mounts of Kubernetes work, where
    /// `a.json` links to `..data/a.json` and `..data` to `..2026_01_01`. A file that several links
    /// lead to is found once, and links out of the directory are problems.
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
        let mut search = Search {
            limits,
            seen: HashSet::from([root.clone()]),
            files: Vec::new(),
            problems: Vec::new(),
            skipped: Vec::new(),
            others: Vec::new(),
            more: 0,
            root,
        };
        search.directory(&search.root.clone(), "", 0);
        let mut skipped = search.skipped;
        skipped.append(&mut search.others);
        if search.more > 0 {
            let message = format!("not loaded: {} more files that are not JSON", search.more);
            skipped.push(Problem::new(".", message));
        }
        Ok(Self {
            files: search.files,
            problems: search.problems,
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

struct Search {
    root: PathBuf,
    limits: Limits,
    seen: HashSet<PathBuf>,
    files: Vec<SourceFile>,
    problems: Vec<Problem>,
    /// Files in the other formats of OSCAL.
    skipped: Vec<Problem>,
    /// Files in any other format.
    others: Vec<Problem>,
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
        let format = Format::of(&name);
        let wanted = format == Format::Json;
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
            Err(_) => return self.skip(&name, format),
        };
        if !wanted && !metadata.is_dir() {
            return self.skip(&name, format);
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

    /// Notes a file that is not JSON.
    fn skip(&mut self, name: &str, format: Format) {
        let (list, message) = match format {
            Format::Yaml => (
                &mut self.skipped,
                "YAML, and only JSON is read yet; convert it",
            ),
            Format::Xml => (
                &mut self.skipped,
                "XML, and only JSON is read yet; convert it",
            ),
            Format::Json | Format::Other => (&mut self.others, "its name does not end in .json"),
        };
        if list.len() < MAX_SKIPPED {
            list.push(Problem::new(name, format!("not loaded: {message}")));
        } else {
            self.more += 1;
        }
    }

    fn problem(&mut self, name: &str, message: impl Into<String>) {
        let name = if name.is_empty() { "." } else { name };
        self.problems.push(Problem::new(name, message));
    }
}

/// What the name of a file says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    Xml,
    Other,
}

impl Format {
    fn of(name: &str) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        match extension.unwrap_or("").to_ascii_lowercase().as_str() {
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "xml" => Self::Xml,
            _ => Self::Other,
        }
    }
}

impl SourceFile {
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

    fn listing(directory: &Path) -> Listing {
        Listing::of(directory, Limits::default()).expect("a directory")
    }

    fn found(directory: &Path, limits: Limits) -> (Vec<String>, Vec<String>) {
        let listing = Listing::of(directory, limits).expect("a directory");
        (
            listing.files.into_iter().map(|file| file.name).collect(),
            listing
                .problems
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
    fn files_of_other_formats_are_named() {
        let directory = directory(&[
            "a.json", "b.YAML", "c/d.yml", "e.xml", "A.md", "f", ".g.xml",
        ]);
        let skipped = |listing: Listing| -> Vec<_> {
            let skipped = listing.skipped.into_iter();
            skipped
                .map(|p| format!("{}: {}", p.file, p.message))
                .collect()
        };
        let yaml = "not loaded: YAML, and only JSON is read yet; convert it";
        let other = "not loaded: its name does not end in .json";
        assert_eq!(
            skipped(listing(directory.path())),
            [
                format!("b.YAML: {yaml}"),
                format!("c/d.yml: {yaml}"),
                "e.xml: not loaded: XML, and only JSON is read yet; convert it".to_owned(),
                format!("A.md: {other}"),
                format!("f: {other}"),
            ]
        );
        for number in 0..=MAX_SKIPPED {
            fs::write(directory.path().join(format!("{number}.txt")), "").expect("written");
        }
        let skipped = skipped(listing(directory.path()));
        assert_eq!(skipped.len(), 3 + MAX_SKIPPED + 1);
        assert_eq!(
            skipped.last().map(String::as_str),
            Some(".: not loaded: 3 more files that are not JSON")
        );
    }

    #[test]
    fn every_change_of_a_file_changes_its_stamp_and_nothing_else_does() {
        let directory = directory(&[]);
        let root = directory.path();
        let file = |name: &str, text: &str| fs::write(root.join(name), text).expect("written");
        let now = || -> Vec<_> {
            let files = listing(root).files.into_iter();
            files.map(|file| (file.name, file.stamp)).collect()
        };
        let mut last = now();
        let mut changed = |what: &str| {
            let is = now();
            assert_eq!(is, now(), "{what}");
            let changed = is != last;
            last = is;
            changed
        };
        file("a.json", "1");
        assert!(changed("a new file"));
        file("a.json", "22");
        assert!(changed("another content"));
        file("notes.txt", "x");
        assert!(!changed("a file that is not loaded"));
        fs::rename(root.join("a.json"), root.join("b.json")).expect("renamed");
        assert!(changed("another name"));

        for version in ["..1", "..2"] {
            fs::create_dir(root.join(version)).expect("created");
            file(&format!("{version}/c.json"), "same");
        }
        symlink("..1", root.join("..data")).expect("linked");
        symlink("..data/c.json", root.join("c.json")).expect("linked");
        assert!(changed("a mount"));
        symlink("..2", root.join("..data_tmp")).expect("linked");
        fs::rename(root.join("..data_tmp"), root.join("..data")).expect("swapped");
        assert!(changed("a swap"));
        fs::remove_file(root.join("b.json")).expect("removed");
        assert!(changed("a file less"));
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
        let files = listing(root).files;
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

        let files = listing(directory.path()).files;
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
            Listing::of(&path, Limits::default())
                .expect_err("an error")
                .to_string()
        };
        assert!(error("gone").contains("gone` does not exist; create it"));
        assert!(error("a.json").contains("a.json` is not a directory; name"));
    }
}
