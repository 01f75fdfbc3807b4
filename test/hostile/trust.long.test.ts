import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { ASSET, hostileSite, type Site } from './site.js';

describe('what is installed and run is what was signed', () => {
  let site: Site;
  const ends: (() => void | Promise<void>)[] = [];
  before(async () => {
    site = await hostileSite({ after: (end: () => void) => ends.push(end) } as unknown as TestContext);
    await site.push('toy', { key: 'good' });
    await site.push('tool', { key: 'good' });
  });
  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const fails = async (args: readonly string[], code: string, exit: number) => {
    const { json, code: ended } = await site.run(args);
    assert.equal(json.error?.code, code, JSON.stringify(json));
    assert.equal(ended, exit);
    return json.error!;
  };

  test('ext verify says no to what is unsigned, also where the policy would only warn', async () => {
    const root = await site.workspace('solo');
    await site.push('tool', { namespace: 'unsigned' });
    const env = { cwd: root, env: site.env };
    const { prov } = await import('../support/prov.js');
    const reference = `${site.host}/unsigned/tool:1.0.0`;
    const result = await prov(['ext', 'verify', reference, '--out', 'json'], env);
    assert.equal(result.json.error?.code, 'TRUST_REFUSED', result.stdout);
    assert.equal(result.code, 6);
  });

  test('an asset that was changed after it was installed is not handed to a script', async () => {
    const root = await site.workspace('assets', { trustKey: 'good' });
    await site.data(['dep', 'resolve', '-w', root]);
    const folder = join(root, '.cache', 'assets');
    const path = join(folder, readdirSync(folder)[0]!);
    assert.equal(readFileSync(path, 'utf8'), ASSET);
    writeFileSync(path, ASSET.replace('tool', 'fool'));
    const error = await fails(['deploy', '-w', root], 'WORKSPACE_ASSET_MODIFIED', 6);
    assert.equal(error.details['asset'], 'data');
    await site.data(['dep', 'resolve', '-w', root]);
    assert.equal(readFileSync(path, 'utf8'), ASSET);
    await site.data(['deploy', '-w', root]);
  });

  test('in a mode that refuses what is unsigned, a copy in the workspace does not take the place of a signed one', async () => {
    const root = await site.workspace('shadowed', { trustKey: 'good' });
    await site.data(['dep', 'resolve', '-w', root]);
    const installed = readdirSync(join(root, '.cache/modules/taskservs')).find((name) =>
      name.startsWith('tool@'),
    )!;
    cpSync(join(root, '.cache/modules/taskservs', installed), join(root, 'extensions/taskservs/tool'), {
      recursive: true,
    });
    await site.data(['deploy', '-w', root]);
    const file = join(root, 'config', 'provisioning.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('mode: solo', 'mode: enterprise'));
    await site.data(['dep', 'resolve', '-w', root]);
    const error = await fails(['deploy', '-w', root], 'MANAGER_LAYER_UNSIGNED', 6);
    assert.equal(error.details['name'], 'tool');
  });

  test('dep resolve brings back an asset that is gone, carried along or not', async () => {
    const root = await site.workspace('lost', { trustKey: 'good' });
    await site.data(['dep', 'resolve', '-w', root]);
    rmSync(join(root, '.cache', 'assets'), { recursive: true });
    const { installed } = await site.data<{ installed: string[] }>(['dep', 'resolve', '-w', root]);
    assert.deepEqual(installed, ['tool@1.0.0']);
    assert.equal(readdirSync(join(root, '.cache', 'assets')).length, 1);
  });

  test('a policy that an infra adds is asked before anything of it runs', async () => {
    const root = await site.workspace('infra', { trustKey: 'good' });
    await site.data(['dep', 'resolve', '-w', root]);
    const own = readFileSync(join(root, 'config', 'trust-policy.yaml'), 'utf8');
    writeFileSync(join(root, 'infra', 'dev', 'trust-policy.yaml'), own);
    await site.data(['deploy', '-w', root]);
    const foreign = await site.workspace('foreign', { trustKey: 'other' });
    cpSync(join(foreign, 'config', 'trust-policy.yaml'), join(root, 'infra', 'dev', 'trust-policy.yaml'));
    await fails(['deploy', '-w', root], 'TRUST_REFUSED', 6);
  });

  test('a policy that changed since the lock was made stops a deployment, keys in files included', async () => {
    const root = await site.workspace('keys', { trustKey: 'good' });
    const policy = join(root, 'config', 'trust-policy.yaml');
    const lines = readFileSync(policy, 'utf8');
    writeFileSync(policy, lines.replace(/pem: \|[\s\S]*?-----END PUBLIC KEY-----\n/, 'pem: publisher.pub\n'));
    cpSync(join(site.dir, 'good.pub'), join(root, 'config', 'publisher.pub'));
    await site.data(['dep', 'resolve', '-w', root]);
    await site.data(['deploy', '-w', root]);
    cpSync(join(site.dir, 'other.pub'), join(root, 'config', 'publisher.pub'));
    await fails(['dep', 'resolve', '--locked', '-w', root], 'MANAGER_LOCK_STALE', 8);
    await fails(['deploy', '-w', root], 'MANAGER_LOCK_STALE', 8);
    await fails(['dep', 'resolve', '-w', root], 'TRUST_REFUSED', 6);
  });

  test('a user who denies what no policy accepts is heard, whatever the mode of the workspace', async () => {
    const root = await site.workspace('denied');
    await site.data(['dep', 'resolve', '-w', root]);
    const home = site.env['PROVISIONING_HOME']!;
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'config.toml'), '[security]\ntrust_default = "deny"\n');
    try {
      await fails(['deploy', '-w', root], 'MANAGER_LOCK_STALE', 8);
      await fails(['dep', 'resolve', '-w', root], 'TRUST_REFUSED', 6);
    } finally {
      rmSync(join(home, 'config.toml'));
    }
  });

  test('what the user demands holds on top of a workspace that trusts others, and outside of any', async () => {
    const root = await site.workspace('user', { trustKey: 'good' });
    const foreign = await site.workspace('theirs', { trustKey: 'other' });
    await site.data(['dep', 'resolve', '-w', root]);
    await site.data(['deploy', '-w', root]);
    const lock = readFileSync(join(root, 'prov.lock'), 'utf8');
    const demand = join(site.env['PROVISIONING_HOME']!, 'trust-policy.yaml');
    const pull = ['ext', 'pull', `${site.host}/acme/tool:1.0.0`, '--destination', join(site.dir, 'pulled')];
    cpSync(join(foreign, 'config', 'trust-policy.yaml'), demand);
    try {
      await fails(['dep', 'resolve', '-w', root], 'TRUST_REFUSED', 6);
      await fails(['deploy', '-w', root], 'TRUST_REFUSED', 6);
      await fails(pull, 'TRUST_REFUSED', 6);
      cpSync(join(root, 'config', 'trust-policy.yaml'), demand);
      await site.data(['dep', 'resolve', '--locked', '-w', root]);
      await site.data(['deploy', '-w', root]);
      await site.data(pull);
    } finally {
      rmSync(demand);
    }
    assert.equal(readFileSync(join(root, 'prov.lock'), 'utf8'), lock);
  });

  test('--locked and --update contradict each other', async () => {
    const root = await site.workspace('contradiction', { trustKey: 'good' });
    await fails(['dep', 'resolve', '--locked', '--update', '-w', root], 'CLI_OPTION_CONFLICT', 2);
  });

  test('a lock cannot lead out of the directory where extensions are installed', async () => {
    const root = await site.workspace('paths', { trustKey: 'good' });
    await site.data(['dep', 'resolve', '-w', root]);
    const file = join(root, 'prov.lock');
    const text = readFileSync(file, 'utf8');
    for (const [from, to] of [
      ['name: tool', 'name: ../../../../tool'],
      ['version: 1.0.0', 'version: 1.0.0/../../x'],
      ['repository: acme/tool', 'repository: acme/../tool'],
    ] as const) {
      assert.ok(text.includes(from), from);
      writeFileSync(file, text.replaceAll(from, to));
      await fails(['deploy', '-w', root], 'SCHEMAS_LOCK_INVALID', 3);
    }
  });
});
