"""The MCP Python SDK as a client that uses everything a server offers.

Usage: session.py PLAN stdio COMMAND ARGUMENT...
       MCP_TOKEN=... session.py PLAN http URL (legacy|auto|2026-07-28)

PLAN is a JSON object: `tools`, the arguments of each tool; `prompts`, values for arguments of
prompts by name; `resources`, the URIs to read; `templates`, values for variables of URI templates.
Every listed tool and prompt is used, and every argument of a prompt or template is completed from
the first letters of its value. Prints one JSON object.
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import PromptReference, ResourceTemplateReference


async def session(client: Client, plan: dict) -> dict:
    capabilities = client.server_capabilities
    seen = {"tools": {}}
    for tool in (await client.list_tools()).tools:
        if tool.name in plan["tools"]:
            result = await client.call_tool(tool.name, plan["tools"][tool.name])
            seen["tools"][tool.name] = {"error": result.is_error, "content": result.structured_content}
        else:
            seen["tools"][tool.name] = None
    if capabilities.resources:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        seen["resources"] = [str(resource.uri) for resource in listed]
        seen["templates"] = [template.uri_template for template in templates]
        seen["read"] = {uri: await read(client, uri) for uri in plan["resources"]}
    if capabilities.prompts:
        prompts = (await client.list_prompts()).prompts
        seen["prompts"] = {prompt.name: await ask(client, prompt, plan["prompts"]) for prompt in prompts}
    if capabilities.completions:
        seen["completions"] = {}
        for prompt in prompts:
            reference = PromptReference(type="ref/prompt", name=prompt.name)
            for argument in prompt.arguments or []:
                value = plan["prompts"].get(argument.name)
                key = f"{prompt.name} {argument.name}"
                seen["completions"][key] = await complete(client, reference, argument.name, value)
        for template in seen["templates"]:
            reference = ResourceTemplateReference(type="ref/resource", uri=template)
            for name, value in plan["templates"].items():
                if f"{{{name}}}" in template:
                    key = f"{template} {name}"
                    seen["completions"][key] = await complete(client, reference, name, value)
    return seen


async def read(client: Client, uri: str) -> list:
    contents = (await client.read_resource(uri)).contents
    return [{"mime_type": part.mime_type, "text": part.text} for part in contents]


async def ask(client: Client, prompt, values: dict) -> list:
    names = [argument.name for argument in prompt.arguments or []]
    arguments = {name: values[name] for name in names if name in values}
    messages = (await client.get_prompt(prompt.name, arguments)).messages
    return [getattr(message.content, "text", message.content.type) for message in messages]


async def complete(client: Client, reference, name: str, value: "str | None") -> list:
    beginning = (value or "")[:4]
    answer = await client.complete(reference, {"name": name, "value": beginning})
    return answer.completion.values


async def main(plan: str, transport: str, *arguments: str) -> None:
    plan = json.loads(plan)
    if transport == "stdio":
        command, *flags = arguments
        async with Client(StdioServerParameters(command=command, args=flags)) as client:
            seen = await session(client, plan)
    else:
        url, mode = arguments
        headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
        async with create_mcp_http_client(headers=headers) as http:
            async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
                seen = await session(client, plan)
    print(json.dumps(seen))


asyncio.run(main(*sys.argv[1:]))
