//! Which catalogs a document stands for: itself, or those that a profile imports.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::control::Control;
use crate::document::Document;
use crate::document::model::Model;
use crate::library::view::LibraryView;
use crate::resolve::directives::profile::Profile;
use crate::resolve::locate::{Located, Locator};

/// The longest chain of profiles.
const MAX_CHAIN: usize = 32;

/// Finds the catalogs behind documents and links, each once.
pub(crate) struct Frameworks<'v, 'a> {
    locator: Locator<'v, 'a>,
    links: RefCell<HashMap<(&'a str, String), Option<&'a Document>>>,
    known: RefCell<HashMap<&'a str, Rc<Framework<'a>>>>,
}

/// The catalogs and profiles that one document stands for.
#[derive(Default)]
pub(crate) struct Framework<'a> {
    /// Ids of the document itself and of all that it imports.
    pub(crate) documents: BTreeSet<&'a str>,
    /// Those of them that are catalogs.
    pub(crate) catalogs: Vec<&'a Document>,
}

impl<'v, 'a> Frameworks<'v, 'a> {
    pub(crate) fn new(view: &'v LibraryView<'a>) -> Self {
        Self {
            locator: Locator::new(view),
            links: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// The catalog or profile that `href` refers to in a document, if it is loaded and there is
    /// only one.
    pub(crate) fn linked(&self, from: &'a Document, href: &str) -> Option<&'a Document> {
        let key = (from.info().id.as_str(), href.to_owned());
        if let Some(known) = self.links.borrow().get(&key) {
            return *known;
        }
        let found = match self.locator.locate(from, href) {
            Located::Found(document) | Located::Alike(document) => {
                Some(document).filter(|found| is_framework(found))
            }
            Located::Guessed(_) | Located::Missing(_) | Located::Ambiguous(_) => None,
        };
        self.links.borrow_mut().insert(key, found);
        found
    }

    /// What a document stands for.
    pub(crate) fn of(&self, document: &'a Document) -> Rc<Framework<'a>> {
        self.of_chain(document, 0)
    }

    fn of_chain(&self, document: &'a Document, depth: usize) -> Rc<Framework<'a>> {
        let id = document.info().id.as_str();
        if let Some(known) = self.known.borrow().get(id) {
            return Rc::clone(known);
        }
        let mut framework = Framework {
            documents: [id].into(),
            catalogs: Vec::new(),
        };
        // For profiles in a circle.
        let itself = Rc::new(Framework {
            documents: [id].into(),
            catalogs: Vec::new(),
        });
        self.known.borrow_mut().insert(id, itself);
        if document.info().model == Model::Catalog {
            framework.catalogs.push(document);
        }
        let imports = match document.info().model {
            Model::Profile if depth < MAX_CHAIN => Profile::of(document).map(|read| read.imports),
            _ => Ok(Vec::new()),
        };
        // A profile that cannot be read imports nothing.
        for import in imports.into_iter().flatten() {
            let Some(imported) = self.linked(document, &import.href) else {
                continue;
            };
            let imported = self.of_chain(imported, depth + 1);
            framework.documents.extend(&imported.documents);
            for catalog in &imported.catalogs {
                if !framework.catalogs.iter().any(|known| known.is(catalog)) {
                    framework.catalogs.push(catalog);
                }
            }
        }
        let framework = Rc::new(framework);
        (self.known.borrow_mut()).insert(id, Rc::clone(&framework));
        framework
    }
}

impl<'a> Framework<'a> {
    /// Whether both have a document in common.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        (self.documents.iter()).any(|document| other.documents.contains(document))
    }

    /// The control that an id names, or of which it names a part.
    pub(crate) fn control(&self, id: &str) -> Option<Control<'a>> {
        let catalogs = self.catalogs.iter();
        let mut controls = catalogs.filter_map(|catalog| catalog.control_of_fragment(id));
        controls.next()
    }
}

fn is_framework(document: &Document) -> bool {
    matches!(document.info().model, Model::Catalog | Model::Profile)
}
