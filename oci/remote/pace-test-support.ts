import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { copyGraph } from '../copy-graph.js';
import { createMemoryStore } from '../store/memory-store.js';
import { blobOf, clientOf, emptyConfig, fixture, manifestOf, sourceOf } from './test-support.js';

/** A registry with a bucket of requests a second before it; says how many it turned away, and most at once. */
export async function limited(
  t: TestContext,
  upstream: string,
  perSecond: number,
  retryAfter: string | undefined,
) {
  const seen = { all: 0, refused: 0, now: 0, most: 0 };
  let tokens = perSecond;
  let at = Date.now();
  const server = createServer((request, response) => {
    const now = Date.now();
    tokens = Math.min(perSecond, tokens + ((now - at) / 1000) * perSecond);
    at = now;
    seen.all += 1;
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    response.once('close', () => {
      seen.now -= 1;
    });
    if (tokens < 1) {
      seen.refused += 1;
      response.writeHead(429, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
      response.end();
      return;
    }
    tokens -= 1;
    const headers = { ...request.headers, host: upstream };
    const url = new URL(request.url!, `http://${upstream}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const answer = await fetch(url, {
        method: request.method!,
        headers: Object.fromEntries(
          Object.entries(headers).filter(
            ([name]) => !['connection', 'content-length', 'host'].includes(name),
          ),
        ) as Record<string, string>,
        ...(['GET', 'HEAD'].includes(request.method!) ? {} : { body: Buffer.concat(chunks) }),
        redirect: 'manual',
      });
      const body = Buffer.from(await answer.arrayBuffer());
      const back = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'connection'));
      response.writeHead(answer.status, back);
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Copies artifacts to a registry behind such a bucket; every one of them must arrive. */
export async function copyThrough(
  t: TestContext,
  options: { artifacts: number; perSecond: number; retryAfter: string | undefined },
) {
  const { server } = await fixture(t);
  const { host, seen } = await limited(t, server.host, options.perSecond, options.retryAfter);
  const store = createMemoryStore('source');
  const roots = [];
  await store.push(blobOf(emptyConfig), sourceOf(emptyConfig));
  for (let i = 0; i < options.artifacts; i += 1) {
    const { bytes, descriptor } = manifestOf({ note: String(i) });
    await store.push(descriptor, sourceOf(bytes));
    roots.push(descriptor);
  }
  const registry = clientOf(t, host, { retry: { attempts: 5, baseDelayMs: 250, maxDelayMs: 5000 } });
  const to = registry.repository('ns/app');
  const tags = new Map(roots.map(({ digest }, i) => [digest, [`1.0.${i}`]] as const));
  await copyGraph(store, to, roots, { tags });
  assert.equal((await to.list()).length, options.artifacts);
  return seen;
}
