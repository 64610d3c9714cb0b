//! What clients see: the MCP server. Tools, one file each, resources, prompts, completion.

mod access;
mod changes;
mod completion;
mod markdown;
mod output;
mod prompts;
mod resource_uri;
mod resources;
mod state;
mod tool_metrics;
mod tools;

use std::{
    sync::{Arc, LazyLock, PoisonError, RwLock},
    thread::available_parallelism,
};

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
use tokio::sync::Semaphore;

use crate::oscal::{Document, Library, Schemas};

pub use access::ScopeRules;
pub use changes::Announcements;
pub use tool_metrics::ToolMetrics;

use access::{Access, Caller, Operation, Trust};
use changes::{Changes, SessionAnnouncements};
use output::ToolError;
use state::State;

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
    /// One for each processor.
    validations: Semaphore,
    tool_metrics: ToolMetrics,
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
        Self {
            shared: Arc::new(Shared {
                name,
                trust,
                state: RwLock::new(Arc::new(State::new(library, schemas))),
                changes: Changes::new(),
                validations: Semaphore::new(available_parallelism().map_or(1, usize::from)),
                tool_metrics: ToolMetrics::default(),
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

    /// Serves `library` from now on. Requests that have begun keep the documents they began with.
    /// Clients are told if the list of resources is another one.
    pub fn replace_library(&self, library: Library) {
        let previous = self.state();
        let is_other = !same_list(&previous.library, &library);
        let state = Arc::new(State::new(library, previous.schemas.clone()));
        *(self.shared.state.write()).unwrap_or_else(PoisonError::into_inner) = state;
        if is_other {
            self.shared.changes.announce();
        }
    }

    /// Lets `caller` do `operation` on the present state of the documents.
    fn admit(&self, caller: &Caller, operation: Operation) -> Result<Access, ToolError> {
        self.shared.trust.admit(caller, operation, self.state())
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
        if self.announcements == Announcements::Everybody {
            self.session.begin(&self.shared.changes, context.peer);
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
        self.admit_reader(subscription.request_context())?;
        self.shared.changes.tell_listener(&subscription).await;
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
        let prompt = prompts::get(&access, &request.name, &arguments)?;
        Ok(prompt.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let access = self.admit_reader(&context)?;
        completion::complete(&access.documents(), &request)
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

/// Whether `resources/list` says the same of both.
fn same_list(one: &Library, other: &Library) -> bool {
    let listed = |document: &Document| (document.info().clone(), document.json().len());
    let (one, other) = (one.view(|_| true), other.view(|_| true));
    one.documents()
        .map(listed)
        .eq(other.documents().map(listed))
}
