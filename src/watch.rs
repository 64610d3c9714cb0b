//! Follows the documents directory: loads changed files, and replaces what is served in one step.
//! Running requests keep the documents they began with.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::{Duration, Instant},
};

use oscal_documents::{Entries, EntryState, Library, Limits, Listing};
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    load::not_loaded,
    mcp::{OscalServer, advice},
};

/// How often the directory is checked. A change is loaded only at the following check, so that
/// files are not read while they are being copied. So it is served within two seconds, if loading
/// takes no longer than half of one.
const INTERVAL: Duration = Duration::from_millis(750);

/// Checks take at most one part in this many of the time: a directory with thousands of files is
/// checked less often.
const PART: u32 = 20;

/// After this many checks a file is loaded even if it changed before each of them. Meanwhile it
/// does not hold up the others.
const MAX_LOOKS: u32 = 5;

/// The documents directory as of the last check.
pub(crate) struct Watch {
    directory: PathBuf,
    built_in: &'static [(&'static str, &'static str)],
    progress: Progress<EntryState>,
}

impl Watch {
    /// Follows `directory`, from which `library` was loaded.
    pub(crate) fn new(
        directory: PathBuf,
        built_in: &'static [(&'static str, &'static str)],
        library: &Library,
    ) -> Self {
        Self {
            directory,
            built_in,
            progress: Progress::from(library.entries().clone()),
        }
    }

    /// Keeps `mcp` up to date, forever.
    pub(crate) async fn follow(mut self, mcp: OscalServer) {
        let mut is_lost = false;
        let mut pause = INTERVAL;
        loop {
            sleep(pause).await;
            let mcp = mcp.clone();
            let looked = spawn_blocking(move || {
                let begun = Instant::now();
                let done = self.look(&mcp);
                (self, done, begun.elapsed())
            });
            let Ok((watch, done, took)) = looked.await else {
                tracing::error!("the documents directory is no longer watched");
                return;
            };
            self = watch;
            pause = INTERVAL.max(took * PART);
            match done {
                Ok(()) if std::mem::take(&mut is_lost) => {
                    tracing::info!("the documents directory is back");
                }
                Err(error) if !std::mem::replace(&mut is_lost, true) => {
                    tracing::warn!("{error}; the documents loaded earlier are still served");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Loads what has changed, unless it is still changing.
    fn look(&mut self, mcp: &OscalServer) -> Result<(), String> {
        let limits = Limits::default();
        let listing = Listing::of(&self.directory, limits).map_err(|error| error.to_string())?;
        let held = self.progress.unsettled(listing.entries());
        let library = mcp.library();
        if !library.is_of(&listing, &held) {
            let library = library.reload(self.built_in, &listing, &held, limits);
            replace(mcp, library);
        }
        Ok(())
    }
}

/// Serves `library` and logs what is new.
fn replace(mcp: &OscalServer, library: Library) {
    let previous = mcp.library();
    mcp.replace_library(library.clone());
    for problem in library.problems() {
        if !previous.problems().contains(problem) {
            tracing::warn!(file = problem.file, "{}", problem.message);
        }
    }
    if library.skipped() != previous.skipped() {
        not_loaded(&library);
    }
    let view = library.view(|_| true);
    tracing::info!(
        documents = view.documents().len(),
        controls = view.documents().map(|d| d.controls().len()).sum::<usize>(),
        problems = library.problems().len(),
        files_read = library.files_read(),
        "documents loaded again"
    );
    if let Some(advice) = advice(&view) {
        tracing::warn!("{advice}");
    }
}

/// Decides which files are ready to be loaded.
struct Progress<S> {
    last: HashMap<String, S>,
    /// Files that had changed at each of this many checks.
    unsettled: HashMap<String, u32>,
}

impl From<Entries> for Progress<EntryState> {
    fn from(loaded: Entries) -> Self {
        Self {
            last: loaded,
            unsettled: HashMap::new(),
        }
    }
}

impl<S: PartialEq> Progress<S> {
    /// The files changed, added or removed since the last check that may still wait.
    fn unsettled(&mut self, now: HashMap<String, S>) -> HashSet<String> {
        let changed = |name: &&String| now.get(*name) != self.last.get(*name);
        let names = now.keys().chain(self.last.keys());
        let changed: HashSet<String> = names.filter(changed).cloned().collect();
        self.unsettled.retain(|name, _| changed.contains(name));
        for name in &changed {
            *self.unsettled.entry(name.clone()).or_default() += 1;
        }
        self.last = now;
        let held = self.unsettled.iter_mut().filter_map(|(name, looks)| {
            let is_held = *looks < MAX_LOOKS;
            if !is_held {
                *looks = 0;
            }
            is_held.then(|| name.clone())
        });
        held.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checks at which a file is not held back, given its state at each; a dot means no file.
    fn looks(states: &str) -> String {
        let mut progress = Progress {
            last: HashMap::from([("other".to_owned(), '1'), ("x".to_owned(), 'a')]),
            unsettled: HashMap::new(),
        };
        let look = |state| {
            let file = (state != '.').then(|| ("x".to_owned(), state));
            let other = ("other".to_owned(), '1');
            let held = progress.unsettled(file.into_iter().chain([other]).collect());
            assert!(!held.contains("other"));
            if held.contains("x") { '-' } else { '!' }
        };
        states.chars().map(look).collect()
    }

    #[test]
    fn a_file_is_loaded_when_it_is_still_or_has_changed_for_long() {
        for (states, expected) in [
            ("aabbb", "!!-!!"),
            ("abaaa", "!--!!"),
            ("a...a", "!-!!-"),
            ("bcdefghijklm", "----!----!--"),
            ("bcdd", "---!"),
        ] {
            assert_eq!(looks(states), expected, "{states}");
        }
    }
}
