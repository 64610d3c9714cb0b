//! Answers each MCP request.

use std::sync::LazyLock;

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

use serde_json::Value;

use tracing::Instrument;

use super::{
    changes::Announcements,
    completion,
    documents::{Access, Caller, Notices, Operation},
    prompts, resources,
    server::OscalServer,
    tools,
    traced::{failed, traced},
};
use crate::traces::McpTarget;

/// Built once: the macro's default would rebuild it on every call.
static TOOLS: LazyLock<ToolRouter<OscalServer>> = LazyLock::new(tools::router);

const INSTRUCTIONS: &str = "\
OSCAL documents: catalogs of security controls, profiles (baselines), component definitions, system \
security plans. Begin with `search`, or with `get_control` if you know the control's id or label \
(AC-2(1) and ac-2.1 are the same); `get_object` has everything else with an id. `query_implementations` \
and `query_assessments` tell how controls are met, `query_mappings` and `compare` relate frameworks and \
editions. `list_documents` shows what is loaded. Quote control text as it \
is; [Assignment: ...] marks a value that the organization has to choose.";

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
        mut context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.demand_token(&context)?;
        let notices = Notices::default();
        context.extensions.insert(notices.clone());
        let known = TOOLS.map.get_key_value(&request.name);
        let known = known.map(|(name, _)| &**name);
        let span = traced(&mut context, "tools/call", McpTarget::Tool(known));
        let mut audited = self.audited("tool.call", &context.extensions)?;
        if let Some(audited) = &mut audited {
            audited.asks(&request.name, request.arguments.iter().flatten());
        }
        let mut call = self.tool_metrics().begin(known);
        let mut answer = TOOLS
            .call(ToolCallContext::new(self, request, context))
            .instrument(span.clone())
            .await;
        if let Ok(answer) = &mut answer {
            notices.add_to(answer);
        }
        match &answer {
            Ok(CallToolResponse::Complete(result)) if result.is_error == Some(true) => {
                failed(&span, "tool_error");
            }
            Ok(_) => {}
            Err(error) => failed(&span, &error.code.0.to_string()),
        }
        call.answered(&answer);
        if let Some(audited) = audited {
            audited.answered_by_tool(&answer, &self.library());
        }
        answer
    }

    /// Only clients of MCP versions before 2026-07-28 call `initialize`, and they get announcements
    /// only in a session.
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
        mut context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let span = traced(&mut context, "resources/read", McpTarget::Other);
        let mut audited = self.audited("resource.read", &context.extensions)?;
        if let Some(audited) = &mut audited {
            let uri = Value::from(request.uri.as_str());
            audited.asks("resource", [(&"uri".to_owned(), &uri)]);
        }
        let read = || {
            let access = self.admit_reader(&context)?;
            resources::read(&access.documents(), &request.uri)
        };
        let read = span.in_scope(read);
        if let Err(error) = &read {
            failed(&span, &error.code.0.to_string());
        }
        if let Some(audited) = audited {
            audited.answered(&read, &self.library());
        }
        Ok(read?.into())
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
        mut context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let span = traced(&mut context, "prompts/get", McpTarget::Other);
        let mut audited = self.audited("prompt.get", &context.extensions)?;
        let arguments = request.arguments.unwrap_or_default();
        if let Some(audited) = &mut audited {
            audited.asks(&request.name, &arguments);
        }
        let prompt = async {
            let access = self.admit_reader(&context)?;
            prompts::get(self, &access, &request.name, arguments).await
        };
        let prompt = prompt.instrument(span.clone()).await;
        if prompt.is_err() {
            failed(&span, "prompt_error");
        }
        if let Some(audited) = audited {
            audited.answered(&prompt, &self.library());
        }
        Ok(prompt?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        mut context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let span = traced(&mut context, "completion/complete", McpTarget::Other);
        let mut audited = self.audited("completion", &context.extensions)?;
        if let Some(audited) = &mut audited {
            audited.asks(&request.argument.name, []);
        }
        let completed = async {
            let access = self.admit_reader(&context)?;
            let complete =
                move |access: &Access| Ok(completion::complete(&access.documents(), &request));
            self.pass_over(&access, complete).await?
        };
        let completed = completed.instrument(span.clone()).await;
        if let Err(error) = &completed {
            failed(&span, &error.code.0.to_string());
        }
        if let Some(audited) = audited {
            audited.answered(&completed, &self.library());
        }
        completed
    }
}
