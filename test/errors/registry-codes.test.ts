import assert from 'node:assert/strict';
import { readdirSync, truncateSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '#base';
import { startRegistry } from '#registry-server';
import { MEDIA } from '#schemas';
import { listFiles } from '../support/files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly oci: string | undefined;
  readonly code: string | undefined;
}

/** Sends one request as it is and reads the code inside the OCI envelope's detail. */
function ask(
  url: string,
  method: string,
  path: string,
  more: { headers?: object; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const headers = { ...more.headers } as Record<string, string>;
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0 } = response;
        const body =
          status >= 400 && text !== ''
            ? (JSON.parse(text) as { errors: [{ code: string; detail: { code: string } }] })
            : undefined;
        const [first] = body?.errors ?? [];
        resolve({
          status,
          location: response.headers.location ?? '',
          oci: first?.code,
          code: first?.detail.code,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(more.body);
  });
}

test('every refusal under /v2/ carries our code inside the OCI envelope', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  const { url, close } = await startRegistry({ dataDir, port: 0 });
  t.after(close);
  const upload = await ask(url, 'POST', '/v2/team/app/blobs/uploads/');
  assert.equal(upload.status, 202);
  const session = upload.location.replace(url, '');
  const octets = { 'content-type': MEDIA.octetStream };
  const many = Array.from({ length: 200 }, (_, i) => `tag=t${i}`).join('&');
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [] });
  const put = { headers: { 'content-type': MEDIA.ociIndex }, body: manifest };
  const table: [string, string, { headers?: object; body?: string }, number, string, string][] = [
    ['GET', '/v2/none/at-all/tags/list', {}, 404, 'REGISTRY_NAME_UNKNOWN', 'NAME_UNKNOWN'],
    ['PUT', '/v2/team/app/manifests/-bad', put, 400, 'REGISTRY_TAG_INVALID', 'MANIFEST_INVALID'],
    [
      'PUT',
      `/v2/team/app/manifests/${digestOf(manifest)}?${many}`,
      put,
      414,
      'REGISTRY_TAGS_TOO_MANY',
      'MANIFEST_INVALID',
    ],
    ['GET', '/v2/team/app/manifests/none', {}, 404, 'REGISTRY_MANIFEST_UNKNOWN', 'MANIFEST_UNKNOWN'],
    ['DELETE', '/v2/team/app/manifests/none', {}, 404, 'REGISTRY_MANIFEST_UNKNOWN', 'MANIFEST_UNKNOWN'],
    [
      'PUT',
      '/v2/team/app/manifests/x',
      { headers: { 'content-type': 'text/plain' }, body: manifest },
      400,
      'REGISTRY_MANIFEST_INVALID',
      'MANIFEST_INVALID',
    ],
    [
      'PUT',
      '/v2/team/app/manifests/x',
      { ...put, body: '"x"' },
      400,
      'REGISTRY_MANIFEST_INVALID',
      'MANIFEST_INVALID',
    ],
    ['GET', '/v2/team/app/tags/list?n=many', {}, 400, 'REGISTRY_REQUEST_INVALID', ''],
    [
      'PUT',
      '/v2/team/app/manifests/x',
      { ...put, headers: { ...put.headers, origin: 'http://evil.example' } },
      403,
      'REGISTRY_ORIGIN_REFUSED',
      'DENIED',
    ],
    ['POST', '/v2/team/app/manifests/x', {}, 405, 'REGISTRY_METHOD_UNSUPPORTED', 'UNSUPPORTED'],
    [
      'PATCH',
      session,
      { headers: { ...octets, 'content-range': '7-9' }, body: 'abc' },
      416,
      'REGISTRY_UPLOAD_OUT_OF_ORDER',
      'BLOB_UPLOAD_INVALID',
    ],
    [
      'PATCH',
      session,
      { headers: { ...octets, 'content-range': '0-9', 'content-length': '3' }, body: 'abc' },
      400,
      'REGISTRY_SIZE_MISMATCH',
      'SIZE_INVALID',
    ],
  ];
  for (const [method, path, more, status, code, oci] of table) {
    const answer = await ask(url, method, path, more);
    assert.deepEqual([answer.status, answer.code], [status, code], `${method} ${path.slice(0, 60)}`);
    if (oci !== '') assert.equal(answer.oci, oci);
  }
});

test('a stored blob that was cut short is never served as whole', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  const { url, close } = await startRegistry({ dataDir, port: 0 });
  t.after(close);
  const body = 'the content of a blob';
  const digest = digestOf(body);
  const pushed = await ask(url, 'POST', `/v2/team/app/blobs/uploads/?digest=${digest}`, {
    headers: { 'content-type': MEDIA.octetStream, 'content-length': String(body.length) },
    body,
  });
  assert.equal(pushed.status, 201);
  const stored = listFiles(dataDir).find((path) => path.includes(digest.slice('sha256:'.length)));
  assert.ok(stored, readdirSync(dataDir).join());
  truncateSync(join(dataDir, stored), 5);
  const answer = await ask(url, 'GET', `/v2/team/app/blobs/${digest}`);
  assert.deepEqual([answer.status, answer.code], [404, 'REGISTRY_BLOB_UNKNOWN'], 'so that a push repairs it');
});
