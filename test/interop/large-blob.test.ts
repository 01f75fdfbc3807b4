import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest } from './registry-content.js';

/** Above 16 MiB our client uploads in pieces: of 8 MiB, or of 64 MiB where smaller ones save nothing. */
const PAYLOAD_BYTES = 25 * 1024 * 1024;
const { namespace, name, repository, version } = EXTENSION;

onBothRegistries('a large blob', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { payloadBytes: PAYLOAD_BYTES }));
  const copy = 'skopeo --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false' as const;
  const { digest, requests } = await site.prov<{ digest: string; requests: Record<string, number> }>(
    `ext push tree --registry ${host} --namespace ${namespace}`,
  );

  await check({ needs: [], does: 'our upload in pieces, then our pull' }, async () => {
    if (site.registry.name === 'docker-registry') {
      assert.equal(requests['PATCH'], 1, JSON.stringify(requests));
      assert.equal(await statusAfterBrokenChunk(host), 404, 'a broken chunk ends an upload there');
    } else assert.ok(requests['PATCH']! >= 3, JSON.stringify(requests));
    assert.ok((await manifest(host, repository, version)).layers![0]!.size > PAYLOAD_BYTES);
    await site.prov(`ext pull ${reference} --destination ours`);
    assert.deepEqual(readTree(site.path('ours')), expected);
  });

  await check(
    { needs: ['skopeo'], does: 'our upload in pieces, skopeo copy out and in, our pulls' },
    async () => {
      await site.run(`${copy} docker://${reference} oci:copied:${repository}:${version}`);
      const fromLayout = await site.prov('ext pull oci-layout:copied --destination from-layout');
      assert.equal(fromLayout['digest'], digest);
      assert.deepEqual(readTree(site.path('from-layout')), expected);
      const target = `${host}/large/by-skopeo/${name}:${version}`;
      await site.run(`${copy} oci:copied:${repository}:${version} docker://${target}`);
      const back = await site.prov(`ext pull ${target} --destination back`);
      assert.equal(back['digest'], digest);
      assert.deepEqual(readTree(site.path('back')), expected);
    },
  );

  await check({ needs: ['oras'], does: 'our upload in pieces, then oras pull' }, async () => {
    await site.run(`oras pull --plain-http -o by-oras ${reference}`);
    assert.deepEqual(readTree(site.path('by-oras', name)), expected);
  });

  await check({ needs: ['crane'], does: 'crane push of a large blob, then our pull' }, async () => {
    await site.prov(`ext pack tree --namespace ${namespace} --output packed`);
    const target = `${host}/large/by-crane/${name}:${version}`;
    await site.run(`crane --insecure push packed ${target}`);
    const pulled = await site.prov(`ext pull ${target} --destination by-crane`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('by-crane')), expected);
  });
});

/** What a registry answers about an upload of which one chunk arrived and the next broke off. */
async function statusAfterBrokenChunk(host: string): Promise<number> {
  const opened = await fetch(`http://${host}/v2/large/broken/blobs/uploads/`, { method: 'POST' });
  const chunk = { method: 'PATCH', headers: { 'content-type': 'application/octet-stream' } };
  const taken = await fetch(opened.headers.get('location')!, { ...chunk, body: Buffer.alloc(1000) });
  assert.equal(taken.status, 202);
  const { href, pathname, search } = new URL(taken.headers.get('location')!);
  const [name, port] = host.split(':');
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), name, () => {
      socket.write(
        `PATCH ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/octet-stream\r\ncontent-length: 2000\r\n\r\n`,
      );
      socket.end(Buffer.alloc(1000));
    });
    socket.once('error', reject).once('close', resolve).resume();
  });
  return (await fetch(href)).status;
}
