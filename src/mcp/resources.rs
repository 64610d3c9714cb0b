//! Documents and controls as resources. A resource is a loaded document or a control in one;
//! reading it opens no file.

use oscal_documents::{Document, LibraryView, Model, ParamValues, to_yaml};
use rmcp::{
    ErrorData,
    model::{
        ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
    },
};
use serde_json::{Value, json};

use super::{
    answer::{advice, cut, markdown, shortened},
    resource_uri::{Form, MalformedUri, Named, ResourceUri, of_document},
};

/// The URI template of documents, without the form that may follow.
pub(super) const DOCUMENT: &str = "oscal://documents/{id}";

/// The URI template of controls, without the form that may follow.
pub(super) const CONTROL: &str = "oscal://documents/{id}/controls/{control}";

/// The end of both templates (RFC 6570 section 3.2.8).
pub(super) const FORM: &str = "{?format}";

const PAGE: usize = 50;

/// The largest document that is sent whole; the SP 800-53 catalog is 4.9 MB.
const MAX_DOCUMENT: usize = 1 << 20;

/// The most bytes of a control's text.
const MAX_CONTROL: usize = 64 << 10;

const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";
/// RFC 9512.
const YAML: &str = "application/yaml";

/// Why a resource cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Malformed(#[from] MalformedUri),
    #[error("no document has the id {0:?}; resources/list shows the documents")]
    UnknownDocument(String),
    #[error("no control {control:?} is in the document {document:?}; {advice}")]
    UnknownControl {
        document: String,
        control: String,
        advice: &'static str,
    },
    #[error("only catalogs can be read as Markdown, and this is a {0}; read it as JSON or YAML")]
    NoMarkdown(Model),
    #[error(
        "the document has {size} bytes, but at most {MAX_DOCUMENT} are sent; use the tools \
         list_controls and get_control, or read a control as \
         oscal://documents/{document}/controls/{{control}}"
    )]
    TooLarge { document: String, size: usize },
}

/// The templates of all resources.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{DOCUMENT}{FORM}"), "document")
            .with_title("OSCAL document")
            .with_description(
                "A document of up to 1 MiB, by its id, as OSCAL JSON; format: json, yaml or, of \
                 catalogs, markdown",
            )
            .with_mime_type(JSON),
        ResourceTemplate::new(format!("{CONTROL}{FORM}"), "control")
            .with_title("Control")
            .with_description(
                "A control of a catalog to read, by id or label in any common notation; format: \
                 markdown, json or yaml",
            )
            .with_mime_type(MARKDOWN),
    ]
}

/// A page of the documents. A cursor is the number of documents before the page.
pub(super) fn list(
    documents: &LibraryView<'_>,
    cursor: Option<&str>,
) -> Result<ListResourcesResult, ErrorData> {
    let offset = cursor.map_or(Some(0), |cursor| cursor.parse().ok());
    let offset: usize = offset.ok_or_else(|| {
        let message = "no such cursor; begin again without one";
        ErrorData::invalid_params(message, None)
    })?;
    let page = documents.documents().skip(offset).take(PAGE);
    let mut result = ListResourcesResult::with_all_items(page.map(resource).collect());
    let end = offset.saturating_add(PAGE);
    result.next_cursor = (end < documents.documents().len()).then(|| end.to_string());
    Ok(result)
}

fn resource(document: &Document) -> Resource {
    let info = document.info();
    let mut description = info.model.to_string();
    for (what, value) in [
        ("version", &info.version),
        ("OSCAL", &info.oscal_version),
        ("last modified", &info.last_modified),
    ] {
        if !value.is_empty() {
            description += &format!(", {what} {value}");
        }
    }
    if let Some(newer) = &info.superseded_by {
        description += &format!(", older revision of {newer}");
    }
    Resource::new(of_document(&info.id), &info.id)
        .with_title(&info.title)
        .with_description(description)
        .with_mime_type(JSON)
        .with_size(document.json().len() as u64)
}

/// The resource that a client named.
pub(super) fn read(
    documents: &LibraryView<'_>,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    let (mime_type, text) = contents(documents, uri).map_err(|error| {
        let message = error.to_string();
        // MCP 2026-07-28: whatever is wrong, the error names the URI.
        let data = Some(json!({"uri": uri}));
        match error {
            ReadError::UnknownDocument(_) | ReadError::UnknownControl { .. } => {
                ErrorData::resource_not_found(message, data)
            }
            ReadError::Malformed(_) | ReadError::TooLarge { .. } | ReadError::NoMarkdown(_) => {
                ErrorData::invalid_params(message, data)
            }
        }
    })?;
    let contents = ResourceContents::text(text, uri).with_mime_type(mime_type);
    Ok(ReadResourceResult::new(vec![contents]))
}

fn contents(documents: &LibraryView<'_>, uri: &str) -> Result<(&'static str, String), ReadError> {
    let find = |id: &str| {
        let document = documents.document(id);
        document.ok_or_else(|| ReadError::UnknownDocument(shortened(id)))
    };
    let ResourceUri { resource, form } = uri.parse()?;
    match resource {
        Named::Document(id) => {
            let document = find(&id)?;
            let size = document.json().len();
            if size > MAX_DOCUMENT {
                let document = document.info().id.clone();
                return Err(ReadError::TooLarge { document, size });
            }
            match form.unwrap_or(Form::Json) {
                Form::Json => Ok((JSON, document.json().to_owned())),
                Form::Yaml => Ok((YAML, yaml(document.json()))),
                Form::Markdown => Ok((MARKDOWN, catalog(document)?)),
            }
        }
        Named::Control { document, control } => {
            let document = find(&document)?;
            let found = document.find_controls(&control);
            let found = found.first().ok_or_else(|| ReadError::UnknownControl {
                document: document.info().id.clone(),
                control: shortened(&control),
                advice: advice(documents).unwrap_or("try the tool search"),
            })?;
            let size = found.json().len();
            let form = form.unwrap_or(Form::Markdown);
            if form != Form::Markdown && size > MAX_DOCUMENT {
                let document = document.info().id.clone();
                return Err(ReadError::TooLarge { document, size });
            }
            match form {
                Form::Json => Ok((JSON, found.json().to_owned())),
                Form::Yaml => Ok((YAML, yaml(found.json()))),
                Form::Markdown => {
                    let view = found.view(&ParamValues::new());
                    let mut text = markdown::control(&view, document.info());
                    cut(&mut text, MAX_CONTROL);
                    Ok((MARKDOWN, text))
                }
            }
        }
    }
}

/// JSON of a document or control, which is known to be well-formed, as YAML.
fn yaml(json: &str) -> String {
    to_yaml(&serde_json::from_str(json).unwrap_or(Value::Null))
}

/// All controls of a catalog to read, as many as fit.
fn catalog(document: &Document) -> Result<String, ReadError> {
    let info = document.info();
    if info.model != Model::Catalog {
        return Err(ReadError::NoMarkdown(info.model));
    }
    let mut text = format!("# {}\n", info.title);
    for control in document.controls() {
        let view = control.view(&ParamValues::new());
        text += "\n";
        text += &markdown::control(&view, info);
        if text.len() > MAX_DOCUMENT {
            break;
        }
    }
    cut(&mut text, MAX_DOCUMENT);
    Ok(text)
}
