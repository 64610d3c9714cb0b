//! The files of the documents, by their names.

use std::collections::HashMap;

use crate::document::Document;
use crate::document::model::Model;
use crate::library::view::LibraryView;
use crate::resolve::locate::href::{Href, forms};

/// The files of the documents, by their names.
pub(super) struct Files<'a> {
    by_path: HashMap<&'a str, &'a Document>,
    /// Paths and documents of each file name.
    by_name: HashMap<&'a str, Vec<(&'a str, &'a Document)>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(view: &LibraryView<'a>) -> Self {
        let mut files = Self {
            by_path: HashMap::new(),
            by_name: HashMap::new(),
        };
        for document in view.documents() {
            for path in document.files() {
                files.by_path.insert(path, document);
                let same_name = files.by_name.entry(name(path)).or_default();
                same_name.push((path, document));
            }
        }
        files
    }

    /// The document at the place that one of the hrefs names in the importing document.
    pub(super) fn exact(&self, importer: &Document, hrefs: &[Href]) -> Option<&'a Document> {
        let paths = hrefs.iter().flat_map(|href| {
            let files = importer.files().take(MAX_COPIES);
            files.flat_map(|file| href.paths(file))
        });
        let mut forms = paths.flat_map(|path| forms(&path));
        forms.find_map(|path| self.by_path.get(&*path).copied())
    }

    /// The documents whose paths end like one of the hrefs, with at least a directory, and for
    /// hrefs from a root with the whole path. Only those with the longest common end, and of these
    /// the nearest ones to the importing document.
    pub(super) fn alike(&self, importer: &Document, hrefs: &[Href]) -> Vec<&'a Document> {
        let mut found = Vec::new();
        for href in hrefs {
            for form in forms(&href.path()) {
                let length = form.split('/').count();
                let least = if href.is_rooted() { length.max(2) } else { 2 };
                for (path, document) in self.by_name.get(name(&form)).into_iter().flatten() {
                    let common = path.rsplit('/').zip(form.rsplit('/'));
                    let common = common.take_while(|(a, b)| a == b).count();
                    if common >= least && !document.is_copy_of(importer) {
                        found.push(((common, nearness(importer, path)), *document));
                    }
                }
            }
        }
        best(found)
    }

    /// The documents with the file name of one of the hrefs: those beside the importing document if
    /// there are any, or else all.
    pub(super) fn same_name(&self, importer: &Document, hrefs: &[Href]) -> Vec<&'a Document> {
        let mut found = Vec::new();
        for form in hrefs.iter().filter_map(Href::file_name).flat_map(forms) {
            for (path, document) in self.by_name.get(&*form).into_iter().flatten() {
                let is_beside = importer
                    .files()
                    .any(|file| directory(file) == directory(path));
                if !document.is_copy_of(importer) {
                    found.push((is_beside, *document));
                }
            }
        }
        best(found)
    }
}

/// How many names of an importing document are considered.
const MAX_COPIES: usize = 32;

/// How much of its directories the path shares with the importing document.
fn nearness(importer: &Document, path: &str) -> usize {
    let shared = |file: &str| {
        let both = directory(file).split('/').zip(directory(path).split('/'));
        both.take_while(|(a, b)| a == b).count()
    };
    importer
        .files()
        .take(MAX_COPIES)
        .map(shared)
        .max()
        .unwrap_or(0)
}

/// The documents of the highest rank, each once. Catalogs and profiles come before others.
fn best<'a, R: Ord + Copy>(found: Vec<(R, &'a Document)>) -> Vec<&'a Document> {
    let importable =
        |document: &Document| matches!(document.info().model, Model::Catalog | Model::Profile);
    let rank = |(rank, document): &(R, &'a Document)| (importable(document), *rank);
    let highest = found.iter().map(rank).max();
    let mut best: Vec<&Document> = Vec::new();
    for one in &found {
        if Some(rank(one)) == highest && !best.iter().any(|known| std::ptr::eq(*known, one.1)) {
            best.push(one.1);
            if best.len() == MAX_CANDIDATES {
                break;
            }
        }
    }
    best
}

/// How many candidates are distinguished.
const MAX_CANDIDATES: usize = 16;

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}
