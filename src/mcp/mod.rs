//! What clients see: the MCP server. Tools, one file each, resources, prompts, completion.

mod access;
pub(crate) mod advice;
mod baselines;
mod changes;
mod completion;
mod document_metrics;
mod json_answer;
mod markdown;
mod output;
mod prompts;
mod resource_uri;
mod resources;
mod state;
mod tool_metrics;
mod tools;
mod workers;

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use oscal_documents::{Baseline, Document, Library, Schemas};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, tool::ToolCallContext},
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        DiscoverResult, GetPromptRequestParams, GetPromptResponse, Implementation,
        InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, ServerCapabilities, ServerConfig, SubscriptionFilter,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
    tool_handler,
};
use rmcp_resource_server::NoAccessToken;

pub use access::ScopeRules;
pub use changes::Announcements;
pub use document_metrics::DocumentMetrics;
pub use tool_metrics::ToolMetrics;

use access::{Access, Caller, Operation, Trust, is_sensitive};
use changes::{Changes, SessionAnnouncements};
use output::ToolError;
use state::State;
use workers::Workers;

/// The MCP server. One is made for each request or session by cloning; all clones serve the same
/// documents.
pub struct OscalServer {
    shared: Arc<Shared>,
    announcements: Announcements,
    session: SessionAnnouncements,
}

struct Shared {
    name: String,
    trust: Trust,
    state: RwLock<Arc<State>>,
    changes: Changes,
    workers: Workers,
    tool_metrics: ToolMetrics,
    document_metrics: DocumentMetrics,
}

/// Built once: the macro's default would build it on every call.
static TOOLS: LazyLock<ToolRouter<OscalServer>> = LazyLock::new(tools::router);

const INSTRUCTIONS: &str = "\
OSCAL documents: catalogs of security controls, profiles (baselines), component definitions, system \
security plans. Begin with `search`, or with `get_control` if you know the control's id or label \
(AC-2(1) and ac-2.1 are the same). `list_documents` shows what is loaded. Quote control text as it \
is; [Assignment: ...] marks a value that the organization has to choose.";

impl OscalServer {
    /// Serves `library` under `name` to everybody who can reach it; `schemas` are for validation.
    ///
    /// For stdio, and for HTTP that is deliberately without authorization. An access token means
    /// nothing to it.
    pub fn local(name: impl Into<String>, library: Library, schemas: Schemas) -> Self {
        Self::trusting(Trust::Local, name.into(), library, schemas)
    }

    /// The same for holders of an access token with the scopes of an operation. A request without
    /// a token is refused, even where a mistake in the HTTP host lets it get here.
    pub fn authorized(
        name: impl Into<String>,
        library: Library,
        schemas: Schemas,
        scopes: ScopeRules,
    ) -> Self {
        Self::trusting(Trust::Authorized(scopes), name.into(), library, schemas)
    }

    fn trusting(trust: Trust, name: String, library: Library, schemas: Schemas) -> Self {
        let document_metrics = DocumentMetrics::default();
        document_metrics.show(&library);
        Self {
            shared: Arc::new(Shared {
                name,
                trust,
                state: RwLock::new(Arc::new(State::new(library, schemas))),
                changes: Changes::default(),
                workers: Workers::default(),
                tool_metrics: ToolMetrics::default(),
                document_metrics,
            }),
            announcements: Announcements::default(),
            session: SessionAnnouncements::default(),
        }
    }

    /// Tells these when the documents are replaced. By default nobody is told.
    #[must_use]
    pub fn announcing_to(mut self, announcements: Announcements) -> Self {
        self.announcements = announcements;
        self
    }

    /// The documents that are served now.
    pub fn library(&self) -> Library {
        self.state().library.clone()
    }

    /// Whether it serves holders of an access token only.
    pub fn is_authorized(&self) -> bool {
        matches!(self.shared.trust, Trust::Authorized(_))
    }

    /// What it counts.
    pub fn tool_metrics(&self) -> &ToolMetrics {
        &self.shared.tool_metrics
    }

    /// How many documents it serves.
    pub fn document_metrics(&self) -> &DocumentMetrics {
        &self.shared.document_metrics
    }

    /// Serves `library` from now on. Requests that have begun keep the documents they began with.
    /// Clients are told if the list of resources is another one.
    pub fn replace_library(&self, library: Library) {
        let previous = self.state();
        let (all, without_sensitive) = changed_lists(&previous.library, &library);
        self.shared.document_metrics.show(&library);
        let state = Arc::new(previous.followed_by(library));
        *(self.shared.state.write()).unwrap_or_else(PoisonError::into_inner) = state;
        self.shared.changes.announce(all, without_sensitive);
    }

    /// Lets `caller` do `operation` on the present state of the documents.
    fn admit(&self, caller: &Caller, operation: Operation) -> Result<Access, ToolError> {
        let access = self.shared.trust.admit(caller, operation, self.state())?;
        self.session.note(access.sees_all());
        Ok(access)
    }

    /// Refuses a request without an access token, where there must be one. For what needs no
    /// scope.
    fn demand_token(&self, context: &RequestContext<RoleServer>) -> Result<(), NoAccessToken> {
        self.shared.trust.demand_token(&context.extensions)
    }

    /// Lets whoever sent a request read documents.
    fn admit_reader(&self, context: &RequestContext<RoleServer>) -> Result<Access, ToolError> {
        self.admit(&Caller::of(&context.extensions), Operation::Read)
    }

    /// The baseline of a profile, with `fallback` for imports that are not found.
    async fn baseline(
        &self,
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Baseline>, ToolError> {
        let baselines = &access.state.baselines;
        (baselines.outline(&self.shared.workers, access, profile, fallback)).await
    }

    /// The catalog that a profile makes.
    async fn resolved_catalog(
        &self,
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Document>, ToolError> {
        let baselines = &access.state.baselines;
        (baselines.catalog(&self.shared.workers, access, profile, fallback)).await
    }

    /// Does what passes over all documents: here, or in a thread of its own where they are many.
    async fn pass_over<T: Send + 'static>(
        &self,
        access: &Access,
        work: impl FnOnce(&Access) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, ToolError> {
        if access.state.is_small {
            return work(access);
        }
        let access = access.clone();
        let workers = &self.shared.workers;
        (workers.run(&workers.readings, 0, move || work(&access))).await?
    }

    fn state(&self) -> Arc<State> {
        let state = self.shared.state.read();
        state.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clone for OscalServer {
    /// For another session.
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            announcements: self.announcements,
            session: SessionAnnouncements::default(),
        }
    }
}

#[tool_handler(router = TOOLS)]
impl ServerHandler for OscalServer {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new(&self.shared.name, env!("CARGO_PKG_VERSION"));
        let mut capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        if let Some(resources) = &mut capabilities.resources {
            resources.list_changed = (self.announcements != Announcements::Nobody).then_some(true);
        }
        ServerConfig::new(capabilities)
            .with_server_info(implementation)
            .with_instructions(INSTRUCTIONS)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.demand_token(&context)?;
        let known = TOOLS.map.get_key_value(&request.name);
        let mut call = self
            .shared
            .tool_metrics
            .begin(known.map(|(name, _)| &**name));
        let answer = TOOLS
            .call(ToolCallContext::new(self, request, context))
            .await;
        call.answered(&answer);
        answer
    }

    /// `initialize` is for clients of MCP before 2026-07-28, that get announcements in a session
    /// only.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.demand_token(&context)?;
        let mut result = self.negotiate_initialize(&request)?;
        context.peer.set_peer_info(request);
        if self.announcements != Announcements::Everybody
            && let Some(resources) = &mut result.capabilities.resources
        {
            resources.list_changed = None;
        }
        Ok(result)
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        self.demand_token(&context)?;
        Ok(DiscoverResult::from_server_info(
            self.supported_protocol_versions().into_owned(),
            self.get_info(),
        ))
    }

    /// Never called over stateless HTTP, where the transport drops notifications.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let caller = Caller::of(&context.extensions);
        if self.announcements == Announcements::Everybody
            && let Ok(access) = self.admit(&caller, Operation::Read)
        {
            let changes = &self.shared.changes;
            self.session.begin(changes, context.peer, access.sees_all());
        }
    }

    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        (self.announcements != Announcements::Nobody).then(|| {
            SubscriptionFilter::builder()
                .resources_list_changed()
                .build()
        })
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let access = self.admit_reader(subscription.request_context())?;
        let changes = &self.shared.changes;
        changes
            .tell_listener(&subscription, access.sees_all())
            .await;
        Ok(())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.demand_token(&context)?;
        Ok(ListToolsResult::with_all_items(TOOLS.list_all()))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let access = self.admit_reader(&context)?;
        let cursor = request.and_then(|request| request.cursor);
        resources::list(&access.documents(), cursor.as_deref())
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        self.demand_token(&context)?;
        Ok(ListResourceTemplatesResult::with_all_items(
            resources::templates(),
        ))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let access = self.admit_reader(&context)?;
        let read = resources::read(&access.documents(), &request.uri)?;
        Ok(read.into())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        self.demand_token(&context)?;
        Ok(ListPromptsResult::with_all_items(prompts::list()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let access = self.admit_reader(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let prompt = prompts::get(self, &access, &request.name, arguments).await?;
        Ok(prompt.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let access = self.admit_reader(&context)?;
        let complete =
            move |access: &Access| Ok(completion::complete(&access.documents(), &request));
        self.pass_over(&access, complete).await?
    }
}

/// Resources, prompts and completion have no results that are errors, as tools have.
impl From<ToolError> for ErrorData {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Token(error) => error.into(),
            ToolError::Scope(error) => error.into(),
            _ => Self::invalid_params(error.to_string(), None),
        }
    }
}

/// Whether `resources/list` says something else of both: to those who see all documents, and to the
/// others.
fn changed_lists(one: &Library, other: &Library) -> (bool, bool) {
    let differ = |sees_sensitive: bool| {
        let listed = |library: &Library| -> Vec<_> {
            let view = library.view(|info| sees_sensitive || !is_sensitive(info.model));
            let documents = view.documents();
            documents
                .map(|d| (d.info().clone(), d.json().len()))
                .collect()
        };
        listed(one) != listed(other)
    };
    (differ(true), differ(false))
}
