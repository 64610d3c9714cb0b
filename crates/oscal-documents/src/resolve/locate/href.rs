//! The paths that an href may mean.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::formats::Format;

/// A reference to a file.
#[derive(Debug)]
pub(super) struct Href {
    kind: Kind,
    /// The segments of its path, decoded, without `.`. Those of a URL begin with the host.
    segments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// To the importing file, or to a directory around it.
    Relative,
    /// To the root of a workspace, which is a directory around the importing file: `trestle://` of
    /// compliance-trestle, or a path that begins with `/`.
    Rooted,
    /// Of something that is not a file here. Its path may be that of a copy.
    Url,
}

impl Href {
    pub(super) fn of(href: &str) -> Self {
        let path = href.split(['?', '#']).next().unwrap_or("");
        let (kind, path) = match path.split_once("://") {
            Some(("trestle", path)) => (Kind::Rooted, path),
            Some((_, path)) => (Kind::Url, path),
            None if path.starts_with('/') => (Kind::Rooted, path),
            None => (Kind::Relative, path),
        };
        let segments = path.split('/').map(percent_decoded);
        Self {
            kind,
            segments: segments
                .filter(|segment| !matches!(&**segment, "" | "."))
                .collect(),
        }
    }

    pub(super) fn is_rooted(&self) -> bool {
        self.kind == Kind::Rooted
    }

    /// The name of the file, or nothing if the href does not name one.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.segments
            .last()
            .map(|name| &**name)
            .filter(|name| *name != "..")
    }

    /// The uuid that it ends with, as addresses of documents in other tools do.
    pub(super) fn uuid(&self) -> Option<&str> {
        let name = self.file_name()?;
        let stem = Format::stem_of(name);
        Uuid::try_parse(stem).is_ok().then_some(stem)
    }

    /// Its path without the steps up.
    pub(super) fn path(&self) -> String {
        let segments = self.segments.iter().map(|segment| &**segment);
        let segments: Vec<_> = segments.filter(|segment| *segment != "..").collect();
        segments.join("/")
    }

    /// The paths that it means in the file `importer`, the most likely one first.
    pub(super) fn paths(&self, importer: &str) -> Vec<String> {
        let mut directory: Vec<&str> = importer.split('/').collect();
        directory.pop();
        let segments = || self.segments.iter().map(|segment| &**segment);
        let mut paths = Vec::new();
        if self.kind == Kind::Relative {
            let mut path = directory.clone();
            for segment in segments() {
                match segment {
                    // Above the documents directory, nothing is known.
                    ".." if path.pop().is_none() => return Vec::new(),
                    ".." => {}
                    segment => path.push(segment),
                }
            }
            paths.push(path.join("/"));
            // Some producers write paths from the root of their workspace. A file name alone is
            // not one.
            let is_path = self.segments.len() > 1 && segments().all(|segment| segment != "..");
            if !is_path || directory.pop().is_none() {
                return paths;
            }
        }
        if self.kind == Kind::Url || segments().any(|segment| segment == "..") {
            return paths;
        }
        loop {
            let path = directory.iter().copied().chain(segments());
            paths.push(path.collect::<Vec<_>>().join("/"));
            if directory.pop().is_none() {
                return paths;
            }
        }
    }
}

/// The path, and the paths under which producers publish the same document: in another format, in a
/// folder named after that, and minified (`x-min.json`).
pub(super) fn forms(path: &str) -> Vec<String> {
    const EXTENSIONS: [&str; 4] = ["json", "yaml", "yml", "xml"];
    let mut forms = vec![path.to_owned()];
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let Some((stem, extension)) = file.rsplit_once('.') else {
        return forms;
    };
    if !EXTENSIONS.contains(&extension) {
        return forms;
    }
    let join = |directory: &str, stem: &str, extension: &str| match directory {
        "" => format!("{stem}.{extension}"),
        directory => format!("{directory}/{stem}.{extension}"),
    };
    let outer = directory.strip_suffix(extension);
    let outer = outer.filter(|outer| outer.is_empty() || outer.ends_with('/'));
    let minified = stem.strip_suffix("-min");
    let other = minified.map_or_else(|| format!("{stem}-min"), str::to_owned);
    for known in EXTENSIONS {
        let folder = outer.map(|outer| format!("{outer}{known}"));
        let folder = folder.filter(|_| known != extension);
        let mut add = |stem: &str| {
            forms.push(join(directory, stem, known));
            forms.extend(folder.as_deref().map(|folder| join(folder, stem, known)));
        };
        if known != extension {
            add(stem);
        }
        if known == "json" || minified.is_some() {
            add(&other);
        }
    }
    forms
}

fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hrefs_mean_paths() {
        for (href, importer, expected) in [
            ("c.json", "p.json", "c.json"),
            ("./c%20d.json?raw=1#top", "a/b/p.json", "a/b/c d.json"),
            ("../x/c.json", "a/b/p.json", "a/x/c.json"),
            ("../../x/c.json", "b/p.json", ""),
            ("x/c.json", "a/b/p.json", "a/b/x/c.json a/x/c.json x/c.json"),
            ("x/c.json", "p.json", "x/c.json"),
            (
                "trestle://x/c.json",
                "a/b/p.json",
                "a/b/x/c.json a/x/c.json x/c.json",
            ),
            ("/c.json", "a/p.json", "a/c.json c.json"),
            ("https://example.org/x/c.json", "a/p.json", ""),
            ("trestle://../c.json", "a/p.json", ""),
        ] {
            assert_eq!(Href::of(href).paths(importer).join(" "), expected, "{href}");
        }
    }

    #[test]
    fn an_address_may_end_with_a_uuid() {
        let uuid = "5f0c3b1a-1111-4111-8111-111111111111";
        for (href, found) in [
            (format!("https://example.org/api/catalogs/{uuid}"), true),
            (format!("catalogs/{uuid}.json?download"), true),
            (format!("{uuid}/catalog.json"), false),
            (format!("catalogs/of-{uuid}"), false),
        ] {
            assert_eq!(Href::of(&href).uuid(), found.then_some(uuid), "{href}");
        }
    }

    #[test]
    fn documents_are_published_in_several_forms() {
        for (path, expected) in [
            ("a/c.json", "a/c.json a/c-min.json a/c.yaml a/c.yml a/c.xml"),
            (
                "c-min.json",
                "c-min.json c.json c-min.yaml c.yaml c-min.yml c.yml c-min.xml c.xml",
            ),
            (
                "x/xml/c.xml",
                "x/xml/c.xml x/xml/c.json x/json/c.json x/xml/c-min.json x/json/c-min.json \
                 x/xml/c.yaml x/yaml/c.yaml x/xml/c.yml x/yml/c.yml",
            ),
            (
                "xml/c.yaml",
                "xml/c.yaml xml/c.json xml/c-min.json xml/c.yml xml/c.xml",
            ),
            ("c.xlsx", "c.xlsx"),
            ("c", "c"),
        ] {
            assert_eq!(forms(path).join(" "), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_href(href in any::<String>(), importer in any::<String>()) {
            let href = Href::of(&href);
            href.paths(&importer);
            forms(&href.path());
        }
    }
}
