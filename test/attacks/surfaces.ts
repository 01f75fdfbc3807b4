import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { digestOf, isProvError } from '#base';
import {
  exportMirror,
  importMirror,
  type ManagerContext,
  pullExtension,
  resolveWorkspace,
  verifyReference,
} from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { parseTrustPolicy } from '#trust';
import { initWorkspace, openWorkspace } from '#workspace';
import { type FaultRegistry, startFaultRegistry } from '../fault-registry/index.js';
import { listFiles, snapshot, unfinished } from '../support/files.js';
import type { Cleanup } from '../support/temporary-directory.js';
import type { Surface } from './attack.js';
import type { Stage } from './stage.js';

/** How one try ended: accepted, or with a code and a sentence. */
export interface Outcome {
  readonly accepted: boolean;
  /** The deciding reason for TRUST_REFUSED, else the error's code. */
  readonly code: string;
  readonly sentence: string;
}

interface Attempt {
  readonly stage: Stage;
  readonly context: ManagerContext;
  readonly folder: string;
  /** An empty registry that an import writes to. */
  readonly target: FaultRegistry;
}

/** Takes the staged content in by one way, in a home of its own, and checks what was left behind. */
export async function attempt(
  t: Cleanup,
  { stage, surface, folder }: { stage: Stage; surface: Surface; folder: string },
): Promise<Outcome> {
  const home = join(folder, 'home');
  for (const path of [folder, home]) mkdirSync(path, { recursive: true });
  await stage.prepareHome?.(home, surface);
  const env = { PATH: process.env['PATH'], HOME: home, PROVISIONING_HOME: join(home, '.provisioning') };
  const transport = {
    maxWaitMs: 500,
    ...(stage.timeoutMs === undefined ? {} : { timeoutMs: stage.timeoutMs }),
  };
  const context: ManagerContext = { provVersion: '0.1.0', env, cwd: folder, transport };
  const target = await startFaultRegistry();
  t.after(() => target.close());
  try {
    await RUN[surface]({ stage, context, folder, target });
    return { accepted: true, code: 'accepted', sentence: '' };
  } catch (error) {
    if (!isProvError(error)) throw error;
    assertUntouched({ stage, context, folder, target }, surface);
    const refused = error.code === 'TRUST_REFUSED';
    return {
      accepted: false,
      code: refused ? String(error.details['reason']) : error.code,
      sentence: error.message,
    };
  }
}

const RUN: Readonly<Record<Surface, (attempt: Attempt) => Promise<void>>> = {
  async verify({ stage, context, folder }) {
    const policy = await parseTrustPolicy(stage.policy, join(folder, 'trust-policy.yaml'));
    const before = snapshot(folder);
    await verifyReference({ reference: referenceOf(stage), policy }, context);
    assert.deepEqual(withoutCache(snapshot(folder)), withoutCache(before), 'a verification writes nothing');
  },
  async pull({ stage, context, folder }) {
    const policy = await parseTrustPolicy(stage.policy, join(folder, 'trust-policy.yaml'));
    const destination = join(folder, 'pulled');
    await pullExtension({ reference: referenceOf(stage), policy, destination }, context);
    assert.ok(existsSync(join(destination, 'manifest.yaml')));
  },
  async resolve({ stage, context, folder }) {
    const workspace = await workspaceOf(stage, context, join(folder, 'shop'), stage.policy);
    await resolveWorkspace({ workspace, allowLocal: true }, context);
    assert.ok(existsSync(workspace.lockFile));
  },
  async import({ stage, context, folder, target }) {
    const policy = await parseTrustPolicy(stage.policy, join(folder, 'trust-policy.yaml'));
    // Whoever carries the file in has no policy and took what the registry gave.
    const workspace = await workspaceOf(stage, context, join(folder, 'carrier'), undefined);
    const { lockFile } = workspace;
    await resolveWorkspace({ workspace, allowLocal: true, install: false }, context);
    const file = join(folder, 'carried.tar');
    await exportMirror({ lockFile, output: file }, context);
    await importMirror({ file, to: target.host, policy }, context);
    assert.ok(target.model.repository('acme/redis').tags.has('7.2.0'));
  },
};

function referenceOf(stage: Stage): RemoteReference {
  return parseReference(stage.reference, {
    registry: stage.registry.host,
    namespace: 'acme',
  }) as RemoteReference;
}

async function workspaceOf(stage: Stage, context: ManagerContext, root: string, policy: string | undefined) {
  await initWorkspace(root, {
    name: 'shop',
    infra: 'main',
    provider: 'local',
    registry: { id: 'main', url: stage.registry.host, namespace: 'acme' },
    requirements: [{ kind: 'taskserv', name: 'redis', range: '*' }],
  });
  if (policy !== undefined)
    writeFileSync(join(root, 'config', 'trust-policy.yaml'), stage.workspacePolicy ?? policy);
  return openWorkspace(root, {
    env: context.env,
    homeDir: context.env['HOME']!,
    systemConfigDir: join(root, 'no-etc'),
  });
}

/**
 * After a refusal: no registry was written to, no other host was asked, nothing of the extension is on disk but
 * whole content under its own digest, no lock was written, and nothing unfinished lies around.
 */
function assertUntouched({ stage, context, folder, target }: Attempt, surface: Surface): void {
  const writes = (registry: FaultRegistry) =>
    registry.seen
      .filter(({ method, url }) => url.startsWith('/v2/') && !['GET', 'HEAD'].includes(method))
      .map(({ method, url }) => `${method} ${url}`);
  assert.deepEqual(writes(stage.registry), [], 'the registry was written to');
  assert.deepEqual(writes(target), [], 'the target was written to');
  assert.equal(
    stage.evil.connections,
    stage.evilMayBeAsked ? stage.evil.connections : 0,
    'another host was asked',
  );
  assert.ok(!existsSync(join(folder, 'pulled')), 'the destination is there');
  if (surface === 'resolve') {
    assert.ok(!existsSync(join(folder, 'shop', 'prov.lock')), 'a lock was written');
    const modules = listFiles(join(folder, 'shop', '.cache'));
    assert.deepEqual(modules, [], 'something was installed');
  }
  assert.deepEqual(
    unfinished(folder).filter((path) => !isResumable(path)),
    [],
  );
  const cache = join(context.env['PROVISIONING_HOME']!, 'oci-cache', 'blobs');
  for (const path of listFiles(cache)) {
    const [algorithm, hex] = path.split('/');
    if (!/^[0-9a-f]{64}$/.test(basename(path))) continue;
    const bytes = readFileSync(join(cache, path));
    if (stage.cacheIsAttacked) continue;
    assert.equal(
      digestOf(bytes, algorithm as 'sha256'),
      `${algorithm}:${hex}`,
      'the cache holds wrong bytes',
    );
  }
}

/** Half of a blob, kept to go on from: named as such and hashed again before any use. */
function isResumable(path: string): boolean {
  return path.includes('oci-cache') && path.endsWith('.partial');
}

function withoutCache(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !/oci-cache|metadata-cache/.test(path)));
}
