import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { treeDigest } from '#oci';
import type { LockEntry } from '#schemas';
import type { Outcome, Place, Use } from './lock-stage.js';

const ZEROS = `sha256:${'0'.repeat(64)}` as const;

/** One edit that whoever can write to a workspace can make. */
export interface LockAttack {
  readonly what: string;
  play(at: Place): void | Promise<void>;
  /** Default: refused, and by `resolve` mended or refused. */
  readonly expect?: Partial<Readonly<Record<Use, Outcome | readonly Outcome[]>>>;
  /** Why something is accepted. */
  readonly because?: string;
}

const HARMLESS = {
  resolve: 'accepted',
  locked: 'accepted',
  frozen: 'accepted',
  check: 'accepted',
  deploy: 'accepted',
} as const;

function foreign(at: Place, key: string): LockEntry {
  const found = at.stage.foreign.get(key);
  assert.ok(found, key);
  return found;
}

const requiredBy = (entry: LockEntry, ...by: string[]): LockEntry => ({ ...entry, requiredBy: by });

/** Its script leaves the attacker's mark instead of its own. */
function infect(dir: string): void {
  const file = join(dir, 'scripts/install.mjs');
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes('os 1.1.0'));
  writeFileSync(file, text.replace('os 1.1.0', 'mallory'));
}

function exchange(at: Place, name: string, key: string, range?: string): void {
  const other = foreign(at, key);
  at.lock((lock) => ({
    ...lock,
    extensions: lock.extensions.map((entry) =>
      entry.name === name
        ? { ...other, requiredBy: entry.requiredBy }
        : {
            ...entry,
            dependencies: entry.dependencies.map((edge) =>
              edge.name === name ? { ...edge, version: other.version, ...(range && { range }) } : edge,
            ),
          },
    ),
  }));
}

function add(at: Place, entry: LockEntry): void {
  at.lock((lock) => ({ ...lock, extensions: [...lock.extensions, entry] }));
}

function drop(at: Place, name: string): void {
  at.lock((lock) => ({ ...lock, extensions: lock.extensions.filter((entry) => entry.name !== name) }));
}

function layer(at: Place, change: (layer: LockEntry['layers'][number]) => LockEntry['layers'][number]): void {
  at.entry('os', (entry) => ({ ...entry, layers: entry.layers.map(change) }));
}

/** Edits of the lock alone. */
export const LOCK_EDITS: readonly LockAttack[] = [
  { what: 'a dependency is led to a namesake', play: (at) => exchange(at, 'os', 'other/os') },
  {
    what: 'only one of two edges is led to a namesake, which is added',
    play(at) {
      add(at, requiredBy(foreign(at, 'other/os'), 'redis'));
      at.entry('os', (entry) =>
        (entry.source as { repository: string }).repository === 'team/os' ? requiredBy(entry, 'web') : entry,
      );
      at.edge('redis', 'os', (edge) => ({ ...edge, name: 'other/os' }));
      at.edge('web', 'os', (edge) => ({ ...edge, name: 'team/os' }));
    },
  },
  {
    what: 'the source of an entry is another repository',
    play: (at) =>
      at.entry('os', (entry) => ({ ...entry, source: { registry: 'main', repository: 'other/os' } })),
  },
  {
    what: 'the source of an entry is a registry that is not there',
    play: (at) =>
      at.entry('os', (entry) => ({ ...entry, source: { registry: 'evil', repository: 'team/os' } })),
  },
  {
    what: 'the content of one extension stands under the name of another',
    play: (at) =>
      at.entry('os', ({ name, version, kind, source, requiredBy: by }) => ({
        ...foreign(at, 'team/stray'),
        name,
        version,
        kind,
        source,
        requiredBy: by,
      })),
  },
  {
    what: 'the content of another version stands under a version',
    play: (at) =>
      at.entry('redis', (entry) => ({
        ...foreign(at, 'team/redis@7.0.0'),
        version: entry.version,
        requiredBy: entry.requiredBy,
      })),
  },
  {
    what: 'a version is written otherwise than its content has it',
    play(at) {
      at.entry('redis', (entry) => ({ ...entry, version: '7.2.0' }));
      at.edge('web', 'redis', (edge) => ({ ...edge, version: '7.2.0' }));
    },
  },
  {
    what: 'a version that the edge does not accept, with its range widened',
    play: (at) => exchange(at, 'redis', 'team/redis@7.0.0', '*'),
  },
  {
    what: 'a dependency is taken out',
    play(at) {
      at.entry('web', (entry) => ({
        ...entry,
        dependencies: entry.dependencies.filter(({ name }) => name !== 'os'),
      }));
      at.entry('os', (entry) => requiredBy(entry, 'redis'));
    },
  },
  {
    what: 'a dependency is taken out with what it led to',
    play(at) {
      for (const from of ['web', 'redis'])
        at.entry(from, (entry) => ({
          ...entry,
          dependencies: entry.dependencies.filter(({ name }) => name !== 'os'),
        }));
      drop(at, 'os');
    },
  },
  {
    what: 'a dependency is said to be optional and skipped',
    play(at) {
      for (const from of ['web', 'redis'])
        at.entry(from, (entry) => ({
          ...entry,
          dependencies: entry.dependencies.filter(({ name }) => name !== 'os'),
          skipped: [{ name: 'os', range: '^1', reason: 'nobody needs it' }],
        }));
      drop(at, 'os');
    },
  },
  {
    what: 'a dependency is said to be optional',
    play: (at) => at.edge('web', 'os', (edge) => ({ ...edge, optional: true })),
  },
  {
    what: 'a dependency is added with what it leads to',
    play(at) {
      add(at, requiredBy(foreign(at, 'team/stray'), 'web'));
      at.entry('web', (entry) => ({
        ...entry,
        dependencies: [...entry.dependencies, { name: 'stray', range: '*', version: '1.0.0' }],
      }));
    },
  },
  {
    what: 'a dependency is added as the optional one that is there',
    play(at) {
      add(at, requiredBy(foreign(at, 'team/stray'), 'web'));
      at.entry('web', (entry) => ({
        ...entry,
        dependencies: [
          ...entry.dependencies,
          { name: 'stray', range: '^1', version: '1.0.0', optional: true, capability: 'pgbouncer' },
        ],
        skipped: [],
      }));
    },
  },
  {
    what: 'an extension is added that nothing needs',
    expect: { frozen: 'accepted' },
    because: '--frozen does not look at what the workspace asks for',
    play: (at) => add(at, requiredBy(foreign(at, 'team/stray'))),
  },
  {
    what: 'an extension is added as if the workspace asked for it',
    play: (at) => add(at, requiredBy(foreign(at, 'team/stray'), '(workspace)')),
    expect: { frozen: 'accepted' },
    because: '--frozen does not look at what the workspace asks for',
  },
  {
    what: 'an extension is added that excludes another one',
    play: (at) => add(at, requiredBy(foreign(at, 'team/rival'), '(workspace)')),
  },
  {
    what: 'an extension is added that does not go with a version',
    play: (at) => add(at, requiredBy(foreign(at, 'team/picky'), '(workspace)')),
  },
  {
    what: 'a second provider of an exclusive capability is added',
    play(at) {
      const chosen = at.stage.good.extensions.find(({ provides }) => provides !== undefined)!.name;
      add(at, requiredBy(foreign(at, `team/${chosen === 'docker' ? 'podman' : 'docker'}`), '(workspace)'));
    },
  },
  {
    what: 'a dependency is served by a capability that its provider does not have',
    play(at) {
      at.entry('web', (entry) => ({
        ...entry,
        dependencies: entry.dependencies.map((edge) =>
          edge.name === 'redis'
            ? { name: 'stray', range: '^7', version: '1.0.0', capability: 'redis' }
            : edge,
        ),
      }));
      drop(at, 'redis');
      add(at, { ...requiredBy(foreign(at, 'team/stray'), 'web'), provides: { redis: '7.1.0' } });
      at.entry('os', (entry) => requiredBy(entry, 'web'));
    },
  },
  {
    what: 'a capability is invented',
    play: (at) => at.entry('os', (entry) => ({ ...entry, provides: { anything: '1.0.0' } })),
  },
  {
    what: 'a capability is taken out',
    play(at) {
      const chosen = at.stage.good.extensions.find(({ provides }) => provides !== undefined)!.name;
      at.entry(chosen, ({ provides: _, ...entry }) => entry);
    },
  },
  {
    what: 'the choice of a provider is said to be another one',
    play: (at) => at.lock((lock) => ({ ...lock, capabilities: { runtime: 'main:team/os' } })),
  },
  {
    what: 'an entry is for other platforms, and left out here',
    play: (at) => at.entry('os', (entry) => ({ ...entry, platforms: ['plan9/amd64'] })),
  },
  {
    what: 'an entry and all edges to it are for other platforms',
    play(at) {
      at.entry('os', (entry) => ({ ...entry, platforms: ['plan9/amd64'] }));
      for (const from of ['web', 'redis'])
        at.edge(from, 'os', (edge) => ({ ...edge, platforms: ['plan9/amd64'] }));
    },
  },
  {
    what: 'an edge is for other platforms',
    play: (at) => at.edge('web', 'os', (edge) => ({ ...edge, platforms: ['plan9/amd64'] })),
  },
  {
    what: 'the lock is for other platforms, and lacks what only this one needs',
    play(at) {
      at.lock((lock) => ({ ...lock, policy: { ...lock.policy, platforms: ['plan9/amd64'] } }));
      at.entry('web', (entry) => ({
        ...entry,
        dependencies: entry.dependencies.filter(({ name }) => name !== 'agent'),
      }));
      drop(at, 'agent');
    },
  },
  {
    what: 'the lock is for other platforms',
    expect: HARMLESS,
    because:
      'it holds all that this platform needs, which is what counts; those that a workspace names are compared',
    play: (at) => at.lock((lock) => ({ ...lock, policy: { ...lock.policy, platforms: ['plan9/amd64'] } })),
  },
  {
    what: 'the lock is for no platform',
    expect: HARMLESS,
    because:
      'it holds all that this platform needs, which is what counts; those that a workspace names are compared',
    play: (at) => at.lock((lock) => ({ ...lock, policy: { ...lock.policy, platforms: [] } })),
  },
  {
    what: 'the trust policy is said to be another one',
    play: (at) => at.lock((lock) => ({ ...lock, policy: { ...lock.policy, trustPolicy: ZEROS } })),
    expect: { frozen: ['accepted', 'refused'] },
    because: '--frozen asks the policy of today, whatever the lock says of one',
  },
  {
    what: 'a kind is another one',
    play: (at) => at.entry('os', (entry) => ({ ...entry, kind: 'cluster' })),
  },
  {
    what: 'an entry gets another name in the workspace',
    play: (at) => at.entry('os', (entry) => ({ ...entry, alias: 'linux' })),
  },
  {
    what: 'an entry is there twice',
    play: (at) => add(at, at.stage.good.extensions.find(({ name }) => name === 'os')!),
  },
  {
    what: 'two versions of one extension',
    play: (at) => add(at, requiredBy(foreign(at, 'team/os@1.0.0'), '(workspace)')),
  },
  {
    what: 'the digest of the manifest',
    expect: { check: 'accepted' },
    because: 'a check compares what this machine has; it says how many',
    play: (at) => at.entry('os', (entry) => ({ ...entry, manifest: { ...entry.manifest!, digest: ZEROS } })),
  },
  {
    what: 'the size of the manifest',
    expect: { check: 'accepted' },
    because: 'its digest decides what it is',
    play: (at) => at.entry('os', (entry) => ({ ...entry, manifest: { ...entry.manifest!, size: 1 } })),
  },
  {
    what: 'the type of the manifest',
    play: (at) =>
      at.entry('os', (entry) => ({
        ...entry,
        manifest: { ...entry.manifest!, mediaType: 'application/vnd.oci.image.index.v1+json' },
      })),
  },
  {
    what: 'the digest of the config',
    play: (at) => at.entry('os', (entry) => ({ ...entry, config: { ...entry.config!, digest: ZEROS } })),
  },
  {
    what: 'the config of another extension',
    play: (at) => at.entry('os', (entry) => ({ ...entry, config: foreign(at, 'team/stray').config! })),
  },
  {
    what: 'the digest of a layer',
    play: (at) => layer(at, (each) => ({ ...each, digest: ZEROS })),
  },
  { what: 'the size of a layer', play: (at) => layer(at, (each) => ({ ...each, size: 1 })) },
  {
    what: 'the digest of the uncompressed archive',
    play: (at) => layer(at, (each) => ({ ...each, tar: ZEROS })),
  },
  {
    what: 'the digest of the uncompressed archive, gone',
    play: (at) => layer(at, ({ tar: _, ...each }) => each),
  },
  { what: 'a layer is an asset', play: (at) => layer(at, (each) => ({ ...each, asset: 'data' })) },
  {
    what: 'a layer is for another platform',
    play: (at) => layer(at, (each) => ({ ...each, platform: 'plan9/amd64' })),
  },
  { what: 'no layers', play: (at) => at.entry('os', (entry) => ({ ...entry, layers: [] })) },
  {
    what: 'the layers of another extension',
    play: (at) => at.entry('os', (entry) => ({ ...entry, layers: foreign(at, 'team/stray').layers })),
  },
  {
    what: 'a child for a platform',
    play: (at) => at.entry('os', (entry) => ({ ...entry, children: [foreign(at, 'team/stray').manifest!] })),
  },
  {
    what: 'carried assets',
    play: (at) => at.entry('os', (entry) => ({ ...entry, vendored: ['linux/amd64'] })),
  },
  {
    what: 'who signed it',
    expect: { check: 'accepted' },
    because: 'a check does not ask for signatures',
    play: (at) => at.entry('os', (entry) => ({ ...entry, signer: { identity: 'mallory', rule: 'ours' } })),
  },
  {
    what: 'by which rule it was accepted',
    play: (at) => at.entry('os', (entry) => ({ ...entry, signer: { identity: 'team', rule: 'theirs' } })),
    expect: HARMLESS,
    because: 'it is told to readers, and decides nothing',
  },
  {
    what: 'its signatures',
    play: (at) => at.entry('os', (entry) => ({ ...entry, signatures: { bundles: [ZEROS] } })),
    expect: HARMLESS,
    because: 'they say where to look offline; what is found is verified',
  },
  {
    what: 'its state',
    play: (at) => at.entry('os', (entry) => ({ ...entry, state: 'revoked' })),
    expect: HARMLESS,
    because: 'it is told to readers, and decides nothing',
  },
  {
    what: 'a time of publication, where no age is asked for',
    expect: { check: 'accepted', deploy: 'refused' },
    because: 'a check does not ask for signatures',
    play: (at) => at.entry('os', (entry) => ({ ...entry, publishedAt: '2001-01-01T00:00:00Z' })),
  },
  {
    what: 'who requires it',
    play: (at) => at.entry('os', (entry) => requiredBy(entry, 'web')),
  },
  {
    what: 'an older version that the ranges accept',
    play: (at) => exchange(at, 'redis', 'team/redis@7.0.0'),
    expect: { ...HARMLESS, deploy: 'refused' },
    because: 'a lock may hold older versions: it was resolved earlier; deploy finds it not installed',
  },
];

/** Edits of what is installed, alone or together with the lock. */
export const TREE_EDITS: readonly LockAttack[] = [
  {
    what: 'a script is edited',
    play: (at) => infect(at.dir('os')),
  },
  {
    what: 'a file is added',
    play: (at) => writeFileSync(join(at.dir('os'), 'scripts/more.mjs'), '// mallory\n'),
  },
  { what: 'a hidden file is added', play: (at) => writeFileSync(join(at.dir('os'), '.npmrc'), 'x=1\n') },
  { what: 'a file is gone', play: (at) => unlinkSync(join(at.dir('os'), 'scripts/install.mjs')) },
  {
    what: 'a file becomes a program',
    expect: { check: 'accepted', deploy: 'accepted' },
    because: 'nothing of it is started by its mode',
    play: (at) => chmodSync(join(at.dir('os'), 'manifest.yaml'), 0o755),
  },
  {
    what: 'a file becomes a link to one outside',
    play(at) {
      const file = join(at.dir('os'), 'scripts/install.mjs');
      const outside = join(at.root, 'outside.mjs');
      cpSync(file, outside);
      unlinkSync(file);
      symlinkSync(outside, file);
    },
  },
  {
    what: 'the directory becomes a link to an edited copy',
    play(at) {
      const outside = join(at.root, 'outside');
      renameSync(at.dir('os'), outside);
      infect(outside);
      symlinkSync(outside, at.dir('os'));
    },
  },
  {
    what: 'an empty directory is added',
    expect: { check: 'accepted', deploy: 'accepted' },
    because: 'it holds nothing',
    play: (at) => mkdirSync(join(at.dir('os'), 'node_modules')),
  },
  {
    what: 'the dependencies in its manifest',
    play: (at) => appendFileSync(join(at.dir('redis'), 'manifest.yaml'), 'conflicts: {"os": "*"}\n'),
  },
  {
    what: 'a script is edited, with a note beside it that it is right',
    async play(at) {
      const dir = at.dir('os');
      infect(dir);
      writeFileSync(`${dir}.tree`, `${await treeDigest(dir, { title: 'os' })}\n`);
    },
  },
  {
    what: 'a script is edited, and the lock has the digest of the edited tree',
    async play(at) {
      const dir = at.dir('os');
      infect(dir);
      const tar = await treeDigest(dir, { title: 'os' });
      at.entry('os', (entry) => ({ ...entry, layers: entry.layers.map((each) => ({ ...each, tar })) }));
    },
  },
  {
    what: 'another extension is installed in its place, and the lock has its digest',
    async play(at) {
      const dir = at.dir('os');
      const manifest = join(dir, 'manifest.yaml');
      writeFileSync(
        manifest,
        'schema: 1\nname: os\ntype: taskserv\nversion: 1.1.0\ndescription: mallory\nscripts: {install: scripts/install.mjs}\n',
      );
      const tar = await treeDigest(dir, { title: 'os' });
      at.entry('os', (entry) => ({ ...entry, layers: [{ ...entry.layers[0]!, tar }] }));
    },
  },
  {
    what: 'a script is edited, and the lock has no digest to compare it with',
    async play(at) {
      const dir = at.dir('os');
      infect(dir);
      layer(at, ({ tar: _, ...each }) => each);
      writeFileSync(`${dir}.tree`, `${await treeDigest(dir, { title: 'os' })}\n`);
    },
  },
  {
    what: 'the file of an edited tree is hidden by a folder of modules that is a link',
    play(at) {
      const folder = dirname(at.dir('os'));
      const outside = join(at.root, 'outside');
      renameSync(folder, outside);
      infect(join(outside, at.dir('os').slice(folder.length + 1)));
      symlinkSync(outside, folder);
    },
  },
];

/** What a tree edit alone comes to: a fresh copy takes its place, or it is refused. */
export const TREE_EXPECT = {
  resolve: ['mended', 'refused'],
  locked: ['mended', 'refused'],
  frozen: ['mended', 'refused'],
} as const satisfies LockAttack['expect'];

export const EXPECT: Readonly<Record<Use, readonly Outcome[]>> = {
  resolve: ['mended', 'refused'],
  locked: ['refused'],
  frozen: ['refused'],
  check: ['refused'],
  deploy: ['refused'],
};
