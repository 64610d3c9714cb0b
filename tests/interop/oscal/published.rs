//! Resolved profiles equal the resolved catalogs that their publishers made of them: NIST, FedRAMP
//! and Canada's CCCS.

use std::{
    fs,
    path::{Path, PathBuf},
};

use oscal_documents::{Control, Document, Library, Limits, ParamValues, Resolved, resolve_profile};

use super::CATALOG;
use crate::environment;

const NIST: &str = "usnistgov+oscal-content/json/usnistgov+oscal-content/nist.gov/SP800-53";
const FEDRAMP: &str =
    "GSA+fedramp-automation/json/GSA+fedramp-automation/dist/content/REV/baselines/json";
const CCCS: &str = "aws-samples+cccs-oscal-samples/json/aws-samples+cccs-oscal-samples";

/// What a publisher made of a profile, and how it may differ from what we make of it.
struct Published {
    /// The folder of the profile and of the resolved catalog.
    folder: String,
    profile: String,
    resolved: String,
    text: Text,
}

/// How far texts can be compared.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    /// Both are of the same edition of the catalog.
    Same,
    /// The publisher used an earlier edition of the catalog than is at hand, so that some texts
    /// differ. At most this many controls do: SA-4, SA-5, SI-2, and for FedRAMP SR-1.
    Earlier(usize),
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn resolved_profiles_equal_the_published_catalogs() {
    let (Some(field), Some(nist)) = (
        environment::field_documents(),
        environment::nist_documents(),
    ) else {
        return;
    };
    let catalogs = catalogs(&field, &nist);
    let mut wrong = Vec::new();
    for published in published() {
        let differences = published.differences(&field, &catalogs);
        let (name, texts) = (&published.profile, differences.texts.len());
        let (controls, implied) = (differences.controls, differences.implied);
        report(&format!(
            "{name}: {controls} controls and {implied} implied, {texts} with other text: {}",
            differences.texts.join(", ")
        ));
        wrong.extend(differences.ids.map(|ids| format!("{name}: {ids}")));
        let allowed = match published.text {
            Text::Same => 0,
            Text::Earlier(texts) => texts,
        };
        if texts > allowed {
            wrong.push(format!("{name}: {texts} controls have other text"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[expect(clippy::print_stderr, reason = "differences must be seen")]
fn report(line: &str) {
    eprintln!("{line}");
}

fn published() -> Vec<Published> {
    let mut all = Vec::new();
    for (rev, baselines, text) in [
        ("rev4", &["LOW", "MODERATE", "HIGH"], Text::Same),
        ("rev5", &["LOW", "MODERATE", "PRIVACY"], Text::Earlier(3)),
    ] {
        for baseline in baselines {
            let name = format!("NIST_SP-800-53_{rev}_{baseline}-baseline");
            all.push(Published::of(&format!("{NIST}/{rev}/json"), &name, text));
        }
    }
    for (rev, baselines, text) in [
        ("rev4", &["LI-SaaS", "LOW", "MODERATE"][..], Text::Same),
        ("rev5", &["LI-SaaS", "LOW"][..], Text::Earlier(4)),
    ] {
        for baseline in baselines {
            let name = format!("FedRAMP_{rev}_{baseline}-baseline");
            all.push(Published::of(&FEDRAMP.replace("REV", rev), &name, text));
        }
    }
    for name in [
        "cloud-medium",
        "itsp.10.033-01",
        "itsp.10.171",
        "medium+pbhva",
        "pbhva-overlay",
        "saas-fedramp",
    ] {
        all.push(Published {
            folder: CCCS.to_owned(),
            profile: format!("profiles/cccs-{name}-profile/cccs-{name}-profile.json"),
            resolved: format!("profiles/cccs-{name}-profile/cccs-{name}-resolved.json"),
            text: Text::Same,
        });
    }
    all
}

/// The catalogs that profiles import from elsewhere, by name. NIST's rev 4 is at hand only in its
/// minified form.
fn catalogs(field: &Path, nist: &Path) -> Vec<(String, String)> {
    let rev4 = field
        .join(NIST)
        .join("rev4/json/NIST_SP-800-53_rev4_catalog-min.json");
    [
        ("NIST_SP-800-53_rev4_catalog.json", rev4),
        (CATALOG, nist.join(CATALOG)),
    ]
    .map(|(name, path)| (name.to_owned(), text(&path)))
    .into()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[derive(Default)]
struct Differences {
    controls: usize,
    /// How many controls only contain selected ones.
    implied: usize,
    /// How the ids or their order differ.
    ids: Option<String>,
    /// The controls whose text differs.
    texts: Vec<String>,
}

impl Published {
    fn of(folder: &str, name: &str, text: Text) -> Self {
        Self {
            folder: folder.to_owned(),
            profile: format!("{name}_profile.json"),
            resolved: format!("{name}-resolved-profile_catalog.json"),
            text,
        }
    }

    fn differences(&self, field: &Path, catalogs: &[(String, String)]) -> Differences {
        let folder = field.join(&self.folder);
        let mut files = catalogs.to_vec();
        if self.folder == CCCS {
            let own = json_files(&folder).into_iter();
            let own = own.map(|path| (relative(&path, &folder), text(&path)));
            files.extend(own.filter(|(name, _)| !name.ends_with("-resolved.json")));
        } else {
            files.push((self.profile.clone(), text(&folder.join(&self.profile))));
        }
        let directory = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            fs::write(path, text).expect("written");
        }
        let folder_of_all = Some(directory.path());
        let library = Library::load(&[], folder_of_all, Limits::default()).expect("loads");
        let view = library.view(|_| true);
        let profile = view.documents().find(|d| d.file() == self.profile);
        let profile = profile.unwrap_or_else(|| panic!("no {}", self.profile));
        let resolved = resolve_profile(&view, profile, None)
            .unwrap_or_else(|error| panic!("{}: {error}", self.profile));
        let ours = resolved.document().expect("a catalog");
        let theirs = Document::parse("published", text(&folder.join(&self.resolved)), false);
        let in_order = self.folder != CCCS;
        compared(&resolved, &ours, &theirs.expect("a catalog"), in_order)
    }
}

fn compared(
    resolved: &Resolved<'_>,
    ours: &Document,
    theirs: &Document,
    in_order: bool,
) -> Differences {
    // Under `as-is`, a control that contains a selected one stays, marked as implied. NIST publishes
    // it, CCCS' tool leaves it out, and has an order of its own.
    let mut their_ids: Vec<_> = theirs.controls().map(Control::id).collect();
    let with_implied = resolved.controls.len() == their_ids.len();
    let selected = resolved.controls.iter();
    let selected = selected.filter(|control| with_implied || !control.implied);
    let mut our_ids: Vec<_> = selected.map(|selected| selected.control.id()).collect();
    if !in_order {
        our_ids.sort_unstable();
        their_ids.sort_unstable();
    }
    let mut differences = Differences {
        controls: our_ids.len(),
        implied: resolved.controls.iter().filter(|c| c.implied).count(),
        ..Differences::default()
    };
    if our_ids != their_ids {
        let lacks = |one: &[&str], other: &[&str]| -> Vec<String> {
            let lacking = other.iter().filter(|id| !one.contains(id));
            lacking.map(|id| (*id).to_owned()).collect()
        };
        differences.ids = Some(format!(
            "we have {} controls, they {}; we lack {:?}, they lack {:?}",
            our_ids.len(),
            their_ids.len(),
            lacks(&our_ids, &their_ids),
            lacks(&their_ids, &our_ids),
        ));
    }
    for control in ours.controls() {
        if let Some(other) = theirs.control(control.id())
            && texts(control) != texts(other)
        {
            differences.texts.push(control.id().to_owned());
        }
    }
    differences
}

/// Title, and the texts of all parts with parameters filled in. Editions differ in spaces.
fn texts(control: Control<'_>) -> (String, Vec<(String, String)>) {
    let view = control.view(&ParamValues::new());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = view.parts.iter();
    let parts = parts.map(|part| (part.name.clone(), words(&part.text)));
    (view.title, parts.collect())
}

fn relative(path: &Path, folder: &Path) -> String {
    let path = path.strip_prefix(folder).expect("within the folder");
    path.to_string_lossy().into_owned()
}

/// The JSON files in a folder, at any depth.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
