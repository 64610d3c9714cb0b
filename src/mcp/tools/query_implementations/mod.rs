//! `query_implementations`: who implements which control, what is left to do, and by whom.

mod against;
mod customers;
mod gaps;
mod known;
mod listing;
mod named;
mod part;
mod question;

use oscal_documents::{ImplementationFilter, ImplementationKind, LibraryView};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::Serialize;

use self::{
    against::{Against, Comparison},
    customers::Responsibility,
    gaps::Gaps,
    listing::Implementation,
    part::Part,
    question::{QueryImplementations, Show},
};
use crate::mcp::{
    answer::{Json, Page, ToolError, document},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    implementations: Option<Page<Implementation>>,
    #[serde(flatten)]
    gaps: Option<Gaps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsibilities: Option<Page<Responsibility>>,
    /// What to know about the answer
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    notes: Vec<String>,
    /// Whether text was cut to keep the answer small
    truncated: bool,
}

#[tool_router(router = query_implementations_router, vis = "pub(super)")]
impl OscalServer {
    /// How components, capabilities and systems implement controls; or what they leave open of a
    /// baseline; or what they ask of their customers
    #[tool(annotations(
        title = "Query implementations",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn query_implementations(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<QueryImplementations>,
    ) -> Result<Json<Answer>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let against = Against::of(&asked, &access.documents())?;
        let against = match against {
            Some(against) => Some(Comparison::of(against, self, &access).await?),
            None => None,
        };
        let answer = move |access: &Access| {
            let documents = access.documents();
            let (answer, text) = asked.answer(&documents, against.as_ref())?;
            Ok(Json::with_text(&answer, text))
        };
        self.pass_over(&access, answer).await
    }
}

impl QueryImplementations {
    /// The answer, and the same as Markdown.
    fn answer(
        &self,
        documents: &LibraryView<'_>,
        against: Option<&Comparison>,
    ) -> Result<(Answer, String), ToolError> {
        let named = self.document.as_deref();
        let named = named.map(|id| document(documents, id)).transpose()?;
        let plan = against.and_then(|against| against.plan.as_deref());
        let filter = ImplementationFilter {
            control: self.control.as_deref(),
            component: self.component.as_deref(),
            kind: self.kind.map(ImplementationKind::from),
            document: named.map(|named| named.info().id.as_str()).or(plan),
            any_source: self.any_source,
        };
        known::check_documents(documents, filter, named)?;
        known::check_component(documents, filter)?;
        match against {
            Some(against) => {
                let part = gaps::answer(self, documents, filter, against)?;
                Ok(Answer::of(part, |answer, gaps| answer.gaps = Some(gaps)))
            }
            None => {
                known::check_control(documents, filter)?;
                if self.show == Some(Show::Responsibilities) {
                    let part = customers::answer(self, documents, filter);
                    Ok(Answer::of(part, |answer, page| {
                        answer.responsibilities = Some(page);
                    }))
                } else {
                    let part = listing::answer(self, documents, filter);
                    Ok(Answer::of(part, |answer, page| {
                        answer.implementations = Some(page);
                    }))
                }
            }
        }
    }
}

impl Answer {
    /// An answer with one part, and its text.
    fn of<T>(part: Part<T>, put: impl FnOnce(&mut Self, T)) -> (Self, String) {
        let mut answer = Self {
            notes: part.notes,
            truncated: part.truncated,
            ..Self::default()
        };
        put(&mut answer, part.content);
        (answer, part.text)
    }
}
