// An MCP server on version 1 of the TypeScript SDK, with its bearer token middleware for express.
import express from 'express';
import { z } from 'zod';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { verifier } from './introspection.mjs';

const { PORT, RESOURCE } = process.env;
const inputSchema = { text: z.string() };

// Without sessions, each request has a server of its own: the SDK asks for that.
function server() {
  const server = new McpServer({ name: 'peer', version: '1' });
  const echo = async ({ text }) => ({ content: [{ type: 'text', text }] });
  server.registerTool('echo', { description: 'Repeats the text', inputSchema }, echo);
  return server;
}

const app = express();
app.use('/mcp', requireBearerAuth({
  verifier: verifier(InvalidTokenError),
  requiredScopes: ['mcp:tools'],
  resourceMetadataUrl: `${RESOURCE}/.well-known/oauth-protected-resource`,
}));
app.use(express.json());
app.post('/mcp', async (request, response) => {
  const mcp = server();
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on('close', () => { transport.close(); mcp.close(); });
  await mcp.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.listen(PORT, '127.0.0.1');
