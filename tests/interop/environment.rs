//! What `scripts/interop` installed, and the NIST documents.

use std::{
    env,
    path::{Path, PathBuf},
};

/// A file or folder that a test needs. If it is missing, returns `None` and prints why, and the
/// test is skipped; in CI it fails.
pub(crate) fn needed(path: PathBuf, fix: &str) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is missing: {fix}", path.display());
    assert!(env::var_os("CI").is_none(), "{reason}");
    skip(&reason);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn skip(reason: &str) {
    eprintln!("SKIPPED: {reason}");
}

/// A program or module below the folder that `scripts/interop` installs to.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let root = match env::var_os("OSCAL_INTEROP_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop"),
    };
    needed(root.join(name), "run scripts/interop")
}

/// The folder with NIST's documents.
pub(crate) fn nist_documents() -> Option<PathBuf> {
    let folder = match env::var_os("OSCAL_SHARED_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oscal"),
    };
    needed(
        folder,
        "point OSCAL_SHARED_DIR to a folder with NIST_SP-800-53_rev5_catalog.json",
    )
}

/// The folder with public documents of many producers.
pub(crate) fn field_documents() -> Option<PathBuf> {
    match env::var_os("OSCAL_FIELD_DIR") {
        Some(folder) => needed(PathBuf::from(folder), "OSCAL_FIELD_DIR points to it"),
        None => installed("field"),
    }
}
