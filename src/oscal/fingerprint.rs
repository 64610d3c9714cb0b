//! Whether a documents directory has changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::{self, Limits, LoadError};

/// The state of a documents directory: the names, places, sizes and times of its files, without
/// their content. Two are equal as long as nothing has changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Looks at the files that a library would load. Links are followed as in loading, so that
    /// the swap of `..data` in a mount of Kubernetes is seen.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn of(directory: &Path, limits: Limits) -> Result<Self, LoadError> {
        let (files, problems) = files::find(directory, limits)?;
        let mut hasher = DefaultHasher::new();
        for file in files {
            file.name.hash(&mut hasher);
            // A copy can keep size and time of the change; then it is another file, or the time
            // of the last change of its state differs.
            let stamp = file.metadata().ok().map(|of| {
                let changed = [of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()];
                (of.dev(), of.ino(), of.len(), changed)
            });
            stamp.hash(&mut hasher);
        }
        for problem in problems {
            (problem.file, problem.message).hash(&mut hasher);
        }
        Ok(Self(hasher.finish()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_change_is_seen_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        let file = |name: &str, text: &str| fs::write(root.join(name), text).expect("written");
        let now = || Fingerprint::of(root, Limits::default()).expect("a directory");
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
}
