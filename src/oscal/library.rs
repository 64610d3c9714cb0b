//! The loaded documents.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::budget::floor_char_boundary;
use super::control::Control;
use super::document::{Document, DocumentInfo};
use super::files::{self, Limits, LoadError};
use super::search::{self, Hits, Query};

/// An immutable snapshot of all loaded documents. Clones share it.
#[derive(Debug, Clone)]
pub struct Library {
    documents: Arc<[Arc<Document>]>,
    problems: Arc<[Problem]>,
}

/// A file that is not served, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its name relative to the documents directory.
    pub file: String,
    /// What is wrong with it and what to change.
    pub message: String,
}

impl Problem {
    /// Messages quote the file: they are cut, so that it cannot flood the log.
    const MAX_MESSAGE: usize = 300;

    pub(super) fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(floor_char_boundary(&message, Self::MAX_MESSAGE));
        Self {
            file: file.into(),
            message,
        }
    }
}

impl Library {
    /// Loads the JSON files in and below `directory` and the built-in documents, given as name
    /// and text, in this order. A file that cannot be served becomes a [`Problem`]. Of documents
    /// with the same uuid the first one is served: so a file can replace a built-in document.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn load(
        built_in: &[(&str, &'static str)],
        directory: Option<&Path>,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        Loader::default().load(built_in, directory, limits)
    }

    /// Loads everything anew. Where a file cannot be served any more, half-written for instance,
    /// the document that this library has of it stays, and a [`Problem`] says so. It goes if the
    /// file is gone, or if another file has the same document.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn reload(
        &self,
        built_in: &[(&str, &'static str)],
        directory: &Path,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let of_files = self.documents.iter().filter(|d| !d.info().built_in);
        let loader = Loader {
            previous: of_files
                .map(|document| (document.file().to_owned(), document.clone()))
                .collect(),
            ..Loader::default()
        };
        loader.load(built_in, Some(directory), limits)
    }

    /// The files that are not served. They are for operators: a problem may name a document that
    /// a caller may not see.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The documents that `visible` accepts. What it hides has no influence on anything that the
    /// view answers.
    pub fn view(&self, visible: impl Fn(&DocumentInfo) -> bool) -> LibraryView<'_> {
        let documents = self.documents.iter().map(Arc::as_ref);
        LibraryView {
            documents: documents.filter(|d| visible(d.info())).collect(),
        }
    }
}

#[derive(Default)]
struct Loader {
    documents: Vec<Arc<Document>>,
    problems: Vec<Problem>,
    /// Ids of documents and the files that they are from.
    files: HashMap<String, String>,
    /// Files and the documents that were served of them before.
    previous: HashMap<String, Arc<Document>>,
    kept: Vec<Kept>,
}

/// A document that was served before, of a file that cannot be served any more.
struct Kept {
    document: Arc<Document>,
    /// Its place among the documents.
    place: usize,
    /// What is wrong with the file.
    message: String,
}

impl Loader {
    fn load(
        mut self,
        built_in: &[(&str, &'static str)],
        directory: Option<&Path>,
        limits: Limits,
    ) -> Result<Library, LoadError> {
        if let Some(directory) = directory {
            let (files, problems) = files::find(directory, limits)?;
            let mut left = limits.total_bytes;
            for file in files {
                match file.read(limits.file_bytes) {
                    Ok(text) if text.len() as u64 > left => {
                        let total = limits.total_bytes;
                        let message = format!("left out: all files have more than {total} bytes");
                        self.refuse(&file.name, message);
                    }
                    Ok(text) => {
                        left -= text.len() as u64;
                        self.add(&file.name, text, false);
                    }
                    Err(message) => self.refuse(&file.name, message),
                }
            }
            for problem in problems {
                self.refuse_all(problem);
            }
            self.keep(left);
        }
        for (name, text) in built_in {
            self.add(name, (*text).to_owned(), true);
        }
        Ok(Library {
            documents: self.documents.into(),
            problems: self.problems.into(),
        })
    }

    fn add(&mut self, file: &str, text: String, built_in: bool) {
        let document = match Document::parse(file, text, built_in) {
            Ok(document) => document,
            Err(error) => return self.refuse(file, error.to_string()),
        };
        let id = &document.info().id;
        if let Some(first) = self.files.get(id) {
            let message = format!("has the same uuid as `{first}`, which is served instead");
            return self.problem(file, message);
        }
        self.files.insert(id.clone(), file.to_owned());
        self.documents.push(Arc::new(document));
    }

    /// Notes that a file cannot be served, and what was served of it before.
    fn refuse(&mut self, file: &str, message: String) {
        match self.previous.remove(file) {
            Some(document) => self.kept.push(Kept {
                document,
                place: self.documents.len(),
                message,
            }),
            None => self.problem(file, message),
        }
    }

    /// Notes a file that cannot be served, or a directory and with it all files below.
    fn refuse_all(&mut self, problem: Problem) {
        let Problem { file, message } = problem;
        let below = format!("{file}/");
        let is_meant = |name: &str| file == "." || *name == file || name.starts_with(&below);
        let mut meant: Vec<_> = self
            .previous
            .keys()
            .filter(|f| is_meant(f))
            .cloned()
            .collect();
        meant.sort();
        for name in &meant {
            self.refuse(name, message.clone());
        }
        if meant.is_empty() {
            self.problem(&file, message);
        }
    }

    /// Puts the documents that were served before in their places, of at most `left` bytes.
    fn keep(&mut self, mut left: u64) {
        // From the end, so that the places before stay what they are.
        while let Some(kept) = self.kept.pop() {
            let Kept {
                document,
                place,
                message,
            } = kept;
            let (id, size) = (&document.info().id, document.json().len() as u64);
            if self.files.contains_key(id) || size > left {
                self.problem(document.file(), message);
                continue;
            }
            left -= size;
            let message = format!("what was loaded of it before is served, since now: {message}");
            self.problem(document.file(), message);
            self.files.insert(id.clone(), document.file().to_owned());
            self.documents.insert(place, document);
        }
    }

    fn problem(&mut self, file: &str, message: String) {
        self.problems.push(Problem::new(file, message));
    }
}

/// The documents of a [`Library`] that a caller may see: those of the directory by file name,
/// then the built-in ones.
#[derive(Debug, Clone)]
pub struct LibraryView<'a> {
    documents: Vec<&'a Document>,
}

impl<'a> LibraryView<'a> {
    /// The documents.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = &'a Document> {
        self.documents.iter().copied()
    }

    /// The document with this id, in any case.
    pub fn document(&self, id: &str) -> Option<&'a Document> {
        let id = id.trim();
        self.documents()
            .find(|document| document.info().id.eq_ignore_ascii_case(id))
    }

    /// The controls with this id or label in any usual writing, in the order of the documents.
    /// More than one where several documents have such a control.
    pub fn find_controls(&self, reference: &str) -> Vec<Control<'a>> {
        self.documents()
            .flat_map(|document| document.find_controls(reference))
            .collect()
    }

    /// Searches controls, components, implemented requirements and so on, best hits first.
    pub fn search(&self, query: &Query<'_>) -> Hits {
        search::search(&self.documents, query)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::super::model::Model;
    use super::*;

    const ONE: &str = r#"{"catalog":{"uuid":"00000000-0000-4000-8000-000000000001",
        "metadata":{"title":"One"},"controls":[{"id":"ac-1","title":"Policy"}]}}"#;
    const TWO: &str = r#"{"catalog":{"uuid":"00000000-0000-4000-8000-000000000002",
        "metadata":{"title":"Two"},"controls":[{"id":"AC-01"},{"id":"ac-2"}]}}"#;
    const PLAN: &str = r#"{"system-security-plan":{"uuid":"00000000-0000-4000-8000-000000000003",
        "metadata":{"title":"Secret plan"},"control-implementation":{"implemented-requirements":[
        {"uuid":"u","control-id":"ac-1","description":"policy policy policy"}]}}}"#;

    fn loaded(files: &[(&str, &str)], built_in: &[(&str, &'static str)]) -> Library {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(directory.path().join(name), text).expect("written");
        }
        Library::load(built_in, Some(directory.path()), Limits::default()).expect("loads")
    }

    fn titles(view: &LibraryView<'_>) -> Vec<String> {
        view.documents().map(|d| d.info().title.clone()).collect()
    }

    #[test]
    fn good_documents_are_served_and_bad_ones_reported() {
        let library = loaded(
            &[
                ("b.json", TWO),
                ("a.json", "{"),
                ("c.json", TWO),
                ("d.json", ONE),
            ],
            &[("one", ONE), ("plan", PLAN)],
        );
        assert_eq!(
            titles(&library.view(|_| true)),
            ["Two", "One", "Secret plan"]
        );
        let problems: Vec<_> = library
            .problems()
            .iter()
            .map(|p| format!("{}: {}", p.file, p.message))
            .collect();
        assert_eq!(
            problems,
            [
                "a.json: not JSON: EOF while parsing an object at line 1 column 1",
                "c.json: has the same uuid as `b.json`, which is served instead",
                "one: has the same uuid as `d.json`, which is served instead",
            ]
        );
    }

    #[test]
    fn a_control_in_several_documents_is_found_in_each_in_their_order() {
        let library = loaded(&[("x.json", TWO)], &[("one", ONE)]);
        let view = library.view(|_| true);
        let found = |reference| -> Vec<_> {
            let controls = view.find_controls(reference).into_iter();
            controls
                .map(|c| (c.document().info().title.as_str(), c.id()))
                .collect()
        };
        assert_eq!(found("AC-1"), [("Two", "AC-01"), ("One", "ac-1")]);
        assert_eq!(found("ac-2"), [("Two", "ac-2")]);
    }

    #[test]
    fn hidden_documents_are_as_good_as_absent() {
        let with = loaded(&[], &[("one", ONE), ("plan", PLAN)]);
        let without = loaded(&[], &[("one", ONE)]);
        let with = with.view(|info| info.model != Model::SystemSecurityPlan);
        let without = without.view(|_| true);
        assert_eq!(titles(&with), titles(&without));
        assert!(
            with.document("00000000-0000-4000-8000-000000000003")
                .is_none()
        );
        for text in ["policy", "ac-1", "secret", "AC-1 policy", ""] {
            let query = Query {
                text,
                ..Query::default()
            };
            assert_eq!(with.search(&query), without.search(&query), "{text}");
        }
    }

    #[test]
    fn all_files_together_are_limited() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("a.json"), ONE).expect("written");
        fs::write(directory.path().join("b.json"), TWO).expect("written");
        let limits = Limits {
            total_bytes: ONE.len() as u64 + 10,
            ..Limits::default()
        };
        let library = Library::load(&[], Some(directory.path()), limits).expect("loads");
        assert_eq!(titles(&library.view(|_| true)), ["One"]);
        assert_eq!(
            library.problems()[0].message,
            format!(
                "left out: all files have more than {} bytes",
                limits.total_bytes
            )
        );
    }

    #[test]
    fn a_broken_file_never_replaces_a_good_document() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let write = |name: &str, text: &str| fs::write(path(name), text).expect("written");
        let reload = |library: &Library| {
            let limits = Limits::default();
            let library = library.reload(&[("plan", PLAN)], directory.path(), limits);
            let library = library.expect("loads");
            let problems = library.problems().iter();
            let problems: Vec<_> = problems
                .map(|p| format!("{}: {}", p.file, p.message))
                .collect();
            (titles(&library.view(|_| true)), problems, library)
        };
        fs::create_dir(path("sub")).expect("created");
        write("a.json", ONE);
        write("sub/b.json", TWO);
        let library = Library::load(&[("plan", PLAN)], Some(directory.path()), Limits::default());
        let all = ["One", "Two", "Secret plan"];

        write("a.json", &ONE[..ONE.len() / 2]);
        let (served, problems, library) = reload(&library.expect("loads"));
        assert_eq!(served, all, "in their places");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let expected = "a.json: what was loaded of it before is served, since now: not JSON: EOF";
        assert!(problems[0].starts_with(expected), "{problems:?}");
        let (served, again, library) = reload(&library);
        assert_eq!((served, again), (all.map(str::to_owned).to_vec(), problems));

        fs::rename(path("sub"), path("away")).expect("moved");
        std::os::unix::fs::symlink("/etc", path("sub")).expect("linked");
        fs::remove_dir_all(path("away")).expect("removed");
        let (served, problems, library) = reload(&library);
        assert_eq!(served, all);
        assert!(
            problems.concat().contains("sub/b.json: what was loaded"),
            "{problems:?}"
        );

        fs::remove_file(path("sub")).expect("removed");
        write("c.json", &ONE.replace("One", "One, elsewhere"));
        let (served, problems, library) = reload(&library);
        assert_eq!(served, ["One, elsewhere", "Secret plan"]);
        assert!(problems[0].starts_with("a.json: not JSON"), "{problems:?}");

        fs::remove_file(path("a.json")).expect("removed");
        fs::remove_file(path("c.json")).expect("removed");
        let (served, problems, library) = reload(&library);
        assert_eq!((served, problems), (vec!["Secret plan".to_owned()], vec![]));

        let gone = library.reload(&[], &path("gone"), Limits::default());
        assert!(matches!(gone, Err(LoadError::Missing(_))));
    }

    #[test]
    fn kept_documents_count_as_bytes_of_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).expect("written");
        };
        write("b.json", ONE);
        let library = Library::load(&[], Some(directory.path()), Limits::default());
        write("a.json", TWO);
        let limits = Limits {
            total_bytes: TWO.len() as u64 + 10,
            ..Limits::default()
        };
        let library = library
            .expect("loads")
            .reload(&[], directory.path(), limits);
        let library = library.expect("loads");
        assert_eq!(titles(&library.view(|_| true)), ["Two"]);
        assert!(library.problems()[0].message.starts_with("left out"));
    }

    proptest! {
        #[test]
        fn takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let directory = tempfile::tempdir().expect("a directory");
            fs::write(directory.path().join("x.json"), bytes).expect("written");
            let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
            prop_assert_eq!(library.problems().len(), 1);
        }
    }
}
