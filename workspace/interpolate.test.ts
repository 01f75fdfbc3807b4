import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { configValue } from './index.js';
import { PROVISIONING, sampleWorkspace } from './testing/sample-workspace.js';

async function value(
  t: Parameters<typeof sampleWorkspace>[0],
  text: string,
  env: Record<string, string> = {},
  more: Record<string, string> = {},
) {
  const sample = sampleWorkspace(t, {
    'config/provisioning.yaml': `${PROVISIONING}config:\n  app:\n    key: ${JSON.stringify(text)}\n`,
    ...more,
  });
  const { config } = await sample.open({ env });
  return { root: sample.root, value: configValue(config, 'config.app.key')?.value };
}

test('expressions are replaced once, with the first that has a value', async (t) => {
  const env = { HOME: '/home/me', LANG: '{{workspace.name}}' };
  const cases: readonly (readonly [string, string])[] = [
    ['{{env.HOME}}/x', '/home/me/x'],
    ['{{ env.USER || root }}', 'root'],
    ["{{env.USER || 'a b'}}", 'a b'],
    ['{{env.USER || env.HOME || x}}', '/home/me'],
    ['{{workspace.name}}-{{now.date}}', `shop-${new Date().toISOString().slice(0, 10)}`],
    ['{{env.LANG}}', '{{workspace.name}}'],
    ["{{'{{'}} kept }}", '{{ kept }}'],
    ['no braces', 'no braces'],
  ];
  for (const [text, expected] of cases) assert.equal((await value(t, text, env)).value, expected, text);
  const { root, value: path } = await value(t, '{{paths.base}}/y');
  assert.equal(path, `${root}/y`);
});

test('the branch comes from .git, also from a linked work tree', async (t) => {
  assert.equal(
    (await value(t, '{{git.branch}}', {}, { '.git/HEAD': 'ref: refs/heads/feature/x\n' })).value,
    'feature/x',
  );
  const linked = {
    '.git': 'gitdir: elsewhere/worktrees/a\n',
    'elsewhere/worktrees/a/HEAD': 'ref: refs/heads/main\n',
  };
  assert.equal((await value(t, '{{git.branch}}', {}, linked)).value, 'main');
  assert.equal(
    (await value(t, '{{git.branch || none}}', {}, { '.git/HEAD': `${'0'.repeat(40)}\n` })).value,
    'none',
  );
});

for (const text of [
  '{{env.USER}}',
  '{{env.API_SECRET}}',
  '{{env.API_SECRET || env.USER}}',
  '{{paths.nowhere}}',
  '{{workspace.owner}}',
  '{{now.time}}',
  '{{git.tag}}',
  '{{unknown}}',
  '{{}}',
]) {
  test(`${text} without a value is an error with its place`, async (t) => {
    await assert.rejects(
      value(t, text, { API_SECRET: 'hunter22' }),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, 'WORKSPACE_INTERPOLATION_UNRESOLVED');
        assert.ok(
          error.message.includes(`${join('config', 'provisioning.yaml')}:5:5: config.app.key`),
          error.message,
        );
        assert.doesNotMatch(error.message, /hunter22/);
        return true;
      },
    );
  });
}

test('a user may allow more variables', async (t) => {
  const more = { '~/config.toml': '[security]\nenvironment_allow = ["REGION"]\n' };
  assert.equal((await value(t, '{{env.REGION}}', { REGION: 'eu' }, more)).value, 'eu');
});
