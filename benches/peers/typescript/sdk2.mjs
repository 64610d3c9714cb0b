// An MCP server on version 2 of the TypeScript SDK, with its packages for express and Node.js.
import { z } from 'zod';
import { createMcpExpressApp, requireBearerAuth } from '@modelcontextprotocol/express';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { verifier } from './introspection.mjs';

const { PORT, RESOURCE } = process.env;
const inputSchema = z.object({ text: z.string() });

class InvalidTokenError extends OAuthError {
  constructor(message) {
    super(OAuthErrorCode.InvalidToken, message);
  }
}

// Without sessions, each request has a server of its own: the SDK asks for that.
function server() {
  const server = new McpServer({ name: 'peer', version: '1' });
  const echo = async ({ text }) => ({ content: [{ type: 'text', text }] });
  server.registerTool('echo', { description: 'Repeats the text', inputSchema }, echo);
  return server;
}

const app = createMcpExpressApp();
app.use('/mcp', requireBearerAuth({
  verifier: verifier(InvalidTokenError),
  requiredScopes: ['mcp:tools'],
  resourceMetadataUrl: `${RESOURCE}/.well-known/oauth-protected-resource`,
}));
app.post('/mcp', async (request, response) => {
  const mcp = server();
  const transport = new NodeStreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on('close', () => { transport.close(); mcp.close(); });
  await mcp.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.listen(PORT, '127.0.0.1');
