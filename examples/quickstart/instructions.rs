//! Commands to try, ready to copy.

use crate::{MACHINE, SCOPE, Urls};

/// The text shown to the user.
pub(crate) fn text(urls: &Urls) -> String {
    let Urls { issuer, mcp } = urls;
    let (client_id, client_secret) = MACHINE;
    format!(
        r#"The OSCAL MCP server runs at {mcp}, protected by an authorization server for
development at {issuer}. Press Ctrl-C to end both.

1. Without a token: 401, and where to get one.

   curl -i -X POST {mcp}

2. Get a token.

   TOKEN=$(curl -s -u {client_id}:{client_secret} {issuer}/token \
     -d grant_type=client_credentials -d scope={SCOPE} -d resource={mcp} \
     | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

3. Call a tool with it.

   curl -s {mcp} -H "Authorization: Bearer $TOKEN" \
     -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
     -d '{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"get_control","arguments":{{"control":"RS-45"}}}}}}'

4. Connect an MCP client. It registers itself and opens the consent page in your browser.

   VS Code, in .vscode/mcp.json:
   {{"servers": {{"oscal": {{"type": "http", "url": "{mcp}"}}}}}}

   Claude Code and others, in .mcp.json:
   {{"mcpServers": {{"oscal": {{"type": "http", "url": "{mcp}"}}}}}}

   MCP Inspector: npx @modelcontextprotocol/inspector, then Streamable HTTP and the URL {mcp}
"#
    )
}
