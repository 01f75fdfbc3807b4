import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '../http/target.js';
import { RealmRule } from './realm.js';

const at = (address: string) => parseTarget(address)!;
const refused = { code: 'OCI_AUTH_REALM_REFUSED' };

test('an https registry gets no tokens over http, with or without credentials', () => {
  const rule = new RealmRule(at('https://registry.example/'), []);
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
    const rule = new RealmRule(at('https://registry.example/'), []);
    assert.throws(() => rule.check(`https://${host}/token`, true), { ...refused, message: /private/ }, host);
  }
});

test('a registry inside the network may name its own realm, and the registry its own address', () => {
  assert.equal(new RealmRule(at('https://10.0.0.5/'), []).check('https://10.0.0.6/t', true).port, 443);
  assert.equal(new RealmRule(at('https://10.0.0.5/'), []).check('https://10.0.0.5:8443/t', true).port, 8443);
});

test('only http and https realms without user information are realms', () => {
  const rule = new RealmRule(at('https://registry.example/'), []);
  for (const realm of ['ftp://a.example/', 'file:///etc/passwd', 'https://u:p@a.example/', '/token', ''])
    assert.throws(() => rule.check(realm, false), refused, realm);
});

test('credentials stay with the first realm; trusted ones and anonymous tokens are free', () => {
  const rule = new RealmRule(at('https://registry.example/'), ['second.example']);
  rule.check('https://first.example/token', true);
  rule.check('https://first.example/other', true);
  rule.check('https://second.example/token', true);
  rule.check('https://third.example/token', false);
  assert.throws(() => rule.check('https://third.example/token', true), {
    ...refused,
    message: /first\.example/,
  });
});
