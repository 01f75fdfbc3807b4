import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startFaultRegistry } from '../fault-registry/index.js';
import { noise } from '../interop/extension-tree.js';
import type { Step } from '../support/die-at-step.js';
import { writeExtension } from '../support/extensions.js';
import { snapshot, writeTree } from '../support/files.js';
import { projectRoot } from '../support/project.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const PRELOAD = pathToFileURL(join(projectRoot, 'build/test/support/die-at-step.js')).href;
const NOT_ANSWERED = { path: /\/manifests\//, times: 99, does: { answer: { status: 404 } } } as const;

type Tree = Record<string, string>;

interface Killing {
  /** Arguments of the pull, with the destination `out`. */
  readonly pull: readonly string[];
  /** What stands at the destination before; undefined for nothing. */
  readonly old?: string;
  readonly wanted: (work: string) => Tree;
}

async function setUp(t: TestContext) {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const sources = join(sandbox.root, 'sources');
  const dirs = ['1.0.0', '2.0.0'].map((version) =>
    writeExtension(sources, {
      name: 'cache',
      version,
      files: {
        'scripts/install.sh': '#!/bin/sh\n',
        'data/deep/payload.bin': noise(200_000, version),
        'data/empty': '',
      },
    }),
  );
  for (const dir of dirs) await provData(['ext', 'push', dir, ...at], sandbox.options);
  return { ...sandbox, registry, at, sources, first: dirs[0]!, second: dirs[1]! };
}

type Site = Awaited<ReturnType<typeof setUp>>;

/** Kills a pull in each of its steps below the sandbox, one after another, and looks what is there. */
async function killInEachStep(t: TestContext, site: Site, { pull, old, wanted }: Killing): Promise<void> {
  const { root, work, env, options, registry, assertNothingHalfDone } = site;
  const out = join(work, 'out');
  const home = env['PROVISIONING_HOME']!;
  const log = join(root, 'steps.json');
  const begin = () => {
    for (const path of [out, home]) rmSync(path, { recursive: true, force: true });
    if (old !== undefined) cpSync(old, out, { recursive: true });
  };
  const dying = (at?: number) => ({
    ...options,
    env: {
      ...env,
      NODE_OPTIONS: `--import ${PRELOAD}`,
      PROV_DIE_UNDER: root,
      ...(at === undefined ? { PROV_DIE_LOG: log } : { PROV_DIE_AT: String(at) }),
    },
  });
  const tree = () => (existsSync(out) ? snapshot(out) : undefined);

  begin();
  const before = tree();
  await provData(pull, dying());
  const steps = JSON.parse(readFileSync(log, 'utf8')) as Step[];
  rmSync(log);
  const after = wanted(work);
  assert.deepEqual(tree(), after);
  const seen = { old: 0, new: 0, aside: 0 };
  for (let at = 1; at <= steps.length; at += 1) {
    begin();
    const killed = await prov(pull, dying(at));
    const where = `step ${at} of ${steps.length}: ${JSON.stringify(steps[at - 1])}\n${killed.stderr}`;
    assert.equal(killed.signal, 'SIGKILL', where);
    const found = tree();
    if (found === undefined && before !== undefined) {
      seen.aside += 1;
      // Also a run that gets nothing from the registry puts back what was there.
      rmSync(home, { recursive: true });
      registry.fault(NOT_ANSWERED);
      assert.notEqual((await prov(pull, options)).code, 0, where);
      registry.clearFaults();
      assert.deepEqual(tree(), before, where);
    } else if (found === undefined || JSON.stringify(found) === JSON.stringify(before)) seen.old += 1;
    else {
      assert.deepEqual(found, after, where);
      seen.new += 1;
    }
    await provData(pull, options);
    assert.deepEqual(tree(), after, where);
    assert.deepEqual(readdirSync(work), ['out'], where);
    const partial = join(home, 'oci-cache/partial');
    assert.deepEqual(existsSync(partial) ? readdirSync(partial) : [], [], where);
    await assertNothingHalfDone();
  }
  assert.ok(seen.old > 0 && seen.new > 0 && (old === undefined || seen.aside > 0), JSON.stringify(seen));
  const calls = [...new Set(steps.map(({ call }) => call))].sort().join(', ');
  t.diagnostic(
    `info: ${steps.length} kills survived, one in each step (${calls}): ${seen.old} left the old state, ${seen.aside} the old state aside, ${seen.new} the new one`,
  );
}

test('a pull killed in any step of its writing leaves nothing or all of it, and the next one completes it', async (t) => {
  const site = await setUp(t);
  await killInEachStep(t, site, {
    pull: ['ext', 'pull', 'cache:2.0.0', ...site.at, '--destination', 'out'],
    wanted: () => snapshot(site.second),
  });
});

test('a pull that replaces, killed in any step of its writing, leaves the old or the new tree', async (t) => {
  const site = await setUp(t);
  await killInEachStep(t, site, {
    pull: ['ext', 'pull', 'cache:2.0.0', ...site.at, '--destination', 'out', '--force'],
    old: site.first,
    wanted: () => snapshot(site.second),
  });
});

test('a pull of files that replaces, killed in any step of its writing, leaves the old or the new files', async (t) => {
  const site = await setUp(t);
  const files = join(site.sources, 'files');
  writeTree(files, { 'scan.txt': 'nothing found', 'docs/a.md': '# a', 'docs/guide/b.md': '# b' });
  const { digest } = await provData<{ digest: string }>(
    ['ext', 'attach', 'cache:1.0.0', 'scan.txt', 'docs', '--artifact-type', 'a/b', ...site.at],
    { ...site.options, cwd: files },
  );
  await killInEachStep(t, site, {
    pull: ['oci', 'pull', `cache@${digest}`, '--any', ...site.at, '--destination', 'out', '--force'],
    old: site.first,
    wanted: () => snapshot(files),
  });
});
