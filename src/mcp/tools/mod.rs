//! The tools. Each file adds one to the router.

mod about;
mod get_control;
mod list_controls;
mod list_documents;
mod search;

use rmcp::handler::server::router::tool::ToolRouter;

use super::OscalServer;

/// All tools.
pub(super) fn router() -> ToolRouter<OscalServer> {
    OscalServer::about_router()
        + OscalServer::list_documents_router()
        + OscalServer::search_router()
        + OscalServer::list_controls_router()
        + OscalServer::get_control_router()
}
