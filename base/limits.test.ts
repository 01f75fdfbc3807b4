import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { provHome } from './home.js';
import { assertWithin } from './limits.js';

test('a limit includes its own value', () => {
  assertWithin(10, 10, 'it');
  assert.throws(() => assertWithin(11, 10, 'the archive', 'entries'), {
    code: 'BASE_LIMIT_EXCEEDED',
    message: 'the archive is larger than the limit of 10 entries',
  });
});

test('the home is absolute, wherever it is configured', () => {
  assert.equal(provHome({ PROVISIONING_HOME: '/a/../b' }), '/b');
  assert.equal(provHome({ PROVISIONING_HOME: 'here' }), join(process.cwd(), 'here'));
  for (const env of [{}, { PROVISIONING_HOME: '' }])
    assert.equal(provHome(env), join(homedir(), '.provisioning'));
});
