import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { expectFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';

/** What a program in front of an HSM does, with a key in a file. */
const SIGNER = `
const { createPrivateKey, createPublicKey, sign } = require('node:crypto');
const { readFileSync } = require('node:fs');
const key = createPrivateKey(readFileSync(process.argv[2], 'utf8'));
if (process.env.PROVISIONING_SIGN_PASSWORD) process.exit(9);
if (process.argv[3] === 'public-key') process.stdout.write(createPublicKey(key).export({ type: 'spki', format: 'pem' }));
else process.stdout.write(sign('sha256', readFileSync(0), process.env.BROKEN ? createPrivateKey(readFileSync(process.env.BROKEN, 'utf8')) : key));
`;

test('a key goes through export, standard input, a variable and a program, and signs each time', async (t) => {
  const sandbox = createSandbox(t);
  const { work, env } = sandbox;
  const at = (name: string) => join(work, name);
  const run = <T>(line: string, more: NodeJS.ProcessEnv = {}, input = '') =>
    provData<T>(line.split(' '), { cwd: work, env: { ...env, ...more }, input });
  const { keyId } = await run<{ keyId: string }>('key generate --output one');
  await run('key export one.key --output plain.pem');
  assert.equal(statSync(at('plain.pem')).mode & 0o777, 0o600);
  const plain = readFileSync(at('plain.pem'), 'utf8');
  const imported = await run<{ keyId: string }>('key import - --output two', {}, plain);
  const shown = await run<{ keyId: string; half: string }>('key show two.pub');
  assert.deepEqual([imported.keyId, shown.keyId, shown.half], [keyId, keyId, 'public']);
  const printed = await prov(['key', 'export', 'two.key', '--public'], { cwd: work, env });
  assert.equal(printed.stdout, readFileSync(at('one.pub'), 'utf8'));
  await expectFailure(
    ['key', 'import', 'plain.pem', '--output', 'two'],
    { code: 'CLI_FILE_EXISTS', exit: 11 },
    { cwd: work, env },
  );

  const { host } = await ownRegistry(t, sandbox.root, env);
  const dir = writeExtension(at('src'), { name: 'redis' });
  await run(`ext push ${dir} --registry ${host} --namespace acme`);
  const reference = `${host}/acme/redis:1.0.0`;
  const first = await run<{ added: boolean }>(`ext sign ${reference} --key env:SIGNING_KEY`, {
    SIGNING_KEY: plain,
  });
  const same = await run<{ added: boolean }>(`ext sign ${reference} --key -`, {}, plain);
  assert.deepEqual([first.added, same.added], [true, false]);

  // The form of signatures can be chosen by host, and each time.
  const home = env['PROVISIONING_HOME']!;
  writeFileSync(join(home, 'config.toml'), `[security.signature_forms]\n"${host}" = "legacy"\n`);
  await run('key generate --output second');
  const sign = (form: string) =>
    run<{ form: string; added: boolean }>(`ext sign ${reference} --key second.key${form}`);
  assert.deepEqual(
    [
      await sign(''),
      await sign(''),
      await sign(' --signature-form bundle'),
      await sign(' --signature-form both'),
    ].map(({ form, added }) => [form, added]),
    [
      ['legacy', true],
      ['legacy', false],
      ['bundle', true],
      ['both', false],
    ],
  );
  await expectFailure(
    ['ext', 'sign', reference, '--key', 'second.key', '--signature-form', 'none'],
    { code: 'CLI_USAGE', exit: 2 },
    { cwd: work, env },
  );

  writeFileSync(at('signer.cjs'), SIGNER);
  await run('key generate --output hsm');
  await run('key export hsm.key --output hsm.pem');
  const signers = `[security.external_signers]\nhsm = [${[process.execPath, at('signer.cjs'), at('hsm.pem')].map((word) => JSON.stringify(word)).join(', ')}]\n`;
  writeFileSync(join(home, 'config.toml'), signers);
  const broken = ['ext', 'sign', reference, '--key', 'signer:hsm'];
  await expectFailure(
    broken,
    { code: 'TRUST_SIGNER_INCONSISTENT', exit: 1 },
    { cwd: work, env: { ...env, BROKEN: at('plain.pem') } },
  );
  await run(`ext sign ${reference} --key signer:hsm`);
  await run(`ext verify ${reference} --key hsm.pub`);
  const unknown = ['ext', 'sign', reference, '--key', 'signer:other'];
  await expectFailure(
    unknown,
    { code: 'MANAGER_SIGNER_UNKNOWN', exit: 3, message: /known: hsm/ },
    { cwd: work, env },
  );
  writeFileSync(at('signer.cjs'), 'process.stderr.write("no card\\n"); process.exit(3)');
  await expectFailure(
    broken,
    { code: 'MANAGER_SIGNER_FAILED', exit: 1, message: /ended with 3: no card/ },
    { cwd: work, env },
  );

  // An unprotected private key that others can read is refused.
  chmodSync(at('plain.pem'), 0o644);
  await expectFailure(
    ['ext', 'sign', reference, '--key', 'plain.pem'],
    { code: 'TRUST_KEY_EXPOSED', exit: 4, message: /644/ },
    { cwd: work, env },
  );
  await expectFailure(['key', 'show', 'env:NOT_SET'], { code: 'CLI_USAGE', exit: 2 }, { cwd: work, env });
});
