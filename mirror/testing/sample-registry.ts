import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { digestOf } from '#base';
import {
  attachArtifact,
  bytesSource,
  type ContentStore,
  createMemoryStore,
  describeBytes,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeManifest,
  packExtension,
  pushPacked,
  sideTag,
} from '#oci';
import { ANNOTATION, type Descriptor, type Lock, type LockEntry, MEDIA } from '#schemas';

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prov-mirror-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A registry in memory that counts what is written to it. */
export interface SampleRegistry {
  repository(name: string): ContentStore;
  names(): readonly string[];
  /** Pushes and tags so far. */
  writes: string[];
  /** When set, called before each write; may throw. */
  beforeWrite: ((what: string) => void) | undefined;
}

export function sampleRegistry(): SampleRegistry {
  const stores = new Map<string, ContentStore>();
  const registry: SampleRegistry = {
    writes: [],
    beforeWrite: undefined,
    names: () => [...stores.keys()].sort(),
    repository(name) {
      const known = stores.get(name);
      if (known) return known;
      const memory = createMemoryStore(name);
      const note = (what: string) => {
        registry.beforeWrite?.(what);
        registry.writes.push(what);
      };
      const store: ContentStore = {
        ...memory,
        async push(descriptor, source, options) {
          note(`push ${descriptor.digest}`);
          return memory.push(descriptor, source, options);
        },
        async tag(descriptor, tag, options) {
          note(`tag ${name}:${tag}`);
          return memory.tag(descriptor, tag, options);
        },
      };
      stores.set(name, store);
      return store;
    },
  };
  return registry;
}

/** Puts bytes that stand for a signature: a bundle referrer, and one layer of a `.sig` manifest. */
export async function sign(
  store: ContentStore,
  subject: Descriptor,
  signers: readonly string[],
): Promise<LockEntry['signatures']> {
  const layer = (text: string, mediaType: string) => ({
    descriptor: describeBytes(Buffer.from(text), mediaType),
    source: bytesSource(Buffer.from(text)),
  });
  const bundles = await Promise.all(
    signers.map(async (signer) => {
      const bundle = layer(`{"bundle":"${signer} of ${subject.digest}"}`, MEDIA.sigstoreBundle);
      await attachArtifact(store, { subject, artifactType: MEDIA.sigstoreBundle, layers: [bundle] });
      return bundle.descriptor.digest;
    }),
  );
  const layers = signers.map((signer) => layer(`${signer} signs ${subject.digest}`, MEDIA.simpleSigning));
  for (const { descriptor, source } of layers) await store.push(descriptor, source);
  await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES));
  const bytes = encodeManifest({
    schemaVersion: 2,
    config: EMPTY_DESCRIPTOR,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const manifest = describeBytes(bytes, MEDIA.ociManifest);
  await store.push(manifest, bytesSource(bytes));
  await store.tag(manifest, sideTag(subject.digest, 'sig'));
  return { bundles, legacy: manifest.digest };
}

export interface SampleExtension {
  readonly name: string;
  readonly version?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly signers?: readonly string[];
}

/** Packs, pushes and signs an extension, and gives its block of a lock. */
export async function publish(
  t: TestContext,
  registry: SampleRegistry,
  extension: SampleExtension,
): Promise<LockEntry> {
  const { name, version = '1.0.0', files = {}, signers = ['alice'] } = extension;
  const dir = join(temporaryDirectory(t), name);
  const manifest = `schema: 1\nname: ${name}\ntype: taskserv\nversion: ${version}\ndescription: An extension of the tests.\n`;
  for (const [path, text] of Object.entries({ 'manifest.yaml': manifest, ...files })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const repository = `prov/ext/${name}`;
  const store = registry.repository(repository);
  const packed = await packExtension(dir, { provVersion: '0.1.0', sourceDateEpoch: 0 });
  try {
    await pushPacked(store, packed);
    const { mediaType, digest, size } = packed.descriptor;
    const { config, layers } = packed.imageManifest;
    const plain = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });
    return {
      kind: 'taskserv',
      name,
      version,
      source: { registry: 'main', repository },
      manifest: { mediaType, digest, size },
      config: plain(config),
      layers: layers.map(plain),
      signatures: await sign(store, packed.descriptor, signers),
      dependencies: [],
      requiredBy: ['workspace'],
    };
  } finally {
    await packed.close();
  }
}

export function lockOf(...extensions: LockEntry[]): Lock {
  return {
    lockVersion: 1,
    inputs: { workspace: digestOf('inputs') },
    policy: { strategy: 'latest', prerelease: 'if-named', platforms: ['linux/amd64'] },
    extensions,
  };
}

/** Attaches the assets manifest that a mirror writes beside an extension, with its side tag. */
export async function attachAssets(
  store: ContentStore,
  subject: Descriptor,
  bytes: Uint8Array,
): Promise<Descriptor> {
  const descriptor = {
    ...describeBytes(bytes, MEDIA.asset),
    annotations: { [ANNOTATION.asset]: 'tool.bin' },
  };
  const attached = await attachArtifact(store, {
    subject,
    artifactType: MEDIA.assets,
    layers: [{ descriptor, source: bytesSource(bytes) }],
  });
  await store.tag(attached, sideTag(subject.digest, 'assets.linux-amd64'));
  return attached;
}
