// The token verifier that both TypeScript SDKs call and leave to the author: it introspects, and
// keeps what it learned for 30 seconds.
import { createHash } from 'node:crypto';
import http from 'node:http';

const { ISSUER, RESOURCE } = process.env;
const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
const cache = new Map();

export const verifier = InvalidTokenError => ({
  async verifyAccessToken(token) {
    const key = createHash('sha256').update(token).digest('base64');
    const cached = cache.get(key);
    if (cached && Date.now() < cached.until) return cached.info;
    const claims = await introspect(token);
    if (!claims.active || claims.iss !== ISSUER || claims.aud !== RESOURCE) {
      throw new InvalidTokenError('not a token for this server');
    }
    const info = {
      token,
      clientId: claims.client_id,
      scopes: claims.scope.split(' '),
      expiresAt: claims.exp,
      resource: new URL(claims.aud),
    };
    cache.set(key, { info, until: Date.now() + 30_000 });
    return info;
  },
});

// node:http with keep-alive is quicker than fetch.
function introspect(token) {
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(body),
  };
  const options = { method: 'POST', agent, auth: 'mcp:secret', timeout: 3000, headers };
  return new Promise((resolve, reject) => {
    const request = http.request(`${ISSUER}/introspect`, options, async response => {
      try {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        if (response.statusCode !== 200) throw new Error(`introspection: ${response.statusCode}`);
        resolve(JSON.parse(Buffer.concat(chunks)));
      } catch (error) {
        reject(error);
      }
    });
    request.on('timeout', () => request.destroy(new Error('introspection timed out')));
    request.on('error', reject);
    request.end(body);
  });
}
