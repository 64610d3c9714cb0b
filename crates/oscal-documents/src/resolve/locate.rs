//! Which loaded document an import refers to. Nothing is ever fetched or opened.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::document::Document;
use crate::document::model::Model;
use crate::library::view::LibraryView;

/// How many links of a resource are considered.
const MAX_LINKS: usize = 32;

/// What an import refers to.
pub(crate) enum Located<'a> {
    Found(&'a Document),
    /// What was looked for.
    Missing(String),
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

/// Finds the document that `href` refers to in a profile: by uuid, by file name, or by file name
/// with another extension.
pub(crate) fn locate<'a>(view: &LibraryView<'a>, profile: &Document, href: &str) -> Located<'a> {
    let Some(fragment) = href.strip_prefix('#') else {
        return by_links(view, &[href]);
    };
    let resource = profile.resource_json(fragment);
    let resource = resource.and_then(|json| serde_json::from_str::<Resource>(json).ok());
    let Some(mut resource) = resource else {
        let found = by_uuid(view, fragment);
        let missing = || Located::Missing("the profile has no such resource".to_owned());
        return found.map_or_else(missing, Located::Found);
    };
    let ids = resource.document_ids.iter().take(MAX_LINKS);
    if let Some(found) = ids.filter_map(|id| by_uuid(view, &id.identifier)).next() {
        return Located::Found(found);
    }
    resource.rlinks.sort_by_key(|link| !link.is_json());
    resource.rlinks.truncate(MAX_LINKS);
    let hrefs: Vec<_> = resource
        .rlinks
        .iter()
        .map(|link| link.href.as_str())
        .collect();
    match by_links(view, &hrefs) {
        Located::Missing(wanted) => {
            by_uuid(view, fragment).map_or(Located::Missing(wanted), Located::Found)
        }
        located => located,
    }
}

impl ResourceLink {
    fn is_json(&self) -> bool {
        self.media_type.contains("json") || self.href.ends_with(".json")
    }
}

fn by_links<'a>(view: &LibraryView<'a>, hrefs: &[&str]) -> Located<'a> {
    let names: Vec<Vec<String>> = hrefs.iter().map(|href| segments(href)).collect();
    let found = hrefs.iter().find_map(|href| by_uuid(view, href));
    if let Some(found) = found {
        return Located::Found(found);
    }
    // In another format, the same document has another extension.
    let as_json = names.iter().filter_map(|name| {
        let mut name = name.clone();
        let last = name.first_mut()?;
        let stem = ["xml", "yaml", "yml"].into_iter().find_map(|extension| {
            let stem = last.strip_suffix(extension)?;
            stem.ends_with('.').then(|| stem.to_owned())
        })?;
        *last = stem + "json";
        Some(name)
    });
    for name in names.iter().cloned().chain(as_json) {
        let found = by_path(view, &name);
        match found[..] {
            [] => {}
            [found] => return Located::Found(found),
            _ => return Located::Ambiguous(found),
        }
    }
    let mut files: Vec<_> = names.iter().filter_map(|name| name.first()).collect();
    files.dedup();
    Located::Missing(match files[..] {
        [] => "the profile does not say where it is".to_owned(),
        _ => {
            let files: Vec<_> = files
                .iter()
                .take(5)
                .map(|file| format!("`{file:.100}`"))
                .collect();
            format!("no document has the file name {}", files.join(" or "))
        }
    })
}

/// The document with this uuid, which may be written as `urn:uuid:`.
fn by_uuid<'a>(view: &LibraryView<'a>, text: &str) -> Option<&'a Document> {
    view.document(text.strip_prefix("urn:uuid:").unwrap_or(text))
}

/// The documents with this file name. Catalogs and profiles come before others, and then those that
/// share the most of the path. In `path`, the name comes first.
fn by_path<'a>(view: &LibraryView<'a>, path: &[String]) -> Vec<&'a Document> {
    let rank = |document: &Document| {
        let same = document.file().rsplit('/').zip(path);
        let length = same.take_while(|(a, b)| a == b).count();
        let importable = matches!(document.info().model, Model::Catalog | Model::Profile);
        (length > 0).then_some((importable, length))
    };
    let best = view.documents().filter_map(rank).max();
    let found = view.documents();
    found
        .filter(|document| best.is_some() && rank(document) == best)
        .collect()
}

/// The segments of a URL's path, decoded, last one first.
fn segments(href: &str) -> Vec<String> {
    let path = href.split(['?', '#']).next().unwrap_or("");
    let path = path.split_once("://").map_or(path, |(_, path)| path);
    let segments = path.rsplit('/').map(percent_decoded);
    segments
        .filter(|segment| !matches!(segment.as_str(), "" | "." | ".."))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_segment_comes_first() {
        for (href, expected) in [
            ("../a%20b/c.json", "c.json|a b"),
            (
                "https://example.org/x/c.json?raw=1#top",
                "c.json|x|example.org",
            ),
            ("./c%2", "c%2"),
            ("%zz%41", "%zzA"),
            ("", ""),
        ] {
            assert_eq!(segments(href).join("|"), expected, "{href}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_href(href in any::<String>()) {
            segments(&href);
        }
    }
}
