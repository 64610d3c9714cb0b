//! Which catalogs are behind a profile or a resolved catalog.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::document::Document;
use crate::document::model::Model;
use crate::implementations::source::hrefs::imports;
use crate::resolve::locate::{Located, Locator};

/// How many documents may be behind one. NIST's and FedRAMP's profiles have one to three.
const MAX_ANCESTORS: usize = 256;

/// Answers whether two documents stand for controls of the same catalog.
pub(super) struct Lineages<'v, 'a> {
    locator: Rc<Locator<'v, 'a>>,
    imported: HashMap<&'a str, Rc<[&'a Document]>>,
    lineages: HashMap<&'a str, Rc<Lineage<'a>>>,
    met: HashMap<(&'a str, &'a str), bool>,
}

/// A document and those behind it.
#[derive(Default)]
pub(super) struct Lineage<'a> {
    /// Each before those that it is made from.
    pub(super) documents: Vec<&'a Document>,
    editions: HashSet<Edition<'a>>,
}

/// What tells a document from others. Copies of a catalog may have uuids of their own: workspaces
/// of trestle give them.
#[derive(PartialEq, Eq, Hash)]
enum Edition<'a> {
    Catalog {
        title: &'a str,
        version: &'a str,
        last_modified: &'a str,
        controls: usize,
    },
    Document(&'a str),
}

impl<'a> Edition<'a> {
    fn of(document: &'a Document) -> Self {
        let info = document.info();
        let is_told = !info.version.is_empty() && !info.last_modified.is_empty();
        if info.model == Model::Catalog && is_told {
            Self::Catalog {
                title: &info.title,
                version: &info.version,
                last_modified: &info.last_modified,
                controls: document.controls().len(),
            }
        } else {
            Self::Document(&info.id)
        }
    }
}

impl<'v, 'a> Lineages<'v, 'a> {
    pub(super) fn new(locator: Rc<Locator<'v, 'a>>) -> Self {
        Self {
            locator,
            imported: HashMap::new(),
            lineages: HashMap::new(),
            met: HashMap::new(),
        }
    }

    /// Whether one is behind the other, or a catalog is behind both.
    pub(super) fn meet(&mut self, one: &'a Document, other: &'a Document) -> bool {
        let pair = (one.info().id.as_str(), other.info().id.as_str());
        if let Some(met) = self.met.get(&pair) {
            return *met;
        }
        let (one, other) = (self.lineage(one), self.lineage(other));
        let met = one
            .editions
            .iter()
            .any(|edition| other.editions.contains(edition));
        self.met.insert(pair, met);
        met
    }

    /// The document and those behind it.
    pub(super) fn lineage(&mut self, document: &'a Document) -> Rc<Lineage<'a>> {
        let id = document.info().id.as_str();
        if let Some(known) = self.lineages.get(id) {
            return Rc::clone(known);
        }
        let mut seen = HashSet::from([id]);
        let mut lineage = Lineage::default();
        let mut next = vec![document];
        while let Some(document) = next.pop() {
            lineage.documents.push(document);
            lineage.editions.insert(Edition::of(document));
            for imported in self.imported(document).iter().copied() {
                if seen.len() < MAX_ANCESTORS && seen.insert(imported.info().id.as_str()) {
                    next.push(imported);
                }
            }
        }
        let lineage = Rc::new(lineage);
        self.lineages.insert(id, Rc::clone(&lineage));
        lineage
    }

    fn imported(&mut self, document: &'a Document) -> Rc<[&'a Document]> {
        let locator = &self.locator;
        let imported = self.imported.entry(&document.info().id).or_insert_with(|| {
            let hrefs = imports(document).into_iter().take(MAX_ANCESTORS);
            let found = hrefs.filter_map(|href| match locator.locate(document, &href) {
                Located::Found(found) | Located::Alike(found) | Located::Guessed(found) => {
                    Some(found)
                }
                Located::Missing(_) | Located::Ambiguous(_) => None,
            });
            let importable =
                |d: &&Document| matches!(d.info().model, Model::Catalog | Model::Profile);
            found.filter(importable).collect()
        });
        Rc::clone(imported)
    }
}
