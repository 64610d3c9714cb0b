//! Builds a library from a directory, and the next library when files have changed. Unchanged files
//! are not read again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::document::model::Model;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::library::listing::source_file::{SourceFile, Stamp};
use crate::library::listing::{Entries, Listing};
use crate::library::loaded_file::{Key, LoadedFile, Outcome, key};
use crate::library::problem::Problem;
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
    /// The documents taken so far, and their files.
    taken: HashMap<Key, String>,
    problems: Vec<Problem>,
    files_read: usize,
}

impl<'l> Loader<'l> {
    pub(super) fn new(previous: &'l Library, limits: Limits) -> Self {
        Self {
            previous,
            limits,
            left: limits.total_bytes,
            taken: HashMap::new(),
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
        let mut documents = Vec::new();
        let mut problems = Vec::new();
        for file in &files {
            documents.extend(file.served().cloned());
            problems.extend(self.problem_with(file));
        }
        problems.append(&mut self.problems);
        for (name, text) in built_in {
            match Indexed::parse(*name, (*text).to_owned(), true) {
                Err(error) => problems.push(Problem::new(*name, error.to_string())),
                Ok(document) => match self.taken.get(&key(&document.document)) {
                    Some(first) => problems.push(Problem::new(*name, same_uuid(first))),
                    None => {
                        self.taken
                            .insert(key(&document.document), (*name).to_owned());
                        documents.push(Arc::new(document));
                    }
                },
            }
        }
        tell_apart(&mut documents);
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
                (Outcome::Duplicate(key), Some(file)) if !self.taken.contains_key(key) => {
                    return self.read(file, None);
                }
                _ => known,
            },
        };
        let outcome = match known.outcome {
            Outcome::Document(document) => self.take(&known.name, known.stamp, document),
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
                Ok(text) => match Indexed::parse(&*file.name, text, false) {
                    Err(error) => refused(error.to_string()),
                    Ok(document) => self.take(&file.name, Some(file.stamp), Arc::new(document)),
                },
            }
        };
        LoadedFile {
            name: file.name.clone(),
            stamp: Some(file.stamp),
            outcome,
        }
    }

    /// Takes a document, if there is room and no other file has it.
    fn take(&mut self, name: &str, stamp: Option<Stamp>, document: Arc<Indexed>) -> Outcome {
        let key = key(&document.document);
        let bytes = stamp.map_or(document.document.json().len() as u64, |stamp| stamp.bytes);
        if self.taken.contains_key(&key) {
            return Outcome::Duplicate(key);
        }
        if bytes > self.left {
            return Outcome::LeftOut;
        }
        self.left -= bytes;
        self.taken.insert(key, name.to_owned());
        Outcome::Document(document)
    }

    /// Keeps what was served before for files that cannot be served now, if there is room and no
    /// other file has the document.
    fn keep(&mut self, files: &mut [LoadedFile]) {
        for file in files {
            let Outcome::Refused { kept, .. } = &mut file.outcome else {
                continue;
            };
            if let Some(document) = kept.take()
                && let Outcome::Document(document) = self.take(&file.name, None, document)
            {
                *kept = Some(document);
            }
        }
    }

    fn problem_with(&self, file: &LoadedFile) -> Option<Problem> {
        let message = match &file.outcome {
            Outcome::Document(document) => {
                let flaws = document.document.flaws();
                if flaws.is_empty() {
                    return None;
                }
                format!("served, but: {}", flaws.join("; "))
            }
            Outcome::Duplicate(key) => same_uuid(self.taken.get(key).map_or("", String::as_str)),
            Outcome::LeftOut => {
                let total = self.limits.total_bytes;
                format!("left out: all files have more than {total} bytes")
            }
            Outcome::Refused {
                message,
                kept: None,
            } => message.clone(),
            Outcome::Refused { message, .. } => {
                format!("what was loaded of it before is served, since now: {message}")
            }
        };
        Some(Problem::new(&*file.name, message))
    }
}

fn same_uuid(first: &str) -> String {
    format!("has the same uuid as `{first}`, which is served instead")
}

/// Gives documents that share a uuid different ids: the first model keeps the uuid, and the others
/// add their model to it. So a security plan, which some callers may not see, never takes the id of
/// a catalog, and the id of a catalog never reveals a plan.
fn tell_apart(documents: &mut [Arc<Indexed>]) {
    let mut first: HashMap<&str, Model> = HashMap::new();
    for document in &*documents {
        let info = document.document.info();
        let model = first.entry(&info.id).or_insert(info.model);
        *model = info.model.min(*model);
    }
    let others = documents.iter().enumerate().filter_map(|(at, document)| {
        let info = document.document.info();
        let is_other = first
            .get(&*info.id)
            .is_some_and(|first| *first != info.model);
        is_other.then(|| (at, document.with_id(format!("{}.{}", info.id, info.model))))
    });
    for (at, document) in others.collect::<Vec<_>>() {
        documents[at] = Arc::new(document);
    }
}
