"""An MCP server on FastMCP with its own IntrospectionTokenVerifier.

FastMCP's cache and a shared HTTP client are options of the verifier; both are off by default.
"""

import logging
import os

import httpx2
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

issuer, resource = os.environ["ISSUER"], os.environ["RESOURCE"]
pool = httpx2.Limits(max_connections=128, max_keepalive_connections=128)
verifier = IntrospectionTokenVerifier(
    introspection_url=f"{issuer}/introspect",
    client_id="mcp",
    client_secret="secret",
    required_scopes=["mcp:tools"],
    audience=resource,
    cache_ttl_seconds=30,
    http_client=httpx2.AsyncClient(timeout=3, limits=pool),
)
mcp = FastMCP("peer", auth=RemoteAuthProvider(
    token_verifier=verifier,
    authorization_servers=[issuer],
    base_url=resource.removesuffix("/mcp"),
))


@mcp.tool(output_schema=None)
async def echo(text: str) -> str:
    """Repeats the text"""
    return text


logging.disable(logging.WARNING)
mcp.run(
    transport="http",
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    path="/mcp",
    stateless_http=True,
    json_response=True,
    show_banner=False,
    uvicorn_config={"access_log": False},
)
