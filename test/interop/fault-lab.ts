import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type FaultRegistry,
  type FaultRegistryOptions,
  hash,
  Model,
  startFaultRegistry,
} from '../fault-registry/index.js';
import { findProgram, type ProgramName, runProgram } from '../support/programs.js';
import { isolatedEnvironment, prov } from '../support/prov.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';

export const CLIENTS = ['prov', 'oras', 'crane', 'skopeo'] as const;
export type Client = (typeof CLIENTS)[number];
export const USER = 'robot:correct-horse';
export const { repository, name, version, namespace } = EXTENSION;
const PAYLOAD_BYTES = 20 * 1024 * 1024;

/** An extension with 20 MB that do not compress, packed once for all cases. */
export interface Sample {
  readonly folder: string;
  readonly tree: string;
  readonly layout: string;
  readonly expected: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly manifest: {
    readonly layers: { digest: string; size: number }[];
    readonly config: { digest: string };
  };
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export async function packSample(t: TestContext): Promise<Sample> {
  const folder = temporaryDirectory(t);
  const tree = writeExtension(join(folder, name), { payloadBytes: PAYLOAD_BYTES });
  const layout = join(folder, 'layout');
  const env = isolatedEnvironment(folder);
  const packed = await prov(
    ['ext', 'pack', tree, '--namespace', namespace, '--output', layout, '--out', 'json'],
    { env },
  );
  const { digest } = packed.json.data as { digest: string };
  const below = join(layout, 'blobs', 'sha256');
  const blobs = new Map(readdirSync(below).map((hex) => [`sha256:${hex}`, readFileSync(join(below, hex))]));
  const manifest = JSON.parse(blobs.get(digest)!.toString());
  return { folder, tree, layout, expected: readTree(tree), digest, manifest, blobs };
}

/** What a client did: its exit code, and what lies where it should have written. */
export interface Ran {
  readonly code: number;
  readonly text: string;
  /** Everything that was asked for is there, and right. */
  readonly complete: boolean;
  /** Something wrong lies under a final name. */
  readonly wrong: boolean;
}

/** One client and one registry of its own, with a second origin beside it that shares the content. */
export interface Lab {
  readonly client: Client;
  readonly sample: Sample;
  readonly server: FaultRegistry;
  readonly other: FaultRegistry;
  readonly cwd: string;
  pull(options?: { byDigest?: boolean }): Promise<Ran>;
  push(): Promise<Ran>;
  /** Digests that the client shows as referrers of the sample. */
  discover(): Promise<{ code: number; found: readonly string[] }>;
  run(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>;
}

export interface LabOptions {
  /** The registry already has the sample. Default true. */
  readonly filled?: boolean;
  readonly server?: (other: FaultRegistry) => FaultRegistryOptions;
  /** The user's name and password for the registry lie where every client looks. */
  readonly signedIn?: boolean;
}

export async function openLab(
  t: TestContext,
  { client, sample }: { client: Client; sample: Sample },
  { filled = true, server: behaviour, signedIn = false }: LabOptions,
): Promise<Lab | undefined> {
  const program = client === 'prov' ? 'prov' : locate(client);
  if (program === undefined) return undefined;
  const model = new Model();
  if (filled) fill(model, sample);
  const other = await startFaultRegistry({ model });
  const server = await startFaultRegistry({ model, ...behaviour?.(other) });
  t.after(() => Promise.all([server.close(), other.close()]));
  const cwd = temporaryDirectory(t);
  if (signedIn) {
    mkdirSync(join(cwd, '.docker'));
    const auth = Buffer.from(USER).toString('base64');
    writeFileSync(
      join(cwd, '.docker', 'config.json'),
      JSON.stringify({ auths: { [server.host]: { auth } } }),
      { mode: 0o600 },
    );
  }
  const reference = `${server.host}/${repository}:${version}`;
  const exact = `${server.host}/${repository}@${sample.digest}`;

  async function run(words: readonly string[]) {
    if (client === 'prov') return prov(words, { cwd, env: isolatedEnvironment(cwd) });
    return runProgram(program!, words, { cwd });
  }

  async function finish(words: readonly string[], look: () => Pick<Ran, 'complete' | 'wrong'>): Promise<Ran> {
    const { code, stdout, stderr } = await run(words);
    return { code, text: `${words.join(' ')}\n${stdout}${stderr}`, ...look() };
  }

  return {
    client,
    sample,
    server,
    other,
    cwd,
    run,
    pull({ byDigest = false } = {}) {
      const from = byDigest ? exact : reference;
      const out = join(cwd, 'out');
      switch (client) {
        case 'prov':
          return finish(['ext', 'pull', from, '--destination', out], () => lookAtTree(out, sample));
        case 'oras':
          return finish(['pull', '--plain-http', from, '-o', out], () => lookAtTree(join(out, name), sample));
        case 'crane':
          return finish(['--insecure', 'pull', '--format', 'oci', from, out], () =>
            lookAtLayout(out, sample),
          );
        case 'skopeo':
          return finish(
            ['--insecure-policy', 'copy', '--src-tls-verify=false', `docker://${from}`, `oci:${out}:copied`],
            () => lookAtLayout(out, sample),
          );
      }
    },
    push() {
      const look = () => lookAtRegistry(model, client);
      switch (client) {
        case 'prov':
          return finish(
            ['ext', 'push', sample.tree, '--registry', server.host, '--namespace', namespace],
            look,
          );
        case 'oras': {
          const blob = join(cwd, 'payload.bin');
          writeFileSync(blob, readFileSync(join(sample.tree, 'data', 'payload.bin')));
          return finish(['push', '--plain-http', reference, 'payload.bin'], look);
        }
        case 'crane':
          return finish(['--insecure', 'push', sample.layout, reference], look);
        case 'skopeo':
          return finish(
            [
              '--insecure-policy',
              'copy',
              '--dest-tls-verify=false',
              `oci:${sample.layout}:${repository}:${version}`,
              `docker://${reference}`,
            ],
            look,
          );
      }
    },
    async discover() {
      const words =
        client === 'prov'
          ? ['ext', 'discover', reference, '--out', 'json']
          : ['discover', '--plain-http', '--format', 'json', reference];
      const { code, stdout } = await run(words);
      const digests = stdout.match(/sha256:[0-9a-f]{64}/g) ?? [];
      return { code, found: [...new Set(digests)].filter((digest) => digest !== sample.digest) };
    },
  };
}

function locate(client: Exclude<Client, 'prov'>): string | undefined {
  const names: readonly ProgramName[] = client === 'skopeo' ? ['skopeo-new', 'skopeo'] : [client];
  return names.map(findProgram).find((path) => path !== undefined);
}

export function fill(model: Model, { blobs, digest }: Sample, tag: string = version): void {
  for (const [each, bytes] of blobs) if (each !== digest) model.putBlob(repository, bytes);
  model.putManifest(repository, {
    type: 'application/vnd.oci.image.manifest.v1+json',
    bytes: blobs.get(digest)!,
    tag,
  });
}

function lookAtTree(folder: string, { expected }: Sample): Pick<Ran, 'complete' | 'wrong'> {
  if (!existsSync(folder)) return { complete: false, wrong: false };
  const found = readTree(folder);
  const wrong = Object.entries(found).some(([path, value]) => expected[path] !== value);
  return { wrong, complete: !wrong && Object.keys(found).length === Object.keys(expected).length };
}

function lookAtLayout(folder: string, { manifest, digest }: Sample): Pick<Ran, 'complete' | 'wrong'> {
  const blobs = join(folder, 'blobs', 'sha256');
  if (!existsSync(blobs)) return { complete: false, wrong: false };
  const wrong = readdirSync(blobs).some(
    (hex) =>
      createHash('sha256')
        .update(readFileSync(join(blobs, hex)))
        .digest('hex') !== hex,
  );
  const needed = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
  const listed = existsSync(join(folder, 'index.json')) && readFileSync(join(folder, 'index.json'), 'utf8');
  const all = needed.every((each) => existsSync(join(blobs, each.slice('sha256:'.length))));
  return { wrong, complete: !wrong && all && listed !== false && listed.includes(digest) };
}

function lookAtRegistry(model: Model, client: Client): Pick<Ran, 'complete' | 'wrong'> {
  const tagged = model.find(repository, version);
  const { blobs } = model.repository(repository);
  const wrong = [...blobs].some(([digest, bytes]) => hash(bytes) !== digest);
  if (tagged === undefined) return { complete: false, wrong };
  const { layers } = JSON.parse(tagged.manifest.bytes.toString()) as Sample['manifest'];
  const all = layers.every(({ digest }) => blobs.has(digest));
  // oras packs the file itself, so its layer is not ours; all the same it must be whole.
  const big = client === 'oras' ? layers.some(({ size }) => size === PAYLOAD_BYTES) : true;
  return { wrong, complete: all && big && !wrong };
}
