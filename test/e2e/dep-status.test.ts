import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';

test('ranges skip yanked and revoked versions; a locked one stays and is reported by the audit', async (t) => {
  const { options, work, root, env } = createSandbox(t);
  const { host } = await ownRegistry(t, root, env);
  const at = ['--registry', host, '--namespace', 'acme'];
  await provData(['key', 'generate', '--output', join(work, 'release')], options);
  const key = ['--key', join(work, 'release.key')];
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
    const dir = writeExtension(work, { name: 'redis', version });
    await provData(['ext', 'publish', dir, 'redis', version, ...key, ...at], options);
  }
  const init = [
    'workspace',
    'init',
    'site',
    '--registry',
    `main=${host}/acme`,
    '--require',
    'taskserv/redis@^1',
  ];
  await provData(init, options);
  await provData(['ext', 'yank', 'redis:1.2.0', '--reason', 'bad', ...key, ...at], options);
  await provData(['ext', 'revoke', 'redis:1.1.0', '--reason', 'worse', ...key, ...at], options);

  const pulled = await prov(['ext', 'pull', 'redis@^1', '--destination', 'out', ...at], options);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.match(readFileSync(join(work, 'out', 'manifest.yaml'), 'utf8'), /version: "1\.0\.0"/);

  const resolve = ['dep', 'resolve', '-w', 'site', '--allow-local'];
  await provData([...resolve, '--yes'], options);
  const locked = () => readFileSync(join(work, 'site', 'prov.lock'), 'utf8');
  assert.match(locked(), /version: 1\.0\.0/);
  const before = locked();

  await provData(['ext', 'yank', 'redis:1.0.0', '--reason', 'old', ...key, ...at], options);
  const kept = await prov([...resolve, '--locked'], options);
  assert.equal(kept.code, 0, kept.stderr);
  assert.equal(locked(), before);
  const audit = await prov(['dep', 'audit', '-w', 'site', '--exit-code'], options);
  assert.equal(audit.code, 12, audit.stderr);
  assert.match(audit.stdout, /yanked +taskserv +redis +1\.0\.0 +old/);
  assert.match(audit.stdout, /unsigned +taskserv +redis/);
});
