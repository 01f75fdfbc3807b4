// A process of its own that serves the graph of bench/lock-graph.ts as npm packuments, which is all that locking asks
// of a registry. Prints its address as one line.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GraphPackage, lockGraph } from './lock-graph.js';

const PUBLISHED = '2024-01-01T00:00:00.000Z';

function packument({ name, versions, dependencies }: GraphPackage, url: string): string {
  const integrity = `sha512-${createHash('sha512').update(name).digest('base64')}`;
  return JSON.stringify({
    name,
    'dist-tags': { latest: versions.at(-1) },
    time: Object.fromEntries(['created', 'modified', ...versions].map((each) => [each, PUBLISHED])),
    versions: Object.fromEntries(
      versions.map((version) => [
        version,
        {
          name,
          version,
          dependencies,
          dist: { tarball: `${url}/${name}/-/${name}-${version}.tgz`, integrity },
        },
      ]),
    ),
  });
}

const documents = new Map<string, { readonly body: string; readonly etag: string }>();
const server = createServer((request, response) => {
  const found = documents.get((request.url ?? '').split('?')[0]!);
  if (found === undefined) return void response.writeHead(404).end('{}');
  const headers = { 'content-type': 'application/json', etag: found.etag };
  if (request.headers['if-none-match'] === found.etag) return void response.writeHead(304, headers).end();
  response.writeHead(200, headers).end(found.body);
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const each of lockGraph()) {
    const body = packument(each, url);
    documents.set(`/${each.name}`, { body, etag: `"${createHash('sha256').update(body).digest('hex')}"` });
  }
  process.stdout.write(`${url}\n`);
});
