//! The OSCAL documents that the server brings along, written for this project: what is demanded of
//! an MCP resource server, which of it is enforced by default, and how this server does it.

use crate::oscal::LibraryView;

/// Name and text of each document.
pub const BUILT_IN: [(&str, &str); 3] = [
    (
        "resource-server-catalog.json",
        include_str!("../content/resource-server-catalog.json"),
    ),
    (
        "default-enforcement-profile.json",
        include_str!("../content/default-enforcement-profile.json"),
    ),
    (
        "oscal-mcp-server-component.json",
        include_str!("../content/oscal-mcp-server-component.json"),
    ),
];

/// What to tell operators and callers while nothing but the built-in documents is served, and how to
/// change that.
pub(crate) fn none_but_built_in(view: &LibraryView<'_>) -> Option<String> {
    if view.documents().any(|document| !document.info().built_in) {
        return None;
    }
    let what = match view.documents().len() {
        0 => "No documents are loaded",
        _ => "Only the built-in documents are loaded, which are about MCP servers",
    };
    Some(format!(
        "{what}. To load more, start the server with --documents-dir (OSCAL_DOCUMENTS_DIR) and a \
         directory of OSCAL JSON files; scripts/fetch-oscal-content fetches NIST SP 800-53 and prints \
         how to serve it."
    ))
}
