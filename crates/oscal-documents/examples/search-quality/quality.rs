//! The questions, and where search puts their answers. The interop tests use this file, too.

use std::fmt;

use oscal_documents::{Document, Hit, LibraryView, Model, Query};

const QUESTIONS: &str = include_str!("questions.tsv");
const WRITTEN_AFTER: &str = include_str!("questions-after.tsv");

/// How many hits are looked at.
const HITS: usize = 50;

/// A document that questions are about.
pub(crate) struct Scope {
    pub(crate) name: &'static str,
    model: Model,
    /// How its title starts.
    title: &'static str,
}

/// The documents that questions are about.
pub(crate) const SCOPES: [Scope; 3] = [
    Scope {
        name: "sp800-53",
        model: Model::Catalog,
        title: "Electronic (OSCAL) Version of NIST SP 800-53 Rev 5",
    },
    Scope {
        name: "cis-openshift",
        model: Model::Catalog,
        title: "CIS Red Hat OpenShift",
    },
    Scope {
        name: "ssp",
        model: Model::SystemSecurityPlan,
        title: "Managed SOC Service",
    },
];

impl Scope {
    /// The id of the document, if it is loaded.
    pub(crate) fn document<'a>(&self, view: &LibraryView<'a>) -> Option<&'a str> {
        let is_meant = |document: &&Document| {
            let info = document.info();
            info.model == self.model && info.title.starts_with(self.title)
        };
        let largest = view.documents().filter(is_meant);
        let largest = largest.max_by_key(|document| document.json().len())?;
        Some(&largest.info().id)
    }
}

/// Whether a question may be used for tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Tune,
    HeldOut,
    /// Held out, and written after the vocabulary was.
    After,
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tune => "tuned on",
            Self::HeldOut => "held out",
            Self::After => "held out, written after",
        })
    }
}

/// A question and the ids of the controls that answer it.
pub(crate) struct Question {
    pub(crate) scope: &'static str,
    pub(crate) text: String,
    pub(crate) ids: Vec<&'static str>,
    pub(crate) half: Half,
}

/// All questions: every other one of each file is held out.
pub(crate) fn questions() -> Vec<Question> {
    let halves = [Half::Tune, Half::HeldOut].into_iter().cycle();
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    let question = |(line, half): (&'static str, Half)| {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        Question {
            scope: column(),
            text: column().to_owned(),
            ids: column().split(' ').collect(),
            half,
        }
    };
    let first = lines(QUESTIONS).zip(halves);
    let halves = [Half::Tune, Half::After].into_iter().cycle();
    let after = lines(WRITTEN_AFTER).zip(halves);
    first.chain(after).map(question).collect()
}

impl Question {
    /// The place of the first right answer; 0 is the first.
    pub(crate) fn place(&self, view: &LibraryView<'_>, document: Option<&str>) -> Option<usize> {
        answers(view, document, &self.text)
            .iter()
            .position(|id| self.ids.contains(&&**id))
    }
}

/// The ids of the controls that the hits are or are about.
pub(crate) fn answers(view: &LibraryView<'_>, document: Option<&str>, text: &str) -> Vec<String> {
    let hits = view.search(&Query {
        text,
        document,
        model: None,
        limit: HITS,
    });
    let control = |hit: Hit| match hit.label {
        Some(control) if hit.model != Model::Catalog => control,
        _ => hit.id,
    };
    hits.items.into_iter().map(control).collect()
}
