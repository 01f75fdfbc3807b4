import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment } from './child-environment.js';

test('a program that prov starts gets the environment without passwords and tokens of prov', () => {
  const kept = {
    PATH: '/bin',
    COSIGN_EXPERIMENTAL: '1',
    NPM_TOKEN: 'theirs',
    PROVISIONING_HOME: '/home/p',
    PROVISIONING_REGISTRY_USERNAME: 'anna',
  };
  const secret = {
    PROVISIONING_REGISTRY_PASSWORD: 'x',
    PROVISIONING_REGISTRY_TOKEN: 'x',
    PROVISIONING_REGISTRY__TOKEN: 'x',
    PROVISIONING_SIGN_PASSWORD: 'x',
    PROVISIONING_IMPORT_PASSWORD: 'x',
    COSIGN_PASSWORD: 'x',
  };
  assert.deepEqual(childEnvironment({ ...secret, ...kept }), kept);
});
