// Calls the MCP server at URL as the client machine-dpop, with tokens bound to a key (DPoP) and proofs by oauth4webapi.
// CONNECT: the origin to connect to instead of URL's. SECRET: the client's. SCOPE: of the tokens. ALG: the key's
// algorithm. Prints one JSON object: what happened, by case.
import * as oauth from 'oauth4webapi';

const { ISSUER, URL: url, CONNECT, SECRET, SCOPE, ALG } = process.env;
const issuer = new URL(ISSUER), resource = new URL(url);
const insecure = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: (to, options) =>
  fetch(to.startsWith(`${resource.origin}/`) ? to.replace(resource.origin, CONNECT) : to, options) };
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const metadata = await oauth.processResourceDiscoveryResponse(resource,
  await oauth.resourceDiscoveryRequest(resource, insecure));
const client = { client_id: 'machine-dpop' };
const secret = oauth.ClientSecretBasic(SECRET);
const newKey = async () => oauth.DPoP(client, await oauth.generateKeyPair(ALG));

async function token(DPoP) {
  const parameters = new URLSearchParams({ resource: url, scope: SCOPE });
  const response = await oauth.clientCredentialsGrantRequest(as, client, secret, parameters, { DPoP, ...insecure });
  return oauth.processClientCredentialsResponse(as, client, response);
}

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'about', arguments: {} } });
const headers = () => new Headers({ 'content-type': 'application/json',
  accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' });

async function call(accessToken, options) {
  const send = () => oauth.protectedResourceRequest(accessToken, 'POST', resource, headers(), body, { ...options, ...insecure });
  let nonces = 0;
  for (;;) {
    try {
      const response = await send();
      const text = await response.text();
      return { status: response.status, nonces, client: JSON.parse(text).result?.structuredContent?.caller?.client_id };
    } catch (error) {
      if (oauth.isDPoPNonceError(error) && nonces++ === 0) continue;
      if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
      return { status: error.status, nonces, schemes: error.cause.map((challenge) => challenge.scheme),
        errors: error.cause.map((challenge) => challenge.parameters.error).filter(Boolean) };
    }
  }
}

const DPoP = await newKey(), thief = await newKey();
const granted = await token(DPoP);
const used = await token(DPoP);
console.log(JSON.stringify({
  algorithms: metadata.dpop_signing_alg_values_supported ?? null,
  required: metadata.dpop_bound_access_tokens_required ?? null,
  type: granted.token_type,
  bound: await call(granted.access_token, { DPoP }),
  again: await call(granted.access_token, { DPoP }),
  refreshed: await call(used.access_token, { DPoP }),
  thief: await call(granted.access_token, { DPoP: thief }),
  bearer: await call(granted.access_token, {}),
}));
