//! Follows the documents directory: when something in it has changed, all is loaded anew and
//! replaces what is served in one step. Running requests keep what they began with.

use std::{path::PathBuf, time::Duration};

use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    content::{self, BUILT_IN},
    mcp::OscalServer,
    oscal::{Fingerprint, Library, Limits},
};

/// How often the directory is looked at. A change is loaded when it is one look old, so that files
/// are not read while they are being copied.
const INTERVAL: Duration = Duration::from_secs(2);

/// The documents directory as it was when it was looked at last.
pub(crate) struct Watch {
    directory: PathBuf,
    progress: Progress,
    is_lost: bool,
}

impl Watch {
    /// Looks at the directory. To be called before its files are loaded the first time: so no
    /// change after that is missed.
    pub(crate) fn begin(directory: PathBuf) -> Self {
        let loaded = Fingerprint::of(&directory, Limits::default()).ok();
        Self {
            directory,
            progress: Progress { loaded, last: None },
            is_lost: false,
        }
    }

    /// Keeps `mcp` up to date, without end.
    pub(crate) async fn follow(mut self, mcp: OscalServer) {
        loop {
            sleep(INTERVAL).await;
            let is_due = match self.look().await {
                Ok(now) => self.progress.is_due(now),
                Err(error) => {
                    self.lost(&error);
                    continue;
                }
            };
            if std::mem::take(&mut self.is_lost) {
                tracing::info!("the documents directory is back");
            }
            if !is_due {
                continue;
            }
            match self.reload(mcp.library()).await {
                Ok(library) => replace(&mcp, library),
                Err(error) => {
                    self.progress.loaded = None;
                    self.lost(&error);
                }
            }
        }
    }

    /// Warns once that the directory cannot be used.
    fn lost(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_lost, true) {
            tracing::warn!("{error}; the documents loaded before are still served");
        }
    }

    async fn look(&self) -> Result<Fingerprint, String> {
        let directory = self.directory.clone();
        let looked = spawn_blocking(move || Fingerprint::of(&directory, Limits::default()));
        looked
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())
    }

    async fn reload(&self, previous: Library) -> Result<Library, String> {
        let directory = self.directory.clone();
        let load = move || previous.reload(&BUILT_IN, &directory, Limits::default());
        spawn_blocking(load)
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())
    }
}

/// Serves `library` and logs what is new.
fn replace(mcp: &OscalServer, library: Library) {
    let previous = mcp.library();
    for problem in library.problems() {
        if !previous.problems().contains(problem) {
            tracing::warn!(file = problem.file, "{}", problem.message);
        }
    }
    let view = library.view(|_| true);
    tracing::info!(
        documents = view.documents().len(),
        controls = view.documents().map(|d| d.controls().len()).sum::<usize>(),
        problems = library.problems().len(),
        "documents loaded again"
    );
    if let Some(notice) = content::none_but_built_in(&view) {
        tracing::warn!("{notice}");
    }
    mcp.replace_library(library);
}

/// Decides when to load.
struct Progress<F = Fingerprint> {
    loaded: Option<F>,
    last: Option<F>,
}

impl<F: PartialEq + Clone> Progress<F> {
    /// Whether the directory is not what is loaded and has been still since the last look. It
    /// counts as loaded then.
    fn is_due(&mut self, now: F) -> bool {
        let now = Some(now);
        let is_still = self.last == now;
        let is_due = is_still && self.loaded != now;
        if is_due {
            self.loaded.clone_from(&now);
        }
        self.last = now;
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_once_the_directory_is_still() {
        let mut progress = Progress {
            loaded: Some('a'),
            last: None,
        };
        let due: String = "aabbbcdefffaabaa"
            .chars()
            .map(|now| if progress.is_due(now) { '!' } else { '.' })
            .collect();
        assert_eq!(due, "...!.....".to_owned() + "!..!...");
    }
}
