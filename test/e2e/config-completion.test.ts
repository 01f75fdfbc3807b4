import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultRegistry } from '../fault-registry/index.js';
import { expectFailure } from '../support/failures.js';
import { cliPath } from '../support/project.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

test('config says what is in effect, never a secret, and whether the registry answers', async (t) => {
  const registry = await startFaultRegistry();
  const { options, env } = createSandbox(t);
  const secret = {
    PROVISIONING_REGISTRY_USERNAME: 'me',
    PROVISIONING_REGISTRY_PASSWORD: 'swordfish-of-config',
  };
  const own = { ...options, env: { ...env, ...secret } };
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const config = await provData<Record<string, unknown>>(['oci', 'config', ...at, '--check'], own);
  assert.deepEqual(
    [config['tool'], config['registry'], config['namespace'], config['tls_enabled'], config['reachable']],
    ['native', registry.host, { extensions: 'team' }, false, true],
  );
  assert.equal(config['cache_dir'], join(env['PROVISIONING_HOME']!, 'oci-cache'));
  const text = await prov(['oci', 'config', ...at], own);
  assert.match(text.stdout, /^tool: native\nregistry: /);
  assert.doesNotMatch(text.stdout + JSON.stringify(config), /swordfish/);
  assert.match(text.stdout, /username: me/);
  await registry.close();
  await expectFailure(
    ['oci', 'config', ...at, '--check'],
    { code: 'OCI_REMOTE_UNREACHABLE', exit: 9 },
    options,
  );
});

test('the script for bash completes commands, options and values by asking prov', async (t) => {
  const { work, options } = createSandbox(t);
  const { stdout } = await prov(['completion', 'bash'], options);
  writeFileSync(join(work, 'completion.sh'), stdout);
  const complete = (...words: string[]) => {
    const script = [
      'source completion.sh',
      `prov() { ${JSON.stringify(process.execPath)} ${JSON.stringify(cliPath)} "$@"; }`,
      `COMP_WORDS=(prov ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}`,
      '_prov',
      'declare -p COMPREPLY',
    ].join('\n');
    const result = spawnSync('bash', ['-c', script], { cwd: work, env: options.env, encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    return [...result.stdout.matchAll(/\]="([^"]*)"/g)].map(([, word]) => word).join(' ');
  };
  assert.equal(complete('ext', 'pu'), 'publish pull push');
  assert.equal(complete('ext', 'pull', '--out', 'nd'), 'ndjson');
  for (const shell of ['zsh', 'fish'])
    assert.match((await prov(['completion', shell], options)).stdout, /completion words -- /);
  await expectFailure(
    ['completion', 'tcsh'],
    { code: 'CLI_USAGE', exit: 2, hint: /bash, zsh, fish/ },
    options,
  );
});
