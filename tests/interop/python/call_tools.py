"""The MCP Python SDK as a client: lists the tools and calls some, over HTTP with a bearer token.

Usage: MCP_TOKEN=... call_tools.py URL (legacy|auto|2026-07-28)
Prints one JSON object.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


async def main(url: str, mode: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    async with create_mcp_http_client(headers=headers) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            about = await client.call_tool("about", {})
            control = await client.call_tool("get_control", {"control": "AC-2(1)"})
            print(json.dumps({
                "tools": [tool.name for tool in tools.tools],
                "about": about.structured_content,
                "control": control.structured_content,
            }))


asyncio.run(main(sys.argv[1], sys.argv[2]))
