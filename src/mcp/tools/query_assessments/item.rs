//! A finding, a risk and so on, as the answer shows it.

use std::collections::BTreeMap;

use oscal_documents::{AssessmentItem, AssessmentLink, Inherited};
use serde::Serialize;

use crate::mcp::answer::{Room, cut};

/// The most bytes of text of one answer's items together, and of one of several.
const MAX_TEXT: usize = 10_000;
const MAX_ITEM: usize = 800;

/// The most bytes of a fact, or of a title.
const MAX_FACT: usize = 300;

/// The most that is shown of what is inherited.
const MAX_INHERITED: usize = 60;

/// How much text fits.
pub(super) struct Space {
    pub(super) room: Room,
    of_item: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) kind: String,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) controls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deadline: Option<String>,
    pub(super) text: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) facts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related: Vec<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) inherited: Vec<InheritedPart>,
    pub(super) document: String,
    pub(super) document_title: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) title: String,
}

#[derive(Debug, Serialize)]
pub(super) struct InheritedPart {
    pub(super) control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<String>,
    pub(super) component: String,
    /// inherited, satisfied or described
    pub(super) how: &'static str,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provided: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
}

impl Space {
    pub(super) fn new(is_alone: bool) -> Self {
        Self {
            room: Room::new(MAX_TEXT),
            of_item: if is_alone { MAX_TEXT } else { MAX_ITEM },
        }
    }

    fn fit(&mut self, mut text: String, most: usize) -> String {
        self.room.fit_within(&mut text, most);
        text
    }
}

impl Item {
    pub(super) fn of(item: AssessmentItem, space: &mut Space) -> Self {
        let of_item = space.of_item;
        let mut facts: BTreeMap<String, String> = BTreeMap::new();
        for (name, fact) in item.facts {
            let mut fact = fact;
            space.room.truncated |= cut(&mut fact, MAX_FACT);
            facts
                .entry(name)
                .and_modify(|known| {
                    known.push_str("; ");
                    known.push_str(&fact);
                })
                .or_insert(fact);
        }
        space.room.truncated |= item.inherited.len() > MAX_INHERITED;
        let inherited = item.inherited.into_iter().take(MAX_INHERITED);
        Self {
            kind: item.kind.to_string(),
            id: item.id,
            label: item.label,
            title: item.title,
            state: item.state,
            reason: item.reason,
            target: item.target,
            controls: item.controls,
            deadline: item.deadline,
            text: space.fit(item.text, of_item),
            facts,
            components: item.components.into_iter().map(Link::of).collect(),
            related: item.related.into_iter().map(Link::of).collect(),
            inherited: inherited
                .map(|part| InheritedPart::of(part, space))
                .collect(),
            document: item.document,
            document_title: item.document_title,
        }
    }
}

impl Link {
    fn of(link: AssessmentLink) -> Self {
        Self {
            kind: link.kind.to_string(),
            id: link.id,
            title: link.title,
        }
    }
}

impl InheritedPart {
    fn of(part: Inherited, space: &mut Space) -> Self {
        Self {
            control: part.control,
            statement: part.statement,
            component: part.component,
            how: part.how,
            text: space.fit(part.text, MAX_FACT),
            provided: part.provided,
            provider: part.provider,
        }
    }
}
