//! What clients see: the MCP server, one file a tool.

mod output;
mod tools;

use std::sync::{Arc, LazyLock};

use rmcp::{
    ServerHandler,
    handler::server::router::tool::ToolRouter,
    model::{Implementation, ServerCapabilities, ServerConfig},
    tool_handler,
};

use crate::oscal::{Library, LibraryView};

/// The MCP server. Clones share everything: one is made for each request or session.
#[derive(Clone)]
pub struct OscalServer {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    library: Library,
}

/// Built once: the macro's default would build it on every call.
static TOOLS: LazyLock<ToolRouter<OscalServer>> = LazyLock::new(tools::router);

const INSTRUCTIONS: &str = "\
OSCAL documents: catalogs of security controls, profiles (baselines), component definitions, system \
security plans. Begin with `search`, or with `get_control` if you know the control's id or label \
(AC-2(1) and ac-2.1 are the same). `list_documents` shows what is loaded. Quote control text as it \
is; [Assignment: ...] marks a value that the organization has to choose.";

impl OscalServer {
    /// Serves `library` under `name`.
    pub fn new(name: impl Into<String>, library: Library) -> Self {
        Self {
            shared: Arc::new(Shared {
                name: name.into(),
                library,
            }),
        }
    }

    /// The documents that tools may use.
    fn documents(&self) -> LibraryView<'_> {
        self.shared.library.view(|_| true)
    }
}

#[tool_handler(router = TOOLS)]
impl ServerHandler for OscalServer {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new(&self.shared.name, env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(implementation)
            .with_instructions(INSTRUCTIONS)
    }
}
