import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const EXTENSION = {
  namespace: 'team/tools',
  name: 'cache-store',
  repository: 'team/tools/cache-store',
  version: '1.2.3',
  kind: 'taskserv',
} as const;

const ASSET = 'upstream-linux.bin';

/** Bytes that no compressor makes smaller, the same for the same seed. */
export function noise(bytes: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

export const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

export interface TreeOptions {
  readonly version?: string;
  /** Size of one incompressible file, in bytes. Default 5,000. */
  readonly payloadBytes?: number;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly name?: string;
  /** Declares an upstream file, which lies beside the tree. */
  readonly asset?: boolean;
}

/** Writes an extension with all that archives get wrong: scripts, deep paths, other alphabets, empty files. */
export function writeExtension(directory: string, options: TreeOptions = {}): string {
  const version = options.version ?? EXTENSION.version;
  const upstream = noise(3000, 'upstream');
  const asset = `${directory}.${ASSET}`;
  const manifest = {
    schema: 1,
    name: options.name ?? EXTENSION.name,
    type: EXTENSION.kind,
    version,
    description: 'Zwischenspeicher für Tests – キャッシュ',
    license: 'Apache-2.0',
    tags: ['cache', 'interop'],
    dependencies: options.dependencies ?? {},
    provides: { 'key-value': '1.0.0' },
    scripts: { install: 'scripts/install.sh' },
    ...(options.asset
      ? {
          assets: [
            { name: ASSET, source: `file:${asset}`, sha256: sha256(upstream), size: upstream.byteLength },
          ],
        }
      : {}),
  };
  const files: Record<string, Buffer | string> = {
    'manifest.yaml': `${JSON.stringify(manifest, null, 2)}\n`,
    'scripts/install.sh': '#!/bin/sh\necho installed\n',
    'docs/README.md': '# Cache\n',
    'docs/größe.md': 'größer\n',
    [`data/${'deep/'.repeat(30)}leaf.txt`]: 'a path of more than 100 characters\n',
    'data/empty': '',
    'data/payload.bin': noise(options.payloadBytes ?? 5000, `payload ${version}`),
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
  }
  if (options.asset) writeFileSync(asset, upstream);
  return directory;
}

/** Every file below `directory`: whether it may be executed, and the sha256 of its bytes. */
export function readTree(directory: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const mode = statSync(path).mode & 0o111 ? 'executable' : 'plain';
    files[relative(directory, path)] = `${mode} ${sha256(readFileSync(path))}`;
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
