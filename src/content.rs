//! The OSCAL documents that the server brings along, written for this project: what is demanded of
//! an MCP resource server, which of it is enforced by default, and how this server does it.

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
