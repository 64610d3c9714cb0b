//! A profile and the profiles and catalogs that it imports.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::document::Document;
use crate::document::model::Model;
use crate::json::budget::Budget;
use crate::library::view::LibraryView;
use crate::resolve::directives::merge::Merge;
use crate::resolve::directives::profile::{Import, Profile};
use crate::resolve::error::{ResolveError, name};
use crate::resolve::locate::{Located, Locator};
use crate::resolve::log::{Log, NotFound};
use crate::resolve::merge::combine::Combined;
use crate::resolve::merge::custom::Structure;
use crate::resolve::modify::modifications::Modifications;
use crate::resolve::select::selection::Selection;
use crate::resolve::select::selector::Selector;
use crate::resolve::tree::{Body, Node, Tree};

/// The longest chain of profiles.
const MAX_CHAIN: usize = 32;

/// The most that is read and written, in approximate bytes. NIST's baselines take less than 1 MB,
/// or 10 MB if every control is changed.
const MAX_EFFORT: usize = 128 << 20;

/// Resolves a profile. Each document that it imports, directly or not, is resolved once.
pub(crate) struct Resolver<'v, 'a> {
    view: &'v LibraryView<'a>,
    locator: Locator<'v, 'a>,
    /// Replaces imports that are not among the documents.
    pub(crate) fallback: Option<&'a Document>,
    pub(crate) fallback_used: bool,
    pub(crate) log: Log,
    pub(crate) not_found: Vec<NotFound>,
    /// What was imported because of its file name alone, in words.
    pub(crate) guesses: Vec<String>,
    /// The imported documents, each after what it imports.
    pub(crate) sources: Vec<&'a Document>,
    budget: Budget,
    trees: HashMap<&'a str, Arc<Tree<'a>>>,
    /// The profiles being resolved, from the outside in.
    path: Vec<&'a Document>,
}

impl<'v, 'a> Resolver<'v, 'a> {
    pub(crate) fn new(view: &'v LibraryView<'a>, fallback: Option<&'a Document>) -> Self {
        Self {
            view,
            locator: Locator::new(view),
            fallback,
            fallback_used: false,
            log: Log::default(),
            not_found: Vec::new(),
            guesses: Vec::new(),
            sources: Vec::new(),
            budget: Budget::new(MAX_EFFORT),
            trees: HashMap::new(),
            path: Vec::new(),
        }
    }

    /// Resolves a profile.
    pub(crate) fn resolve(
        &mut self,
        document: &'a Document,
        profile: Profile,
    ) -> Result<Tree<'a>, ResolveError> {
        if self.path.len() == MAX_CHAIN {
            return Err(ResolveError::TooDeep(MAX_CHAIN));
        }
        self.path.push(document);
        let id = &document.info().id;
        let as_is = profile.merge.as_is == Some(true);
        let mut bodies = Vec::new();
        let mut tree = Tree::default();
        let mut catalogs = HashSet::new();
        for import in &profile.imports {
            let imported = self.import(document, import)?;
            bodies.push(self.selected(id, import, &imported, as_is)?);
            let sources = imported.tree.params.iter();
            let new = sources.filter(|source| catalogs.insert(&source.catalog.info().id));
            tree.params.extend(new.cloned());
        }
        tree.body = self.merged(id, &profile.merge, &bodies)?;
        self.warn_of_versions(id, &tree.body);
        let modifications = Modifications::of(document, profile.modify, &mut self.log);
        modifications.change(&mut tree, &self.budget, &mut self.log)?;
        self.path.pop();
        Ok(tree)
    }

    fn import(
        &mut self,
        profile: &'a Document,
        import: &Import,
    ) -> Result<Imported<'a>, ResolveError> {
        let document = self.locate(profile, &import.href)?;
        let id = document.info().id.as_str();
        if let Some(tree) = self.trees.get(id) {
            let tree = Arc::clone(tree);
            return Ok(Imported { document, tree });
        }
        if let Some(at) = self
            .path
            .iter()
            .position(|outer| std::ptr::eq(*outer, document))
        {
            let circle = self.path[at..].iter().copied().chain([document]);
            let circle: Vec<_> = circle.map(name).collect();
            return Err(ResolveError::Cycle(circle.join(" imports ")));
        }
        let tree = match document.info().model {
            Model::Catalog => {
                self.budget.spend(64 * document.controls().len());
                Tree::of_catalog(document)
            }
            Model::Profile => self.resolve(document, Profile::of(document)?)?,
            model => {
                return Err(ResolveError::NotImportable {
                    profile: name(profile),
                    document: name(document),
                    model,
                });
            }
        };
        let tree = Arc::new(tree);
        self.trees.insert(id, Arc::clone(&tree));
        self.sources.push(document);
        Ok(Imported { document, tree })
    }

    fn locate(&mut self, profile: &Document, href: &str) -> Result<&'a Document, ResolveError> {
        // Each look-up scans all documents.
        self.budget.spend(256 * (1 + self.view.documents().len()));
        if self.budget.is_spent() {
            return Err(ResolveError::TooLarge);
        }
        let located = self.locator.locate(profile, href);
        let id = &profile.info().id;
        match (located, self.fallback) {
            (Located::Found(document), _) => Ok(document),
            (Located::Alike(document), _) => {
                let end = "whose path ends alike";
                self.log.warn(id, taken_for(href, document, end));
                Ok(document)
            }
            (Located::Guessed(document), None) => {
                let guess = taken_for(href, document, "only because of its file name");
                self.log.warn(id, guess.clone());
                if !self.guesses.contains(&guess) {
                    self.guesses.push(guess);
                }
                Ok(document)
            }
            (_, Some(fallback)) => {
                self.fallback_used = true;
                Ok(fallback)
            }
            (Located::Missing(wanted), None) => Err(ResolveError::ImportNotFound {
                profile: name(profile),
                href: href.to_owned(),
                wanted,
            }),
            (Located::Ambiguous(candidates), None) => {
                let names = candidates.iter().take(5).copied().map(name);
                let names: Vec<_> = names.collect();
                Err(ResolveError::ImportAmbiguous {
                    profile: name(profile),
                    href: href.to_owned(),
                    candidates: names.join(", "),
                })
            }
        }
    }

    /// The controls that an import selects.
    fn selected(
        &mut self,
        profile: &str,
        import: &Import,
        imported: &Imported<'a>,
        as_is: bool,
    ) -> Result<Body<'a>, ResolveError> {
        let selector = Selector::of(&import.select);
        if selector.all && !import.select.all {
            let message = format!(
                "imports {} without include-all or include-controls, so everything is imported",
                name(imported.document)
            );
            self.log.warn(profile, message);
        }
        self.note_absent(profile, &selector, imported);
        let selection = Selection {
            selector: &selector,
            keeps_parents: as_is,
            budget: &self.budget,
        };
        selection.of(&imported.tree.body)
    }

    /// Records the ids that the imported document does not have.
    fn note_absent(&mut self, profile: &str, selector: &Selector<'_>, imported: &Imported<'a>) {
        let (included, excluded) = (&selector.include.in_order, &selector.exclude.in_order);
        if included.is_empty() && excluded.is_empty() {
            return;
        }
        let known: HashSet<_> = imported
            .tree
            .body
            .nodes()
            .into_iter()
            .map(Node::id)
            .collect();
        let source = &imported.document.info().id;
        for id in included.iter().filter(|id| !known.contains(**id)) {
            self.not_found.push(NotFound {
                control: (*id).to_owned(),
                profile: profile.to_owned(),
                source: source.clone(),
            });
        }
        for id in excluded.iter().filter(|id| !known.contains(**id)) {
            let message = format!("excludes `{id:.60}`, which {source} does not have");
            self.log.warn(profile, message);
        }
    }

    fn merged(
        &mut self,
        profile: &str,
        merge: &Merge,
        bodies: &[Body<'a>],
    ) -> Result<Body<'a>, ResolveError> {
        let method = merge.combine.method;
        let combined = Combined::of(bodies, method, profile, &self.budget, &mut self.log);
        if merge.as_is == Some(true) {
            return combined.in_groups(bodies);
        }
        let flat = combined.flat(bodies)?;
        let Some(custom) = &merge.custom else {
            return Ok(flat);
        };
        let structure = Structure {
            selected: &flat,
            profile,
            budget: &self.budget,
            log: &mut self.log,
        };
        structure.of(custom)
    }

    /// Warns of controls that are in the result more than once, as OSCAL keeps them by default.
    fn warn_of_versions(&mut self, profile: &str, body: &Body<'a>) {
        let mut known: HashMap<&str, Vec<&Document>> = HashMap::new();
        let nodes = body.nodes();
        for node in &nodes {
            let sources = known.entry(node.id()).or_default();
            sources.push(node.version.control().document());
        }
        for node in nodes {
            let id = node.id();
            let Some(sources) = known.remove(id).filter(|sources| sources.len() > 1) else {
                continue;
            };
            let times = sources.len();
            let mut names: Vec<_> = sources.into_iter().take(5).map(name).collect();
            names.dedup();
            let message = format!(
                "`{id:.60}` is in the result {times} times, from {}; all are kept. To have it once, \
                 set merge.combine.method to use-first or merge, or insert it once",
                names.join(" and ")
            );
            self.log.warn(profile, message);
        }
    }
}

fn taken_for(href: &str, document: &Document, why: &str) -> String {
    format!(
        "the import of `{href:.200}` is taken for {}, {why}",
        name(document)
    )
}

struct Imported<'a> {
    document: &'a Document,
    tree: Arc<Tree<'a>>,
}
