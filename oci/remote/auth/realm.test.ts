import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '../http/target.js';
import { type RealmPins, RealmRule } from './realm.js';

const at = (address: string) => parseTarget(address)!;
const ruleFor = (address: string, more: { trusted?: string[]; only?: string; pins?: RealmPins } = {}) =>
  new RealmRule({ registry: at(address), name: 'registry.example', trusted: [], ...more });
const refused = { code: 'OCI_AUTH_REALM_REFUSED' };

test('an https registry gets no tokens over http, with or without credentials', () => {
  const rule = ruleFor('https://registry.example/');
  for (const withCredentials of [true, false])
    assert.throws(() => rule.check('http://auth.example/token', withCredentials), {
      ...refused,
      message: /not encrypted/,
    });
  assert.equal(rule.check('https://auth.example/token', true).hostname, 'auth.example');
});

test('addresses inside a private network are no realms of a public registry, in any notation', () => {
  for (const host of [
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[fe80::1]',
    '[fd00::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
  ]) {
    const rule = ruleFor('https://registry.example/');
    assert.throws(() => rule.check(`https://${host}/token`, true), { ...refused, message: /private/ }, host);
  }
});

test('a registry inside the network may name its own realm, and the registry its own address', () => {
  assert.equal(ruleFor('https://10.0.0.5/').check('https://10.0.0.6/t', true).port, 443);
  assert.equal(ruleFor('https://10.0.0.5/').check('https://10.0.0.5:8443/t', true).port, 8443);
});

test('only http and https realms without user information are realms', () => {
  const rule = ruleFor('https://registry.example/');
  for (const realm of ['ftp://a.example/', 'file:///etc/passwd', 'https://u:p@a.example/', '/token', ''])
    assert.throws(() => rule.check(realm, false), refused, realm);
});

test('credentials stay with the first realm, or a trusted one after that; anonymous tokens are free', () => {
  const rule = ruleFor('https://registry.example/', { trusted: ['second.example'] });
  rule.check('https://first.example/token', true);
  rule.check('https://first.example/other', true);
  rule.check('https://second.example/token', true);
  rule.check('https://third.example/token', false);
  assert.throws(() => rule.check('https://third.example/token', true), {
    code: 'OCI_AUTH_REALM_CHANGED',
    message: /third\.example; until now they went to second\.example/,
  });
});

test('a pin is written when credentials were taken, holds for the next client, and moves only when told', () => {
  const stored = new Map<string, string>();
  const pins: RealmPins = { get: (name) => stored.get(name), set: (name, realm) => stored.set(name, realm) };
  const first = ruleFor('https://registry.example/', { pins });
  const realm = first.check('https://auth.example/token', true);
  assert.equal(stored.size, 0, 'not before the token was given');
  first.confirm(realm);
  assert.equal(stored.get('registry.example'), 'auth.example');
  const changed = { code: 'OCI_AUTH_REALM_CHANGED' };
  const next = ruleFor('https://registry.example/', { pins });
  assert.throws(() => next.check('https://evil.example/token', true), changed);
  next.confirm(next.check('https://registry.example/token', true));
  assert.equal(stored.get('registry.example'), 'auth.example', 'the registry itself is always fine');
  const trusting = ruleFor('https://registry.example/', { pins, trusted: ['new.example'] });
  trusting.confirm(trusting.check('https://new.example/token', true));
  assert.equal(stored.get('registry.example'), 'new.example');
});

test('a configured realm is the only one, a private address included', () => {
  const rule = ruleFor('https://registry.example/', { only: '10.1.2.3:8443' });
  assert.equal(rule.check('https://10.1.2.3:8443/token', true).port, 8443);
  for (const other of ['https://auth.example/t', 'https://registry.example/t'])
    assert.throws(() => rule.check(other, true), { ...refused, message: /only 10\.1\.2\.3:8443/ });
});
