// The MCP TypeScript SDK as a client: lists the tools and calls some, over HTTP with a bearer token.
// Usage: MCP_TOKEN=... node call-tools.mjs URL     Prints one JSON object.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]), {
  requestInit: { headers: { Authorization: `Bearer ${process.env.MCP_TOKEN}` } },
});
const client = new Client({ name: 'interop', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
const call = async (name, args) =>
  (await client.callTool({ name, arguments: args })).structuredContent;
console.log(JSON.stringify({
  tools: tools.map((tool) => tool.name),
  about: await call('about', {}),
  control: await call('get_control', { control: 'AC-2(1)' }),
}));
await client.close();
