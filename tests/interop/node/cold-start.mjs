// An MCP TypeScript SDK as a client that starts with nothing but the server's URL: it is refused, finds
// the authorization server, registers, authorizes, calls tools, lets its token expire, and asks for
// more scopes when a tool needs them.
//
// Usage: node cold-start.mjs (v1|v2) PLAN
// PLAN is a JSON object: `url`, `redirect_uri`, `client_id` (null: register), `wait` (seconds),
// `step_up` (whether to use a tool that needs one more scope). Each `AUTHORIZE URL` on standard output
// is answered by a line on standard input: the URL that the browser was redirected to. The last line on
// standard output is what the client saw, as JSON.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

setTimeout(() => { console.error('too slow'); process.exit(3); }, 60_000).unref();

const [generation, text] = process.argv.slice(2);
const plan = JSON.parse(text);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = generation === 'v2'
  ? await import('@modelcontextprotocol/client')
  : {
    ...await import('@modelcontextprotocol/sdk/client/index.js'),
    ...await import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ...await import('@modelcontextprotocol/sdk/client/auth.js'),
  };

const person = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Everything in memory. */
class Provider {
  redirectUrl = plan.redirect_uri;
  clientMetadata = {
    client_name: `interop ${generation}`,
    redirect_uris: [plan.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  client = plan.client_id ? { client_id: plan.client_id } : undefined;
  authorizations = 0;
  tokensReceived = 0;

  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.held; }
  saveTokens(tokens) { this.held = tokens; this.tokensReceived += 1; }
  codeVerifier() { return this.verifier; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  discoveryState() { return this.discovered; }
  saveDiscoveryState(state) { this.discovered = state; }
  state() { return (this.sent = crypto.randomUUID()); }

  async redirectToAuthorization(url) {
    this.authorizations += 1;
    console.log(`AUTHORIZE ${url}`);
    const { value: line } = await person.next();
    this.callback = new URL(line).searchParams;
    if (this.callback.get('state') !== this.sent) throw new Error('another state');
  }
}

const provider = new Provider();

/**
 * Version 1 of the SDK answers a 403 by refreshing wherever it holds a refresh token, which never
 * brings more scopes. An app that wants more has to let go of the refresh token first.
 */
const forgettingFetch = async (input, init) => {
  const response = await fetch(input, init);
  const challenge = response.headers.get('www-authenticate') ?? '';
  if (response.status === 403 && challenge.includes('insufficient_scope')) {
    const { refresh_token: _, ...rest } = provider.held;
    provider.held = rest;
  }
  return response;
};

const newTransport = () => new StreamableHTTPClientTransport(new URL(plan.url), {
  authProvider: provider,
  ...(generation === 'v1' && { fetch: forgettingFetch }),
});

/** Does it; if a person had to be asked meanwhile, redeems the code and does it again. */
async function authorized(transport, attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await (generation === 'v2'
      ? transport.finishAuth(provider.callback)
      : transport.finishAuth(provider.callback.get('code')));
    return undefined;
  }
}

const client = () => new Client({ name: 'interop', version: '1' });
let transport = newTransport();
let connected = client();
if (await authorized(transport, async () => { await connected.connect(transport); return true; }) === undefined) {
  transport = newTransport();
  connected = client();
  await connected.connect(transport);
}

const phases = [];
async function phase(name, tool, args) {
  const call = () => connected.callTool({ name: tool, arguments: args });
  const { structuredContent: content, isError } =
    await authorized(transport, call) ?? await call();
  const { authorizations, tokensReceived: tokens, client: { client_id } } = provider;
  phases.push({ name, content, error: isError ?? false, authorizations, tokens, client_id });
}

await phase('start', 'about', {});
await sleep(1000 * plan.wait);
await phase('expired', 'about', {});
if (plan.step_up) {
  await phase('more', 'validate_document', { content: { catalog: {} } });
  await phase('after', 'about', {});
}
console.log(JSON.stringify(phases));
await connected.close();
process.exit(0);
