// A page of another origin as an MCP client, entirely in the browser: it reads the challenge and the
// metadata, registers, sends its user to the consent page, redeems the code and calls a tool. A page
// whose origin is not allowed can read the metadata, but nothing from the server.
// Usage: node cross-origin.mjs PLAN     PLAN is JSON: `mcp`, `allowed_port`, `stranger_port`.
// Prints what was seen as one JSON object.
import { blank, browse, serve } from './harness.mjs';

const plan = JSON.parse(process.argv[2]);
const allowed = await serve(plan.allowed_port, blank);
const stranger = await serve(plan.stranger_port, blank);

// The functions below run inside pages.

/** What a page learns without a token. */
async function learn({ mcp, metadataUrl }) {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'about', arguments: {} } };
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const seen = {};
  try {
    const response = await fetch(mcp, { method: 'POST', headers, body: JSON.stringify(call) });
    seen.status = response.status;
    seen.challenge = response.headers.get('WWW-Authenticate');
  } catch (error) {
    seen.refusal = error.name;
  }
  const [, told] = /resource_metadata="([^"]+)"/.exec(seen.challenge ?? '') ?? [];
  const metadata = await fetch(told ?? metadataUrl);
  seen.metadata = await metadata.json();
  return seen;
}

async function prepare({ issuer, mcp, redirectUri }) {
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  const registered = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  });
  const { client_id } = await registered.json();
  const base64url = (bytes) => btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  Object.assign(sessionStorage, { verifier, client_id, tokens: metadata.token_endpoint });
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code', client_id, redirect_uri: redirectUri, resource: mcp,
    code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256',
  });
  return String(url);
}

async function redeem({ mcp, redirectUri }) {
  const { verifier, client_id, tokens } = sessionStorage;
  const response = await fetch(tokens, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code', client_id, redirect_uri: redirectUri, resource: mcp,
      code: new URLSearchParams(location.search).get('code'), code_verifier: verifier,
    }),
  });
  const { access_token } = await response.json();
  const called = await fetch(mcp, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${access_token}`,
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'about', arguments: {} } }),
  });
  return (await called.json()).result.structuredContent.caller;
}

await browse(async (page) => {
  const { mcp } = plan;
  const metadataUrl = mcp.replace('/mcp', '/.well-known/oauth-protected-resource/mcp');
  await page.goto(stranger.origin);
  const refused = await page.evaluate(learn, { mcp, metadataUrl });

  await page.goto(allowed.origin);
  const learned = await page.evaluate(learn, { mcp, metadataUrl });
  const redirectUri = `${allowed.origin}/callback`;
  const [issuer] = learned.metadata.authorization_servers;
  await page.goto(await page.evaluate(prepare, { issuer, mcp, redirectUri }));
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.waitForURL((reached) => reached.href.startsWith(redirectUri));
  const caller = await page.evaluate(redeem, { mcp, redirectUri });
  console.log(JSON.stringify({ refused, learned, caller }));
});
