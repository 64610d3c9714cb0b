//! Completion of ids in prompts and resource templates, over the documents that the caller sees.

use std::{cmp::Reverse, collections::HashSet};

use oscal_documents::{Control, Document, LibraryView, Model, control_key};
use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
};

use super::{
    answer::{document, shortened},
    prompts,
    resource_uri::Form,
    resources,
};

/// Only this many characters of a value are examined.
const MAX_VALUE: usize = 200;

/// What an argument stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Control,
    Document,
    /// A document of this model.
    Of(Model),
    /// A document that has controls.
    Catalog,
    /// A form of resources.
    Form,
    /// Free text, without suggestions.
    Text,
}

/// Values for what the user has typed so far: first those that begin with it, then those with its
/// words in the title.
pub(super) fn complete(
    documents: &LibraryView<'_>,
    request: &CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let kind = kind(&request.r#ref, &request.argument.name)?;
    let typed = Typed::of(&request.argument.value);
    let context = request.context.as_ref();
    let values = match kind {
        Kind::Control => match context.and_then(|context| context.get_argument("id")) {
            Some(id) => control_ids(document(documents, id)?.controls(), &typed),
            None => {
                // Use the order of the most complete catalog: it is the familiar one.
                let mut documents: Vec<_> = documents.documents().collect();
                documents.sort_by_key(|document| Reverse(document.controls().len()));
                control_ids(documents.into_iter().flat_map(Document::controls), &typed)
            }
        },
        Kind::Document => document_ids(documents.documents(), &typed),
        Kind::Of(model) => {
            let of_model = documents.documents().filter(|d| d.info().model == model);
            document_ids(of_model, &typed)
        }
        Kind::Catalog => {
            let catalogs = documents.documents().filter(|d| d.controls().len() > 0);
            document_ids(catalogs, &typed)
        }
        Kind::Form => Form::NAMES
            .map(|(name, _)| name)
            .into_iter()
            .filter(|name| name.starts_with(&typed.lower))
            .collect(),
        Kind::Text => Vec::new(),
    };
    Ok(CompleteResult::new(first(values)))
}

fn kind(reference: &Reference, argument: &str) -> Result<Kind, ErrorData> {
    let kind = match reference {
        Reference::Prompt(prompt) => {
            let prompt = prompts::find(&prompt.name)?;
            let has_argument = prompt.arguments.iter().any(|a| a.name == argument);
            has_argument.then_some(match argument {
                "control" => Kind::Control,
                "profile" => Kind::Of(Model::Profile),
                "ssp" => Kind::Of(Model::SystemSecurityPlan),
                _ => Kind::Text,
            })
        }
        Reference::Resource(template) => match (without_form(&template.uri), argument) {
            (resources::DOCUMENT, "id") => Some(Kind::Document),
            (resources::CONTROL, "id") => Some(Kind::Catalog),
            (resources::CONTROL, "control") => Some(Kind::Control),
            (resources::DOCUMENT | resources::CONTROL, "format") => Some(Kind::Form),
            (resources::DOCUMENT | resources::CONTROL, _) => None,
            (other, _) => {
                let message = format!(
                    "no template {:?}; resources/templates/list shows them",
                    shortened(other)
                );
                return Err(ErrorData::invalid_params(message, None));
            }
        },
        // rmcp may add variants to this enum.
        _ => None,
    };
    kind.ok_or_else(|| {
        let message = format!("there is no argument {:?}", shortened(argument));
        ErrorData::invalid_params(message, None)
    })
}

/// A template as it was before resources had forms, which a client may still use.
fn without_form(template: &str) -> &str {
    template.strip_suffix(resources::FORM).unwrap_or(template)
}

/// What the user has typed, in the forms used for comparison.
struct Typed {
    lower: String,
    key: String,
    /// Whether a separator ends the last number or word, as in `AC-2(`.
    is_closed: bool,
    words: Vec<String>,
}

impl Typed {
    fn of(value: &str) -> Self {
        let value = value.trim().chars().take(MAX_VALUE);
        let lower: String = value.flat_map(char::to_lowercase).collect();
        let mut key = control_key(&lower);
        // `AC-0` may be the start of `AC-02`.
        if key.ends_with(".0") {
            key.pop();
        }
        Self {
            key,
            is_closed: lower.ends_with(|c: char| !c.is_alphanumeric()),
            words: words(&lower).map(str::to_owned).collect(),
            lower,
        }
    }

    fn begins_control(&self, control: Control<'_>) -> bool {
        if self.key.is_empty() {
            return self.lower.is_empty();
        }
        let mut names = control.label().into_iter().chain([control.id()]);
        names.any(|name| {
            let name = control_key(name);
            let rest = name.strip_prefix(&self.key);
            rest.is_some_and(|rest| !self.is_closed || rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Whether each typed word begins a word of the title.
    fn is_in(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        let begins = |word: &String| words(&title).any(|of_title| of_title.starts_with(word));
        !self.words.is_empty() && self.words.iter().all(begins)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Each id once: several documents may have the same control.
fn control_ids<'a>(controls: impl Iterator<Item = Control<'a>>, typed: &Typed) -> Vec<&'a str> {
    let (mut begin, mut titled) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for control in controls {
        if seen.contains(control.id()) {
            continue;
        }
        if typed.begins_control(control) {
            begin.push(control.id());
        } else if typed.is_in(control.title()) {
            titled.push(control.id());
        } else {
            continue;
        }
        seen.insert(control.id());
    }
    begin.append(&mut titled);
    begin
}

fn document_ids<'a>(documents: impl Iterator<Item = &'a Document>, typed: &Typed) -> Vec<&'a str> {
    documents
        .map(Document::info)
        .filter(|info| info.id.starts_with(&typed.lower) || typed.is_in(&info.title))
        .map(|info| info.id.as_str())
        .collect()
}

fn first(values: Vec<&str>) -> CompletionInfo {
    let mut info = CompletionInfo::default();
    info.total = Some(u32::try_from(values.len()).unwrap_or(u32::MAX));
    info.has_more = Some(values.len() > CompletionInfo::MAX_VALUES);
    let values = values.into_iter().take(CompletionInfo::MAX_VALUES);
    info.values = values.map(str::to_owned).collect();
    info
}
