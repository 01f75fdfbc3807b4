import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isProvError } from '#base';
import { resolveWorkspace } from '#manager';
import type { ResolutionFailureDocument } from '#schemas';
import type { ShortFacts } from '../../resolver/testing/memory-source.js';
import { openSite, reopen, type Site } from '../manager/site.js';
import { cliPath } from '../support/project.js';
import { isolatedEnvironment } from '../support/prov.js';
import { provisioningText } from './situation-workspace.js';
import { SITUATIONS, type Situation } from './situations.js';

const run = promisify(execFile);

/** Situations that this prov can publish: nothing yanked, nothing unsigned, nothing for another prov. */
const real = SITUATIONS.filter(
  ({ shown, options, universe }) =>
    shown &&
    options === undefined &&
    Object.values(universe).every((versions) =>
      Object.values(versions).every(
        ({ state, publishedAt, refused, needs }) => !state && !publishedAt && !refused && !needs,
      ),
    ),
);

test(`each fix of ${real.length} situations is typed into a shell, and then the workspace resolves and stays so`, async (t) => {
  assert.ok(real.length >= 15);
  const site = await openSite(t);
  const env = isolatedEnvironment(site.home, { PATH: `${bin(site)}:${process.env['PATH']}` });
  let typed = 0;
  for (const situation of real) {
    const namespace = `team/${situation.id}`;
    await publishAll(site, situation, namespace);
    const root = join(site.folder, situation.id);
    const file = join(root, 'config/provisioning.yaml');
    mkdirSync(join(root, 'config'), { recursive: true });
    const text = provisioningText(
      { ...situation, platforms: situation.platforms ?? ['linux/amd64'] },
      site.registry,
      namespace,
    );
    writeFileSync(file, text);
    const fixes = await fixesOf(site, root, situation);
    for (const { commands, summary } of fixes) {
      for (const command of commands) {
        writeFileSync(file, text);
        const { stderr } = await run('sh', ['-c', command], { cwd: root, env }).catch(
          (error: { stderr: string }) => {
            throw new Error(`${situation.id}: ${summary}\n${command}\n${error.stderr}`);
          },
        );
        assert.match(readFileSync(join(root, 'prov.lock'), 'utf8'), /^extensions:/m, stderr);
        if (command.includes('--save')) await run('prov', ['dep', 'validate'], { cwd: root, env });
        typed++;
      }
    }
  }
  t.diagnostic(`${typed} commands typed`);
  assert.ok(typed >= 25, String(typed));
});

/** A folder in which this very program is called `prov`. */
function bin(site: Site): string {
  const folder = join(site.folder, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'prov'), `#!/bin/sh\nexec '${process.execPath}' '${cliPath}' "$@"\n`, {
    mode: 0o755,
  });
  return folder;
}

async function fixesOf(
  site: Site,
  root: string,
  { id, hopeless }: Situation,
): Promise<ResolutionFailureDocument['fixes']> {
  const workspace = await reopen(site, root);
  try {
    await resolveWorkspace({ workspace, install: false }, { ...site.context, provVersion: '0.1.0' });
  } catch (error) {
    assert.ok(isProvError(error, 'MANAGER_UNRESOLVABLE'), `${id}: ${String(error)}`);
    const { fixes } = error.details['failure'] as ResolutionFailureDocument;
    assert.equal(fixes.length === 0, hopeless === true, `${id}: ${error.message}`);
    return fixes;
  }
  throw new Error(`${id} has a solution`);
}

async function publishAll(site: Site, { universe }: Situation, namespace: string): Promise<void> {
  for (const [name, versions] of Object.entries(universe)) {
    for (const [version, facts] of Object.entries(versions)) {
      await site.publish({ name, version, manifest: manifestOf(facts) }, { namespace });
    }
  }
}

function manifestOf({
  deps,
  conflicts,
  constraints,
  provides,
  platforms,
}: ShortFacts): Record<string, unknown> {
  return {
    ...(deps && { dependencies: deps }),
    ...(conflicts && { conflicts }),
    ...(constraints && { constraints }),
    ...(platforms && { platforms }),
    ...(provides && {
      provides: Object.fromEntries(
        Object.entries(provides).map(([name, offered]) => [
          name,
          { version: offered.replace('!', ''), exclusive: offered.endsWith('!') },
        ]),
      ),
    }),
  };
}
