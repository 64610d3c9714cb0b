//! Which loaded document an import refers to. Nothing is ever fetched or opened.

mod files;
mod href;

use serde::Deserialize;

use crate::document::Document;
use crate::document::model::Model;
use crate::json::salvage;
use crate::library::view::LibraryView;
use crate::resolve::locate::files::Files;
use crate::resolve::locate::href::Href;

/// How many links of a resource are considered.
const MAX_LINKS: usize = 32;

/// What an import refers to.
pub(crate) enum Located<'a> {
    /// The document at the imported path, or with the imported uuid.
    Found(&'a Document),
    /// A document whose path ends like the imported one, directories included.
    Alike(&'a Document),
    /// The only document with the imported file name.
    Guessed(&'a Document),
    /// What was looked for.
    Missing(String),
    /// Documents with the file name that the import names. Possibly none of them is meant.
    Ambiguous(Vec<&'a Document>),
}

/// Where a resource of the back matter says it is located.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Resource {
    #[serde(default)]
    rlinks: Vec<ResourceLink>,
    #[serde(default)]
    document_ids: Vec<DocumentId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ResourceLink {
    href: String,
    #[serde(default)]
    media_type: String,
}

#[derive(Deserialize)]
struct DocumentId {
    identifier: String,
}

/// Finds the documents that imports refer to.
pub(crate) struct Locator<'v, 'a> {
    view: &'v LibraryView<'a>,
    files: Files<'a>,
}

impl<'v, 'a> Locator<'v, 'a> {
    pub(crate) fn new(view: &'v LibraryView<'a>) -> Self {
        Self {
            view,
            files: Files::of(view),
        }
    }

    /// Finds the document that `href` refers to in `importer`: by its path, by uuid, by the end of
    /// its path, or as a last resort by its file name.
    pub(crate) fn locate(&self, importer: &Document, href: &str) -> Located<'a> {
        let Some(fragment) = href.strip_prefix('#') else {
            return self.by_links(importer, &[href], &[href]);
        };
        let resource = importer.resource_json(fragment);
        let resource = resource.and_then(|json| salvage::value::<Resource>(json, |_malformed| {}));
        let Some(mut resource) = resource else {
            let missing =
                || Located::Missing("the importing document has no such resource".to_owned());
            return self.by_uuid(fragment).map_or_else(missing, Located::Found);
        };
        resource.rlinks.sort_by_key(|link| !link.is_json());
        let hrefs = resource.rlinks.iter().map(|link| &*link.href);
        let hrefs: Vec<_> = hrefs.take(MAX_LINKS).collect();
        let ids = resource.document_ids.iter().take(MAX_LINKS);
        let ids = ids.map(|id| &*id.identifier);
        let uuids: Vec<_> = ids.chain(hrefs.iter().copied()).chain([fragment]).collect();
        self.by_links(importer, &hrefs, &uuids)
    }

    fn by_links(&self, importer: &Document, links: &[&str], uuids: &[&str]) -> Located<'a> {
        let hrefs: Vec<_> = links.iter().copied().map(Href::of).collect();
        let found = self.files.exact(importer, &hrefs);
        let by_uuid = || uuids.iter().find_map(|text| self.by_uuid(text));
        let by_address = || {
            hrefs
                .iter()
                .find_map(|href| self.view.document(href.uuid()?))
        };
        if let Some(found) = found.or_else(by_uuid).or_else(by_address) {
            return Located::Found(found);
        }
        let alike = self.files.alike(importer, &hrefs);
        match alike[..] {
            [] => {}
            [alike] => return Located::Alike(alike),
            _ => return Located::Ambiguous(alike),
        }
        let candidates = self.files.same_name(importer, &hrefs);
        match candidates[..] {
            [] => Located::Missing(not_found(&hrefs)),
            [one] if hrefs.iter().any(can_be_guessed) => Located::Guessed(one),
            _ => Located::Ambiguous(candidates),
        }
    }

    /// The document with this uuid, which may be written as `urn:uuid:`.
    fn by_uuid(&self, text: &str) -> Option<&'a Document> {
        let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
        self.view.document(text)
    }
}

impl ResourceLink {
    fn is_json(&self) -> bool {
        self.media_type.contains("json") || self.href.ends_with(".json")
    }
}

/// Whether the file name alone is a clue. Tools such as compliance-trestle call every catalog
/// `catalog.json`, and a path within a workspace is either exact or wrong.
fn can_be_guessed(href: &Href) -> bool {
    let Some((stem, _)) = href.file_name().and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    let stem = stem.strip_suffix("-min").unwrap_or(stem);
    !href.is_rooted() && Model::from_root_key(stem).is_none()
}

fn not_found(hrefs: &[Href]) -> String {
    let mut files: Vec<_> = hrefs.iter().filter_map(Href::file_name).collect();
    files.dedup();
    if files.is_empty() {
        return "the import does not say where it is".to_owned();
    }
    let files = files.iter().take(5).map(|file| format!("`{file:.100}`"));
    let files: Vec<_> = files.collect();
    format!("no document has the file name {}", files.join(" or "))
}
