"""The MCP Python SDK as a client that begins with nothing but the server's URL: it is refused,
finds the authorization server, registers, authorizes, calls tools, lets its token expire, and asks
for more scopes when a tool needs them.

Usage: cold_start.py PLAN
PLAN is a JSON object: `url`, `redirect_uri`, `client_id` (null: register), `wait` (seconds),
`step_up` (whether to use a tool that needs one more scope).
Each `AUTHORIZE URL` on standard output is answered by a line on standard input: the URL to which
the browser was sent back. The last line on standard output is what was seen, as JSON.
"""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import anyio
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)


class Storage:
    """Everything in memory."""

    def __init__(self, client: "OAuthClientInformationFull | None") -> None:
        self.client = client
        self.tokens: "OAuthToken | None" = None
        self.tokens_received = 0

    async def get_tokens(self) -> "OAuthToken | None":
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.tokens_received += 1

    async def get_client_info(self) -> "OAuthClientInformationFull | None":
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Whoever answers on standard input."""

    def __init__(self) -> None:
        self.authorizations = 0
        self.callback = ""

    async def open(self, url: str) -> None:
        self.authorizations += 1
        print(f"AUTHORIZE {url}", flush=True)
        self.callback = await anyio.to_thread.run_sync(sys.stdin.readline)

    async def came_back(self) -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(self.callback.strip()).query)
        return AuthorizationCodeResult(**{name: query[name][0] for name in ("code", "state", "iss") if name in query})


async def main(plan: dict) -> None:
    known = None
    if plan["client_id"]:
        known = OAuthClientInformationFull(
            client_id=plan["client_id"],
            redirect_uris=[plan["redirect_uri"]],
            token_endpoint_auth_method="none",
        )
    storage, person = Storage(known), Person()
    provider = OAuthClientProvider(
        server_url=plan["url"],
        client_metadata=OAuthClientMetadata(client_name="interop python", redirect_uris=[plan["redirect_uri"]]),
        storage=storage,
        redirect_handler=person.open,
        callback_handler=person.came_back,
    )
    phases = []
    async with create_mcp_http_client(auth=provider) as http:
        async with Client(streamable_http_client(plan["url"], http_client=http)) as client:

            async def phase(name: str, tool: str, arguments: dict) -> None:
                result = await client.call_tool(tool, arguments)
                phases.append({
                    "name": name,
                    "content": result.structured_content,
                    "error": result.is_error,
                    "authorizations": person.authorizations,
                    "tokens": storage.tokens_received,
                    "client_id": storage.client.client_id,
                })

            await phase("start", "about", {})
            await anyio.sleep(plan["wait"])
            await phase("expired", "about", {})
            if plan["step_up"]:
                await phase("more", "validate_document", {"content": {"catalog": {}}})
                await phase("after", "about", {})
    print(json.dumps(phases))


async def limited() -> None:
    with anyio.fail_after(60):
        await main(json.loads(sys.argv[1]))


anyio.run(limited)
