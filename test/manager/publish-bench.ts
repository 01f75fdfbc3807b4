import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type PublishOptions, publishExtension } from '#manager';
import { anonymousCredentials, createRemoteRegistry, type RemoteRegistry } from '#oci';
import { type IndexDocument, parseOciManifest } from '#schemas';
import { loadPrivateKey, type Signer } from '#trust';
import {
  type FaultRegistry,
  type FaultRegistryOptions,
  startFaultRegistry,
} from '../fault-registry/index.js';
import type { SampleExtension } from '../support/extensions.js';
import { NAMESPACE, openSite, type Site } from './site.js';

export const REDIS: SampleExtension = {
  name: 'redis',
  files: { 'scripts/install.sh': 'echo 1\n', 'README.md': '# redis\n' },
};
export const REPOSITORY = `${NAMESPACE}/redis`;

/** A site with a foreign registry beside it. */
export interface Bench {
  readonly site: Site;
  readonly server: FaultRegistry;
  readonly client: RemoteRegistry;
  publish(sample?: SampleExtension, more?: Partial<PublishOptions>): ReturnType<typeof publishExtension>;
}

export async function bench(t: TestContext, options: FaultRegistryOptions = {}): Promise<Bench> {
  const site = await openSite(t);
  const server = await startFaultRegistry(options);
  t.after(() => server.close());
  const client = createRemoteRegistry({ registry: server.host, credentials: anonymousCredentials, env: {} });
  t.after(() => client.close());
  return {
    site,
    server,
    client,
    publish: (sample = REDIS, more = {}) =>
      publishExtension(
        { dir: site.extension(sample), registry: server.host, namespace: NAMESPACE, ...more },
        site.context,
      ),
  };
}

/** Signatures of this key are the same every time, so that two runs can be compared. */
export async function edKey(): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return loadPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** The index under `_index`, as anybody sees it. */
export async function indexOf(client: RemoteRegistry): Promise<IndexDocument> {
  const store = client.repository(REPOSITORY);
  const { bytes, descriptor } = await store.fetchManifest('_index');
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  assert.ok(parsed.kind === 'manifest');
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.fetch(parsed.manifest.layers[0]!)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as IndexDocument;
}
