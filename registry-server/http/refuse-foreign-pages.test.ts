import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { withRegistry } from '../test/with-registry.js';

function status(port: number, method: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, method, path: '/v2/acme/tool/blobs/uploads/', headers, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.once('error', reject);
    call.end();
  });
}

test('a web page from elsewhere cannot push, also when its name points to this machine', () =>
  withRegistry(async ({ registry: { port } }) => {
    assert.equal(await status(port, 'POST', {}), 202);
    const rebound = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` };
    assert.equal(await status(port, 'POST', rebound), 403);
    assert.equal(await status(port, 'POST', { origin: 'https://evil.example' }), 403);
    assert.equal(await status(port, 'POST', { origin: 'null' }), 403);
    assert.equal(await status(port, 'POST', { 'sec-fetch-site': 'cross-site' }), 403);
    const own = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
    assert.equal(await status(port, 'POST', own), 202);
    assert.equal(await status(port, 'POST', { host: `registry.example:${port}` }), 202);
  }));
