//! The OSCAL tools with NIST's own documents.

mod assessments;
mod bounds;
mod coverage;
mod editions;
mod evidence;
mod fedramp;
mod fetched_content;
mod field;
mod formats;
mod inspector;
mod lookup;
mod mappings;
mod published;
mod resolution;
mod search_quality;
mod session;

pub(crate) use self::inspector::Inspector;

use std::path::{Path, PathBuf};

use oscal_documents::{Document, Library, Limits};
use serde_json::Value;

use crate::{environment, support};

/// NIST SP 800-53 rev 5.2.0, with 1,196 controls.
const CATALOG: &str = "NIST_SP-800-53_rev5_catalog.json";
const CONTROLS: usize = 1196;

/// NIST's documents and a server that serves them.
struct Nist {
    folder: PathBuf,
    library: Library,
}

impl Nist {
    fn load() -> Option<Self> {
        Some(Self::of(&environment::nist_documents()?))
    }

    fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            library: Library::load(&[], Some(folder), Limits::default()).expect("a folder"),
        }
    }

    /// The document in the file `name`.
    fn document(&self, name: &str) -> &Document {
        let view = self.library.view(|_| true);
        let mut documents = view.documents();
        documents
            .find(|document| document.file() == name)
            .unwrap_or_else(|| panic!("no {name} in {}", self.folder.display()))
    }

    fn catalog(&self) -> &Document {
        self.document(CATALOG)
    }

    /// NIST's profile of a baseline: LOW, MODERATE, HIGH or PRIVACY.
    fn profile(&self, baseline: &str) -> &Document {
        self.document(&format!(
            "NIST_SP-800-53_rev5_{baseline}-baseline_profile.json"
        ))
    }

    /// The flags that make a server serve these documents.
    fn flags(&self) -> [String; 2] {
        let folder = self.folder.display();
        [
            format!("--documents-dir={folder}"),
            format!("--schemas-dir={folder}/schemas"),
        ]
    }

    /// A server's answers to these requests over stdio.
    fn answers(&self, requests: &[Value]) -> Vec<Value> {
        let [documents, schemas] = self.flags();
        let (mut answers, _) = support::over_stdio(&[&documents, &schemas], &[], requests);
        answers.remove(0);
        answers
    }
}

/// The structured content of a tool's answer.
fn content(answer: &Value) -> &Value {
    let content = &answer["result"]["structuredContent"];
    assert!(content.is_object(), "{answer}");
    content
}
