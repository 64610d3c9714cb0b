//! Builds a library from a directory, and the next library when files have changed. Unchanged files
//! are not read again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::document::Document;
use crate::library::Library;
use crate::library::identity::{Found, identified};
use crate::library::listing::limits::Limits;
use crate::library::listing::source_file::{SourceFile, Stamp};
use crate::library::listing::{Entries, Listing};
use crate::library::loaded_file::{Key, LoadedFile, Outcome, key};
use crate::library::problem::Problem;
use crate::library::taken::Taken;
use crate::search::indexed::Indexed;

/// A file in the directory: to be read, or already known.
enum Candidate<'l> {
    Read(&'l SourceFile, Option<Arc<Indexed>>),
    Known(LoadedFile, Option<&'l SourceFile>),
}

impl Candidate<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Read(file, _) => &file.name,
            Self::Known(file, _) => &file.name,
        }
    }
}

/// Builds a library.
pub(super) struct Loader<'l> {
    previous: &'l Library,
    limits: Limits,
    /// Bytes left for further documents.
    left: u64,
    /// The documents taken so far.
    taken: Taken,
    /// What is now in a file that had something else, or nothing, before.
    arrived: HashSet<Key>,
    problems: Vec<Problem>,
    files_read: usize,
}

impl<'l> Loader<'l> {
    pub(super) fn new(previous: &'l Library, limits: Limits) -> Self {
        Self {
            previous,
            limits,
            left: limits.total_bytes,
            taken: Taken::default(),
            arrived: HashSet::new(),
            problems: Vec::new(),
            files_read: 0,
        }
    }

    /// Loads the files of `listing`. For the files in `held`, keeps what the previous library had.
    pub(super) fn load(
        mut self,
        built_in: &[(&str, &str)],
        listing: Option<&'l Listing>,
        held: &HashSet<String>,
    ) -> Library {
        let candidates = match listing {
            Some(listing) => self.candidates(listing, held),
            None => Vec::new(),
        };
        let mut files: Vec<_> = candidates
            .into_iter()
            .map(|file| self.settle(file))
            .collect();
        self.keep(&mut files);
        let mut found: Vec<Found> = Vec::new();
        let mut places = HashMap::new();
        let mut place = |name: &str, document: &Arc<Indexed>| {
            let next = found.len();
            let at = *places.entry(Arc::as_ptr(document)).or_insert(next);
            if at == next {
                let document = Arc::clone(document);
                found.push(Found {
                    document,
                    files: Vec::new(),
                });
            }
            found[at].files.push(name.into());
            at == next
        };
        let mut problems = Vec::new();
        for file in &files {
            problems.extend(self.problem_with(file));
            if let Some(document) = file.served()
                && place(&file.name, document)
            {
                problems.extend(faults(&file.name, &document.document));
            }
        }
        problems.append(&mut self.problems);
        for (name, text) in built_in {
            match self.built_in(name, text) {
                Ok(document) => {
                    place(name, &document);
                }
                Err(message) => problems.push(Problem::new(*name, message)),
            }
        }
        let documents = identified(found);
        Library {
            documents: documents.into(),
            problems: problems.into(),
            skipped: listing.map_or(Arc::default(), |listing| listing.skipped.clone().into()),
            files: files.into(),
            entries: self.entries(listing, held).into(),
            files_read: self.files_read,
        }
    }

    /// The state of the directory that the library reflects.
    fn entries(&self, listing: Option<&Listing>, held: &HashSet<String>) -> Entries {
        let mut entries = listing.map_or_else(Entries::new, Listing::entries);
        for name in held {
            match self.previous.entries.get(name) {
                Some(before) => entries.insert(name.clone(), before.clone()),
                None => entries.remove(name),
            };
        }
        entries
    }

    /// The files of the directory, sorted by name.
    fn candidates(&mut self, listing: &'l Listing, held: &HashSet<String>) -> Vec<Candidate<'l>> {
        let mut before: HashMap<&str, &LoadedFile> = HashMap::new();
        before.extend(self.previous.files.iter().map(|file| (&*file.name, file)));
        let mut candidates = Vec::new();
        for file in &listing.files {
            let known = before.remove(&*file.name);
            match known {
                Some(known) if held.contains(&file.name) || known.stamp == Some(file.stamp) => {
                    let file = Some(file).filter(|file| !held.contains(&file.name));
                    candidates.push(Candidate::Known(known.clone(), file));
                }
                _ if held.contains(&file.name) => {}
                _ => {
                    let served = known.and_then(|known| known.served().cloned());
                    candidates.push(Candidate::Read(file, served));
                }
            }
        }
        for problem in listing.problems.iter().filter(|p| !held.contains(&p.file)) {
            let mut is_meant = false;
            for (name, known) in &mut before {
                if !held.contains(*name) && problem.is_about(name) {
                    is_meant = true;
                    let file = LoadedFile {
                        name: (*name).to_owned(),
                        stamp: None,
                        outcome: Outcome::Refused {
                            message: problem.message.clone(),
                            kept: known.served().cloned(),
                        },
                    };
                    candidates.push(Candidate::Known(file, None));
                }
            }
            before.retain(|name, _| held.contains(*name) || !problem.is_about(name));
            if !is_meant {
                self.problems.push(problem.clone());
            }
        }
        let gone = before.into_iter().filter(|(name, _)| held.contains(*name));
        candidates.extend(gone.map(|(_, file)| Candidate::Known(file.clone(), None)));
        candidates.sort_by(|a, b| a.name().split('/').cmp(b.name().split('/')));
        candidates
    }

    /// Decides what to do with a file, and reads it if necessary.
    fn settle(&mut self, file: Candidate<'_>) -> LoadedFile {
        let known = match file {
            Candidate::Read(file, before) => return self.read(file, before),
            Candidate::Known(known, file) => match (&known.outcome, file) {
                (Outcome::LeftOut, Some(file)) => return self.read(file, None),
                _ => known,
            },
        };
        let outcome = match known.outcome {
            Outcome::Document(document) => self.take_again(known.stamp, document),
            outcome => outcome,
        };
        LoadedFile { outcome, ..known }
    }

    fn read(&mut self, file: &SourceFile, before: Option<Arc<Indexed>>) -> LoadedFile {
        let refused = |message| Outcome::Refused {
            message,
            kept: before.clone(),
        };
        let bytes = file.stamp.bytes;
        let outcome = if bytes > self.left && bytes <= self.limits.file_bytes {
            Outcome::LeftOut
        } else {
            self.files_read += 1;
            match file.read(self.limits.file_bytes) {
                Err(message) => refused(message),
                Ok(text) => match Document::with_references(file.name.clone(), text, false) {
                    Err(error) => refused(error.to_string()),
                    Ok((document, references)) => {
                        let key = key(&document);
                        if before.as_ref().map(|before| self::key(&before.document))
                            != Some(key.clone())
                        {
                            self.arrived.insert(key);
                        }
                        match self.taken.copy_of(&document) {
                            Some(copy) => Outcome::Document(Arc::clone(copy)),
                            None => {
                                let document = Indexed::of(document, &references);
                                self.take(Some(file.stamp), Arc::new(document))
                            }
                        }
                    }
                },
            }
        };
        LoadedFile {
            name: file.name.clone(),
            stamp: Some(file.stamp),
            outcome,
        }
    }

    /// Takes a document that was loaded before, or the document of which it is a copy.
    fn take_again(&mut self, stamp: Option<Stamp>, document: Arc<Indexed>) -> Outcome {
        match self.taken.copy_of(&document.document) {
            Some(copy) => Outcome::Document(Arc::clone(copy)),
            None => self.take(stamp, document),
        }
    }

    /// Takes a document that is not a copy, if there is room.
    fn take(&mut self, stamp: Option<Stamp>, document: Arc<Indexed>) -> Outcome {
        let bytes = stamp.map_or(document.document.json().len() as u64, |stamp| stamp.bytes);
        if bytes > self.left {
            return Outcome::LeftOut;
        }
        self.left -= bytes;
        self.taken.add(Arc::clone(&document));
        Outcome::Document(document)
    }

    /// Keeps what was served before for files that cannot be served now, if there is room and it
    /// has not arrived in another file.
    fn keep(&mut self, files: &mut [LoadedFile]) {
        for file in files {
            let Outcome::Refused { kept, .. } = &mut file.outcome else {
                continue;
            };
            if let Some(document) = kept.take()
                && !self.arrived.contains(&key(&document.document))
                && self.taken.copy_of(&document.document).is_none()
                && let Outcome::Document(document) = self.take(None, document)
            {
                *kept = Some(document);
            }
        }
    }

    /// A document that comes with the program. A file replaces it with a document of the same uuid.
    fn built_in(&mut self, name: &str, text: &str) -> Result<Arc<Indexed>, String> {
        let read = Document::with_references(name.to_owned(), text.to_owned(), true);
        let (document, references) = read.map_err(|error| error.to_string())?;
        if let Some(copy) = self.taken.copy_of(&document) {
            return Ok(Arc::clone(copy));
        }
        if self.taken.has(&key(&document)) {
            let message = "a file has another document with the same uuid, which is served instead";
            return Err(message.to_owned());
        }
        let document = Arc::new(Indexed::of(document, &references));
        self.taken.add(Arc::clone(&document));
        Ok(document)
    }

    fn problem_with(&self, file: &LoadedFile) -> Option<Problem> {
        let message = match &file.outcome {
            Outcome::Document(_) => return None,
            Outcome::LeftOut => {
                let total = self.limits.total_bytes;
                format!("left out: all files together have more than {total} bytes")
            }
            Outcome::Refused {
                message,
                kept: None,
            } => message.clone(),
            Outcome::Refused { message, .. } => {
                format!(
                    "the version loaded earlier is served, because the file is now unusable: \
                     {message}"
                )
            }
        };
        Some(Problem::new(&*file.name, message))
    }
}

/// What is left out of a document that is served.
fn faults(name: &str, document: &Document) -> impl Iterator<Item = Problem> {
    let faults = document.faults();
    let more = (faults.more > 0).then(|| format!("and {} more faults like these", faults.more));
    let faults = faults.first.iter().cloned().chain(more);
    faults.map(move |fault| Problem::new(name, fault))
}
