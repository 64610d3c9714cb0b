//! Whether what the caller names exists, and what is near if it does not.

use oscal_documents::{
    Document, ImplementationFilter, ImplementationKind, LibraryView, Model, components,
    implementations,
};
use strsim::damerau_levenshtein;

use crate::mcp::answer::{ToolError, advice, shortened};

/// The most near matches in an error.
const MAX_NEAR: usize = 5;

/// Whether there is a document that can implement something.
pub(super) fn check_documents(
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
    named: Option<&Document>,
) -> Result<(), ToolError> {
    if let Some(info) = named.map(Document::info)
        && !matches!(
            info.model,
            Model::ComponentDefinition | Model::SystemSecurityPlan
        )
    {
        return Err(ToolError::ImplementsNothing {
            document: shortened(&info.title),
            model: info.model,
        });
    }
    let is_wanted = |model: Model| match (filter.kind, model) {
        (None | Some(ImplementationKind::Ssp), Model::SystemSecurityPlan) => true,
        (kind, Model::ComponentDefinition) => kind != Some(ImplementationKind::Ssp),
        _ => false,
    };
    let mut models = documents.documents().map(|document| document.info().model);
    if models.any(is_wanted) {
        return Ok(());
    }
    let what = match filter.kind {
        None => "no component definition and no system security plan",
        Some(ImplementationKind::Ssp) => "no system security plan",
        Some(_) => "no component definition",
    };
    Err(ToolError::NoImplementations {
        what,
        advice: advice(documents).unwrap_or("list_documents shows what is loaded"),
    })
}

/// Whether there is such a component.
pub(super) fn check_component(
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
) -> Result<(), ToolError> {
    let Some(component) = filter.component else {
        return Ok(());
    };
    if !components(documents, filter).is_empty() {
        return Ok(());
    }
    // A plan may name a component that it does not describe.
    let undescribed = ImplementationFilter {
        control: None,
        ..filter
    };
    if implementations(documents, undescribed, 0, 0).total > 0 {
        return Ok(());
    }
    let all = ImplementationFilter {
        component: None,
        ..filter
    };
    let titles = components(documents, all)
        .into_iter()
        .map(|component| component.title);
    Err(ToolError::UnknownComponent {
        component: shortened(component),
        near: told(near(component, titles)),
    })
}

/// Whether some catalog has the control, or something implements it.
pub(super) fn check_control(
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
) -> Result<(), ToolError> {
    let Some(control) = filter.control else {
        return Ok(());
    };
    let alone = ImplementationFilter {
        control: filter.control,
        ..ImplementationFilter::default()
    };
    if !documents.find_controls(control).is_empty()
        || implementations(documents, alone, 0, 0).total > 0
    {
        return Ok(());
    }
    Err(unknown_control(documents, control))
}

pub(super) fn unknown_control(documents: &LibraryView<'_>, control: &str) -> ToolError {
    let place = "in the loaded catalogs, and nothing implements it";
    ToolError::no_such_control(control, place, documents)
}

/// The titles that are nearest, or that have a word of the text.
fn near(text: &str, titles: impl Iterator<Item = String>) -> Vec<String> {
    let text = shortened(text).to_lowercase();
    let words: Vec<_> = text
        .split_whitespace()
        .filter(|word| word.len() > 2)
        .collect();
    let mut near: Vec<_> = titles
        .filter_map(|title| {
            let title = shortened(&title);
            let other = title.to_lowercase();
            let shared = words.iter().filter(|word| other.contains(**word)).count();
            let differences = damerau_levenshtein(&text, &other);
            let is_near = shared > 0 || differences * 2 <= other.chars().count();
            is_near.then_some((std::cmp::Reverse(shared), differences, title))
        })
        .collect();
    near.sort();
    near.dedup();
    let near = near.into_iter().take(MAX_NEAR);
    near.map(|(.., title)| title)
        .filter(|title| !title.is_empty())
        .collect()
}

fn told(near: Vec<String>) -> String {
    match near[..] {
        [] => "list_documents shows what is loaded".to_owned(),
        _ => format!("near it: {}", near.join(", ")),
    }
}
