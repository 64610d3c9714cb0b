//! The built-in OSCAL documents, written for this project: the requirements on an MCP resource
//! server, which of them are enforced by default, and how this server meets them.

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
