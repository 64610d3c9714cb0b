// Pages with their own origins, and chromium to open them.
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

setTimeout(() => { console.error('too slow'); process.exit(3); }, 90_000).unref();

export const blank = '<!doctype html><title>a page</title><link rel="icon" href="data:,">';

/** Serves one page at every path of an origin; port 0 takes a free one. */
export async function serve(port, page) {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(page);
  });
  await new Promise((listening) => { server.listen(port, '127.0.0.1', listening); });
  server.unref();
  return { origin: `http://127.0.0.1:${server.address().port}` };
}

/** Lets `use` work with a page of a browser that knows nothing from before. */
export async function browse(use) {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: [
      '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
