// A person in a browser at the consent page: says yes, then says no.
// Usage: node consent.mjs PLAN     PLAN is JSON: `mcp`, `issuer`, `screenshot` (a path, or null).
// Prints what was seen as one JSON object.
import { createHash, randomBytes } from 'node:crypto';
import { blank, browse, serve } from './harness.mjs';

const plan = JSON.parse(process.argv[2]);
const answer = async (response) => {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response.json();
};

const { origin } = await serve(0, blank);
const metadata = await answer(await fetch(`${plan.issuer}/.well-known/oauth-authorization-server`));
const redirect_uri = `${origin}/callback`;
const { client_id } = await answer(await fetch(metadata.registration_endpoint, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    client_name: 'Auditor\'s assistant', redirect_uris: [redirect_uri],
    token_endpoint_auth_method: 'none',
  }),
}));
const verifier = randomBytes(32).toString('base64url');
const url = new URL(metadata.authorization_endpoint);
url.search = new URLSearchParams({
  response_type: 'code', client_id, redirect_uri, resource: plan.mcp, state: 'here',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
});

/** For a person to look at. */
async function photograph(page, path) {
  await page.goto(String(url));
  await page.screenshot({ path: `${path}.png`, fullPage: true });
  await page.setViewportSize({ width: 380, height: 800 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `${path}-narrow-dark.png`, fullPage: true });
}

/** Opens the consent page and presses a button; returns the parameters the client is sent. */
async function decide(page, button) {
  await page.goto(String(url));
  const text = await page.locator('main').innerText();
  await page.getByLabel('Sign in as').fill('bob');
  await page.getByRole('button', { name: button }).click();
  await page.waitForURL((reached) => reached.href.startsWith(redirect_uri));
  return { text, sent: Object.fromEntries(new URL(page.url()).searchParams) };
}

await browse(async (page) => {
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  if (plan.screenshot) await photograph(page, plan.screenshot);
  const approved = await decide(page, 'Approve');
  const denied = await decide(page, 'Deny');
  const tokens = await answer(await fetch(metadata.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code', client_id, redirect_uri, resource: plan.mcp,
      code: approved.sent.code, code_verifier: verifier,
    }),
  }));
  const result = await answer(await fetch(plan.mcp, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${tokens.access_token}`,
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'about', arguments: {} } }),
  }));
  delete approved.sent.code;
  const { caller } = result.result.structuredContent;
  console.log(JSON.stringify({ approved, denied, caller, problems }));
});
