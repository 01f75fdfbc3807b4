import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf } from '#base';
import { pushExtension } from '#manager';
import { type Descriptor, MEDIA } from '#schemas';
import {
  loadPrivateKey,
  referrerManifest,
  type Signer,
  signArtifact,
  signatureManifest,
  signatureTag,
} from '#trust';
import { type RawEntry, rawTar } from '../../oci/testing/raw-tar.js';
import { type FaultRegistry, Model, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import type { Cleanup } from '../support/temporary-directory.js';

export const REPOSITORY = 'acme/redis';
export const TAG = '7.2.0';
const IN_TOTO = 'application/vnd.in-toto+json';
export type Json = Record<string, unknown>;

/** What every attack starts from: one small extension, packed and signed as people do it. */
export interface Baseline {
  readonly model: Model;
  readonly good: Signer;
  readonly other: Signer;
}

export async function newSigner(): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return loadPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

export async function makeBaseline(t: Cleanup, folder: string): Promise<Baseline> {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const [good, other] = [await newSigner(), await newSigner()];
  const home = join(folder, 'publisher');
  mkdirSync(home);
  const env = { PATH: process.env['PATH'], HOME: home, PROVISIONING_HOME: home };
  const dir = writeExtension(join(folder, 'source'), {
    name: 'redis',
    version: TAG,
    files: { 'scripts/install.sh': '#!/bin/sh\ntrue\n' },
  });
  await pushExtension(
    { dir, registry: registry.host, namespace: 'acme', signer: good },
    { provVersion: '0.1.0', env, cwd: folder },
  );
  return { model: registry.model, good, other };
}

/** A copy of the baseline on a registry of its own, and the ways to change it as an attacker could. */
export class Stage {
  /** What is asked for, below the registry's host. */
  reference = `${REPOSITORY}:${TAG}`;
  policy: string;
  /** Changes that only a use of the local machine can make, before the command runs. */
  prepareHome: ((home: string, surface: string) => Promise<void>) | undefined;
  /** The policy of the workspace, where it is not the one that counts. */
  workspacePolicy: string | undefined;
  timeoutMs: number | undefined;
  /** The attack leads to the attacker's host, and being asked is not yet harm. */
  evilMayBeAsked = false;
  /** The attack itself damaged the cache. */
  cacheIsAttacked = false;

  readonly registry: FaultRegistry;
  /** Another host that the attacker owns. */
  readonly evil: FaultRegistry;
  readonly good: Signer;
  readonly other: Signer;

  private constructor(registry: FaultRegistry, evil: FaultRegistry, { good, other }: Baseline) {
    this.registry = registry;
    this.evil = evil;
    this.good = good;
    this.other = other;
    this.policy = policyOf({ good });
  }

  static async open(t: Cleanup, baseline: Baseline): Promise<Stage> {
    const [registry, evil] = await Promise.all([
      startFaultRegistry({ model: cloned(baseline.model) }),
      startFaultRegistry({ model: cloned(baseline.model) }),
    ]);
    t.after(() => Promise.all([registry.close(), evil.close()]).then(() => undefined));
    return new Stage(registry, evil, baseline);
  }

  get content() {
    return this.registry.model.repository(REPOSITORY);
  }

  get digest(): Digest {
    return this.content.tags.get(TAG) as Digest;
  }

  get manifestText(): string {
    return this.content.manifests.get(this.digest)!.bytes.toString();
  }

  get configText(): string {
    return this.content.blobs.get(JSON.parse(this.manifestText).config.digest)!.toString();
  }

  get bundleText(): string {
    return this.content.blobs.get(this.bundleLayer)!.toString();
  }

  get bundleLayer(): string {
    return JSON.parse(this.content.manifests.get(this.bundleManifests[0]!)!.bytes.toString()).layers[0]
      .digest;
  }

  get bundleManifests(): string[] {
    return [...this.content.manifests].flatMap(([digest, { bytes }]) =>
      bytes.includes('"subject":{') && !bytes.includes('"duplicate-subject"') ? [digest] : [],
    );
  }

  get legacyTag(): string {
    return signatureTag(this.digest);
  }

  /** Takes bundles and the `.sig` tag away. */
  strip(): void {
    for (const digest of this.bundleManifests) this.content.manifests.delete(digest);
    this.content.tags.delete(this.legacyTag);
  }

  /** The only signature is this bundle, whatever it holds. */
  setBundle(bytes: string | Uint8Array, options: { readonly keep?: boolean } = {}): string {
    if (options.keep !== true) this.strip();
    const built = referrerManifest(this.subject, {
      bytes: Buffer.from(bytes as string),
      mediaType: MEDIA.sigstoreBundle,
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
    });
    return this.put(built);
  }

  /** The only signature is this one in the older form. */
  async setLegacy(payload: string, key: Signer = this.good): Promise<void> {
    this.strip();
    const signature = Buffer.from(await key.sign(Buffer.from(payload))).toString('base64');
    const built = await signatureManifest({ payload: Buffer.from(payload), signature }, key.publicKey);
    this.put(built, this.legacyTag);
  }

  legacyPayload(change: { reference?: string; optional?: Json | null; digest?: string; type?: string } = {}) {
    const { reference = `localhost:5000/${REPOSITORY}:${TAG}`, digest = this.digest } = change;
    const optional =
      change.optional === undefined
        ? { 'dev.prov.name': 'redis', 'dev.prov.version': TAG, 'dev.prov.kind': 'taskserv' }
        : change.optional;
    return JSON.stringify({
      critical: {
        identity: { 'docker-reference': reference },
        image: { 'docker-manifest-digest': digest },
        type: change.type ?? 'cosign container image signature',
      },
      optional,
    });
  }

  /** A bundle around any statement, well signed by a key: what a careless or stolen signer could make. */
  async signed(statement: unknown, options: { key?: Signer; payloadType?: string; hint?: string } = {}) {
    const { key = this.good, payloadType = IN_TOTO } = options;
    const text = typeof statement === 'string' ? statement : JSON.stringify(statement);
    const signature = await key.sign(preAuth(payloadType, text));
    return bundleOf(text, {
      signature,
      payloadType,
      hint: options.hint ?? key.publicKey.id,
    });
  }

  statement(change: { top?: Json; subject?: Json; annotations?: Json; digest?: Json } = {}): Json {
    const annotations = { 'dev.prov.name': 'redis', 'dev.prov.version': TAG, 'dev.prov.kind': 'taskserv' };
    const subject = {
      name: REPOSITORY,
      digest: change.digest ?? { sha256: this.digest.slice(7) },
      annotations: { ...annotations, ...change.annotations },
      ...change.subject,
    };
    return {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [subject],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
      ...change.top,
    };
  }

  /** Signs what the tag points to, as `prov ext sign` would. */
  async sign(key: Signer, options: { keep?: boolean; repository?: string; version?: string } = {}) {
    const { repository = REPOSITORY, version = TAG } = options;
    const bytes = this.content.manifests.get(this.digest)!.bytes;
    const { bundle, legacy } = await signArtifact({
      manifest: { descriptor: this.subject, bytes },
      repository,
      version,
      kind: 'taskserv',
      key,
      dockerReference: `localhost:5000/${repository}:${version}`,
    });
    const before = options.keep === true ? this.content.tags.get(this.legacyTag) : undefined;
    const existing = before === undefined ? undefined : this.content.manifests.get(before)!.bytes;
    if (options.keep !== true) this.strip();
    this.put(referrerManifest(this.subject, bundle));
    this.put(await signatureManifest(legacy, key.publicKey, existing), this.legacyTag);
  }

  /** Puts other content under the tag, signed by the trusted key unless told otherwise. */
  async publish(change: {
    manifest?: (manifest: Json & { layers: Descriptor[]; config: Descriptor }) => void;
    raw?: (text: string) => string;
    config?: (text: string) => string;
    layer?: readonly RawEntry[] | Buffer;
    sign?: boolean;
  }): Promise<void> {
    this.strip();
    const manifest = JSON.parse(this.manifestText);
    if (change.config !== undefined) {
      const config = Buffer.from(change.config(this.configText));
      manifest.config = { ...manifest.config, digest: digestOf(config), size: config.byteLength };
      this.content.blobs.set(digestOf(config), config);
    }
    if (change.layer !== undefined) this.#setLayer(manifest, change.layer);
    change.manifest?.(manifest);
    const text = change.raw?.(JSON.stringify(manifest)) ?? JSON.stringify(manifest);
    this.registry.model.putManifest(REPOSITORY, {
      type: MEDIA.ociManifest,
      bytes: Buffer.from(text),
      tag: TAG,
    });
    if (change.sign !== false) await this.sign(this.good);
  }

  #setLayer(manifest: { layers: Descriptor[] }, layer: readonly RawEntry[] | Buffer): void {
    const tar = Buffer.isBuffer(layer) ? undefined : rawTar(layer);
    const bytes = Buffer.isBuffer(layer) ? layer : gzipSync(tar!);
    const [first, ...rest] = manifest.layers;
    const { 'io.deis.oras.content.digest': _, ...annotations } = first!.annotations ?? {};
    manifest.layers = [
      {
        ...first!,
        digest: digestOf(bytes),
        size: bytes.byteLength,
        annotations:
          tar === undefined ? annotations : { ...annotations, 'io.deis.oras.content.digest': digestOf(tar) },
      },
      ...rest,
    ];
    this.content.blobs.set(digestOf(bytes), bytes);
  }

  get subject(): Descriptor {
    const { type, bytes } = this.content.manifests.get(this.digest)!;
    return { mediaType: type, digest: this.digest, size: bytes.byteLength };
  }

  put(
    built: {
      readonly descriptor: Descriptor;
      readonly bytes: Uint8Array;
      readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
    },
    tag?: string,
  ): string {
    for (const { descriptor, bytes } of built.blobs)
      this.content.blobs.set(descriptor.digest, Buffer.from(bytes));
    return this.registry.model.putManifest(REPOSITORY, {
      type: built.descriptor.mediaType,
      bytes: Buffer.from(built.bytes),
      ...(tag === undefined ? {} : { tag }),
    });
  }
}

/** @see DSSE v1, pre-authentication encoding */
export function preAuth(payloadType: string, text: string): Buffer {
  return Buffer.from(
    `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${Buffer.byteLength(text)} ${text}`,
  );
}

export function bundleOf(
  text: string,
  { signature, payloadType = IN_TOTO, hint }: { signature: Uint8Array; payloadType?: string; hint: string },
): string {
  return JSON.stringify({
    mediaType: MEDIA.sigstoreBundle,
    verificationMaterial: { publicKey: { hint }, timestampVerificationData: {} },
    dsseEnvelope: {
      payload: Buffer.from(text).toString('base64'),
      payloadType,
      signatures: [{ sig: Buffer.from(signature).toString('base64') }],
    },
  });
}

/** A policy that trusts these keys, each its own principal, with changes to its text. */
export function policyOf(
  keys: Readonly<Record<string, Signer>>,
  options: {
    facts?: string;
    top?: string;
    authority?: string;
    rule?: string;
    repository?: string;
    principals?: string;
    by?: string;
  } = {},
): string {
  const { facts = '', top = '', authority = '', rule = '', repository = 'acme/**' } = options;
  const names = Object.keys(keys);
  const list = names
    .map((name) => `  ${name}: {pem: ${JSON.stringify(keys[name]!.publicKey.pem)}${facts}}`)
    .join('\n');
  const people = options.principals ?? names.map((name) => `${name}: {keys: [${name}]}`).join(', ');
  return `apiVersion: prov.dev/trust/v1
version: 1
default: deny
${top}
keys:
${list}
principals: {${people}}
${authority}
rules:
  - id: ours
    match: {repository: "${repository}"}
    require: [{signature: {by: ${options.by ?? names[0]}}}]
${rule}
`;
}

function cloned(model: Model): Model {
  const copy = new Model();
  for (const [name, { blobs, manifests, tags }] of model.repositories)
    copy.repositories.set(name, {
      blobs: new Map(blobs),
      manifests: new Map(manifests),
      tags: new Map(tags),
    });
  return copy;
}
