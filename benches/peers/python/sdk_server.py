"""An MCP server on the Python SDK. The SDK calls a token verifier that the author writes; this one
introspects, and keeps what it learned for 30 seconds.
"""

import hashlib
import logging
import os
import time

import httpx2
import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings

issuer, resource = os.environ["ISSUER"], os.environ["RESOURCE"]


class Introspection:
    def __init__(self):
        self.cache = {}
        pool = httpx2.Limits(max_connections=128, max_keepalive_connections=128)
        self.http = httpx2.AsyncClient(timeout=3, limits=pool)

    async def verify_token(self, token: str) -> AccessToken | None:
        key = hashlib.sha256(token.encode()).digest()
        cached, until = self.cache.get(key, (None, 0))
        if time.monotonic() < until:
            return cached
        verified = await self.introspect(token)
        if verified:
            self.cache[key] = verified, time.monotonic() + 30
        return verified

    async def introspect(self, token: str) -> AccessToken | None:
        form = {"token": token, "token_type_hint": "access_token"}
        response = await self.http.post(f"{issuer}/introspect", data=form, auth=("mcp", "secret"))
        response.raise_for_status()
        claims = response.json()
        if not claims["active"] or claims["iss"] != issuer or claims["aud"] != resource:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            subject=claims["sub"],
            resource=resource,
        )


settings = AuthSettings(
    issuer_url=issuer, resource_server_url=resource, required_scopes=["mcp:tools"]
)
mcp = MCPServer("peer", log_level="ERROR", token_verifier=Introspection(), auth=settings)


@mcp.tool(structured_output=False)
async def echo(text: str) -> str:
    """Repeats the text"""
    return text


app = mcp.streamable_http_app(json_response=True, stateless_http=True)
logging.disable(logging.WARNING)
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)
