//! For which catalog or profile an implementation is written.

mod hrefs;
mod lineage;

use std::collections::HashMap;
use std::rc::Rc;

use serde::Serialize;

use crate::control::Control;
use crate::document::Document;
use crate::document::element::Resource;
use crate::document::model::Model;
use crate::implementations::source::lineage::Lineages;
use crate::library::view::LibraryView;
use crate::resolve::error::name;
use crate::resolve::locate::{Located, Locator};

pub(super) use crate::implementations::source::hrefs::SourceHrefs;

/// The catalog or profile that an implementation is written for: the `source` of a control
/// implementation, or the `import-profile` of a system security plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClaimedSource {
    /// The reference as the document writes it; empty if it has none.
    pub href: String,
    /// What the back matter says of the resource that `href` refers to: its title, or else its
    /// location.
    pub resource: Option<String>,
    /// The id of the document that it refers to, if that is loaded.
    pub document: Option<String>,
    /// The title of the document.
    pub document_title: Option<String>,
    /// The version of the document.
    pub document_version: Option<String>,
    /// Whether the document is a guess: it has only the file name in common with the reference.
    pub guessed: bool,
    /// Why no document is found.
    pub problem: Option<String>,
}

/// The profile, or resolved catalog, that a system security plan imports.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ImportedProfile<'a> {
    /// The document.
    pub document: &'a Document,
    /// Whether it is a guess: it has only the file name in common with the reference. Tell everyone
    /// who sees something of the result.
    pub guessed: bool,
}

/// Why a system security plan cannot be compared with the profile that it imports.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
#[non_exhaustive]
pub enum ImportedProfileError {
    #[error("{document} is a {model}, and only a system security plan imports one profile")]
    NotAPlan { document: String, model: Model },
    #[error("{plan} has no import-profile; name the profile to compare it with")]
    None { plan: String },
    #[error(
        "{plan} imports the profile `{href:.200}`, which is not among the documents: {problem}; \
         load it, or name the profile to compare it with"
    )]
    NotLoaded {
        plan: String,
        href: String,
        problem: String,
    },
}

/// The profile, or resolved catalog, that a system security plan imports.
///
/// # Errors
///
/// The plan imports none, or one that is not among the documents.
pub fn imported_profile<'a>(
    view: &LibraryView<'a>,
    plan: &'a Document,
) -> Result<ImportedProfile<'a>, ImportedProfileError> {
    let model = plan.info().model;
    if model != Model::SystemSecurityPlan {
        let document = name(plan);
        return Err(ImportedProfileError::NotAPlan { document, model });
    }
    let plan_name = || name(plan);
    let hrefs = SourceHrefs::of(plan);
    let Some(href) = hrefs.of_plan() else {
        return Err(ImportedProfileError::None { plan: plan_name() });
    };
    let mut sources = Sources::new(view);
    let number = sources.number(plan, href);
    let resolved = &sources.all[number];
    let Some(document) = resolved.document else {
        return Err(ImportedProfileError::NotLoaded {
            plan: plan_name(),
            href: href.to_owned(),
            problem: resolved.source.problem.clone().unwrap_or_default(),
        });
    };
    Ok(ImportedProfile {
        document,
        guessed: resolved.source.guessed,
    })
}

/// The sources of several documents, each resolved once.
pub(super) struct Sources<'v, 'a> {
    view: &'v LibraryView<'a>,
    locator: Rc<Locator<'v, 'a>>,
    numbers: HashMap<Place<'a>, usize>,
    pub(super) all: Vec<ResolvedSource<'a>>,
    catalogs: HashMap<String, Option<&'a Document>>,
    lineages: Lineages<'v, 'a>,
}

/// Where a reference is: what it refers to depends on the folder, or on the document's back matter.
#[derive(PartialEq, Eq, Hash)]
struct Place<'a> {
    of: &'a str,
    href: String,
}

pub(super) struct ResolvedSource<'a> {
    pub(super) source: ClaimedSource,
    pub(super) document: Option<&'a Document>,
}

impl<'v, 'a> Sources<'v, 'a> {
    pub(super) fn new(view: &'v LibraryView<'a>) -> Self {
        let locator = Rc::new(Locator::new(view));
        Self {
            view,
            locator: Rc::clone(&locator),
            numbers: HashMap::new(),
            all: Vec::new(),
            catalogs: HashMap::new(),
            lineages: Lineages::new(locator),
        }
    }

    /// The number of the source that `href` in a document stands for.
    pub(super) fn number(&mut self, document: &'a Document, href: &str) -> usize {
        let of = match (href.starts_with('#'), document.file().rsplit_once('/')) {
            (true, _) => document.info().id.as_str(),
            (false, Some((folder, _))) => folder,
            (false, None) => "",
        };
        let place = Place {
            of,
            href: href.to_owned(),
        };
        let new = self.all.len();
        let number = *self.numbers.entry(place).or_insert(new);
        if number == new {
            self.all.push(resolved(&self.locator, document, href));
        }
        number
    }

    /// Whether a catalog is what the source is, or is made from, or the other way round. `None` if
    /// the source is not among the documents.
    pub(super) fn is_of(&mut self, number: usize, catalog: &str) -> Option<bool> {
        let source = self.all[number].document?;
        if !self.catalogs.contains_key(catalog) {
            let found = self.view.document(catalog);
            self.catalogs.insert(catalog.to_owned(), found);
        }
        let catalog = self.catalogs.get(catalog).copied().flatten();
        Some(catalog.is_some_and(|catalog| self.lineages.meet(source, catalog)))
    }

    /// The control in the catalogs behind the source, or else in the first catalog that has it.
    pub(super) fn control(
        &mut self,
        number: Option<usize>,
        reference: &str,
    ) -> Option<Control<'a>> {
        let source = number.and_then(|number| self.all[number].document);
        let lineage = source.map(|source| self.lineages.lineage(source));
        let behind = lineage.iter().flat_map(|lineage| &lineage.documents);
        let mut behind = behind.flat_map(|document| document.find_controls(reference));
        let view = self.view;
        behind
            .next()
            .or_else(|| view.find_controls(reference).into_iter().next())
    }
}

fn resolved<'a>(
    locator: &Locator<'_, 'a>,
    document: &'a Document,
    href: &str,
) -> ResolvedSource<'a> {
    let located = locator.locate(document, href);
    let guessed = matches!(located, Located::Guessed(_));
    let found = match located {
        Located::Found(found) | Located::Alike(found) | Located::Guessed(found) => {
            match found.info().model {
                Model::Catalog | Model::Profile => Ok(found),
                model => Err(format!("{} is a {model}", name(found))),
            }
        }
        Located::Missing(wanted) => Err(wanted),
        Located::Ambiguous(candidates) => {
            let names: Vec<_> = candidates.into_iter().take(5).map(name).collect();
            Err(format!("it could be any of {}", names.join(", ")))
        }
    };
    let resource = href.strip_prefix('#');
    let resource = resource.and_then(|uuid| document.resource(uuid));
    let info = found.as_ref().ok().map(|found| found.info());
    ResolvedSource {
        source: ClaimedSource {
            href: href.to_owned(),
            resource: resource.and_then(resource_name),
            document: info.map(|info| info.id.clone()),
            document_title: info.map(|info| info.title.clone()),
            document_version: info.map(|info| info.version.clone()),
            guessed,
            problem: found.as_ref().err().cloned(),
        },
        document: found.ok(),
    }
}

fn resource_name(resource: Resource) -> Option<String> {
    let location = resource.rlinks.into_iter().next().map(|link| link.href);
    resource.title.or(location).or(resource.description)
}
