import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MODES, type Mode } from '#schemas';
import { hostileSite, type Site } from '../hostile/site.js';
import { listFiles } from '../support/files.js';
import { type ProvResult, prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const VERBS = ['resolve', 'load', 'pull', 'import', 'deploy'] as const;
type Verb = (typeof VERBS)[number];
type Answer = 'accepts' | 'warns' | 'refuses';

interface Case {
  readonly signed: boolean;
  readonly policy: boolean;
}
const CASES: readonly Case[] = [
  { signed: false, policy: false },
  { signed: true, policy: false },
  { signed: false, policy: true },
  { signed: true, policy: true },
];

/** Solo warns, multi-user verifies when there is a policy, cicd requires signatures, enterprise refuses what has none. */
function expected(mode: Mode, { signed, policy }: Case): Answer {
  if (policy) return signed ? 'accepts' : 'refuses';
  if (mode === 'solo') return 'warns';
  return mode === 'multi-user' ? 'accepts' : 'refuses';
}

/** A lock that another policy, or none, accepted is stale where scripts would run; elsewhere the signatures are asked. */
const REFUSALS: Readonly<Record<Verb, readonly string[]>> = {
  resolve: ['TRUST_REFUSED'],
  load: ['TRUST_REFUSED'],
  pull: ['TRUST_REFUSED'],
  import: ['TRUST_REFUSED'],
  deploy: ['TRUST_REFUSED', 'MANAGER_LOCK_STALE'],
};

test('each mode, with and without a policy, by every way in: it warns, verifies or refuses as its name says', async (t) => {
  const site = await hostileSite(t);
  const target = await ownRegistry(t, temporaryDirectory(t), site.env);
  const wrong: string[] = [];
  for (const namespace of ['signed', 'plain'])
    for (const extension of ['toy', 'tool'])
      await site.push(extension, { namespace, ...(namespace === 'signed' ? { key: 'good' } : {}) });
  for (const each of CASES) {
    const namespace = each.signed ? 'signed' : 'plain';
    const label = `${namespace}${each.policy ? ', policy' : ''}`;
    // Made where nothing is asked, as somebody else may have done.
    const carrier = await site.workspace(`carrier-${namespace}-${each.policy}`, { namespace });
    await site.data(['dep', 'resolve', '-w', carrier]);
    const bundle = join(site.dir, `${namespace}-${each.policy}.tar`);
    await provData(['mirror', 'export', '--output', bundle], { cwd: carrier, env: site.env });
    for (const mode of MODES) {
      const root = await site.workspace(`${mode}-${namespace}-${each.policy}`, {
        mode,
        namespace,
        ...(each.policy ? { trustKey: 'good' } : {}),
      });
      for (const verb of VERBS) {
        if (verb === 'load' && !existsSync(join(root, 'prov.lock')))
          for (const part of ['prov.lock', '.cache'])
            cpSync(join(carrier, part), join(root, part), { recursive: true });
        const result = await run(site, verb, { root, namespace, bundle, to: target.host });
        const answer = answerOf(result);
        const wanted = expected(mode, each);
        if (answer !== wanted)
          wrong.push(`${mode}, ${label}, ${verb}: ${answer}, not ${wanted}\n${result.stderr}`);
        if (answer === 'refuses' && !REFUSALS[verb].some((code) => result.stderr.includes(code)))
          wrong.push(`${mode}, ${label}, ${verb}: refused otherwise: ${result.stderr}`);
        if (verb === 'pull' && answer === 'refuses') assert.ok(!existsSync(join(root, 'pulled')));
      }
      assert.equal(ranScripts(root), expected(mode, each) !== 'refuses', `${mode}, ${label}: scripts`);
      rmSync(root, { recursive: true });
    }
  }
  assert.deepEqual(wrong, []);
});

function run(
  site: Site,
  verb: Verb,
  place: { readonly root: string; readonly namespace: string; readonly bundle: string; readonly to: string },
): Promise<ProvResult> {
  const { root, namespace, bundle, to } = place;
  const line: Readonly<Record<Verb, readonly string[]>> = {
    resolve: ['dep', 'resolve'],
    load: ['module', 'list'],
    pull: ['ext', 'pull', `${site.host}/${namespace}/tool:1.0.0`, '--destination', 'pulled'],
    import: ['mirror', 'import', bundle, '--to', to],
    deploy: ['deploy'],
  };
  return prov(line[verb], { cwd: root, env: site.env });
}

/** Whether the journal of the workspace tells of a task that was begun. */
function ranScripts(root: string): boolean {
  const journal = join(root, '.runtime');
  return listFiles(journal).some((path) => readFileSync(join(journal, path)).includes('task.'));
}

function answerOf({ code, stderr }: ProvResult): Answer {
  if (code !== 0) return 'refuses';
  return /^warning .*(unverified|not trusted|no signature|no rule|sign)/m.test(stderr) ? 'warns' : 'accepts';
}

test('outside of a workspace the mode of the user, or of the environment, decides what happens without a policy', async (t) => {
  const site = await hostileSite(t);
  await site.push('tool', { key: 'good' });
  for (const mode of MODES) {
    const destination = join(site.dir, `pulled-${mode}`);
    const pull = (more: readonly string[]) =>
      prov(['ext', 'pull', `${site.host}/acme/tool:1.0.0`, '--destination', destination, ...more], {
        cwd: site.dir,
        env: { ...site.env, PROVISIONING_MODE: mode },
      });
    const strict = mode === 'cicd' || mode === 'enterprise';
    const bare = await pull([]);
    assert.equal(bare.code, strict ? 6 : 0, `${mode}: ${bare.stderr}`);
    assert.equal(existsSync(destination), !strict, mode);
    if (!strict) assert.match(bare.stderr, /signatures are not checked/);
    assert.equal((await pull(['--key', 'good.pub', '--force'])).code, 0, mode);
  }
});
