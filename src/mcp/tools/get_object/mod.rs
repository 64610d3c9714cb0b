//! `get_object`: anything with an id, what it refers to, and what refers to it.

mod detail;
mod text;

use oscal_documents::{LibraryView, Object};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::detail::{Detail, Name};
use crate::mcp::{
    answer::{Json, Page, ToolError, document, shortened},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

/// The most objects that an error proposes.
const MAX_NEAR: usize = 8;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetObject {
    /// Uuid or id
    id: String,
    /// Id of the document it is in, if several have it
    document: Option<String>,
    /// Its kind, such as role or part, if several have the id
    kind: Option<String>,
    /// Page of what refers to it
    offset: Option<usize>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    object: Option<Detail>,
    /// If several have the id: choose by document or kind
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    several: Option<Page<Name>>,
}

#[tool_router(router = get_object_router, vis = "pub(super)")]
impl OscalServer {
    /// Anything with a uuid or id, of any model: component, party, role, inventory item, finding,
    /// risk, POA&M item, task, resource, part, parameter, document; with what it refers to and what
    /// refers to it. For the text of a control use get_control
    #[tool(annotations(title = "Get object", read_only_hint = true, open_world_hint = false))]
    async fn get_object(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<GetObject>,
    ) -> Result<Json<Answer>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let find = move |access: &Access| {
            let answer = asked.answer(&access.documents())?;
            let text = text::answer(&answer, &asked.id);
            Ok(Json::with_text(&answer, text))
        };
        self.pass_over(&access, find).await
    }
}

impl GetObject {
    fn answer(&self, documents: &LibraryView<'_>) -> Result<Answer, ToolError> {
        let within = self.document.as_deref();
        let within = within.map(|id| document(documents, id)).transpose()?;
        let kind = self.kind.as_deref().map(|kind| kind.trim().to_lowercase());
        let mut found = documents.find_objects(&self.id);
        let all = found.len();
        found.retain(|object| {
            within.is_none_or(|document| document.info().id == object.document().info().id)
                && kind.as_ref().is_none_or(|kind| *kind == object.kind())
        });
        match found[..] {
            [] => Err(self.unknown(documents, all)),
            [object] => Ok(Answer {
                object: Some(Detail::of(documents, object, self.offset, self.limit)),
                several: None,
            }),
            _ => {
                let names = found.iter().map(|object| Name::of(*object));
                Ok(Answer {
                    object: None,
                    several: Some(Page::cut(names, self.offset, self.limit, 40)),
                })
            }
        }
    }

    /// No object of this kind in this document has the id.
    fn unknown(&self, documents: &LibraryView<'_>, elsewhere: usize) -> ToolError {
        let advice = if elsewhere > 0 {
            format!("{elsewhere} have it, but not with this document and kind: leave them out")
        } else {
            let near = documents.similar_objects(&self.id, MAX_NEAR);
            let mut near: Vec<_> = near.into_iter().map(near_match).collect();
            near.dedup();
            match near.is_empty() {
                true => "search finds objects by words, and shows their ids".to_owned(),
                false => format!("do you mean {}?", near.join(", ")),
            }
        };
        ToolError::UnknownObject {
            id: shortened(&self.id),
            advice,
        }
    }
}

/// `ac-2 (control, Account Management)`
fn near_match(object: Object<'_>) -> String {
    let (id, kind, title) = (object.id(), object.kind(), object.title());
    format!("{id} ({kind}, {})", shortened(&title))
}
