import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REDIS_TREE, type Tree, temporaryDirectory, writeTree } from '../testing/temporary-tree.js';
import { validateExtension } from './validate-extension.js';

const manifest = String(REDIS_TREE['manifest.yaml']);
const cases: [string, Tree, RegExp | undefined][] = [
  ['a complete extension', {}, undefined],
  ['a syntax error in the manifest', { 'manifest.yaml': 'a: [' }, /YAML/],
  [
    'a missing script',
    { 'manifest.yaml': manifest.replace('install.sh', 'gone.sh') },
    /gone\.sh, which is not among/,
  ],
  [
    'a script that nothing can run',
    { 'manifest.yaml': manifest.replace('scripts/install.sh', 'docs/README.md') },
    /cannot be run/,
  ],
  [
    'a script whose ending no interpreter is known for',
    {
      'manifest.yaml': manifest.replace('scripts/install.sh', 'scripts/install'),
      'scripts/install': '#!/bin/bash\n',
    },
    /cannot be run: scripts end in/,
  ],
  ['a schema that is no JSON', { 'schema/config.schema.json': '{' }, /not a JSON Schema/],
  [
    'a schema with a wrong keyword',
    { 'schema/config.schema.json': '{"type":"objekt"}' },
    /not a JSON Schema/,
  ],
  ['defaults that are no YAML', { 'config.defaults.yaml': 'a: [' }, /YAML/],
  ['defaults of a wrong type', { 'config.defaults.yaml': 'port: many\n' }, /at \/port: must be integer/],
  ['defaults that the schema does not know', { 'config.defaults.yaml': 'prt: 1\n' }, /at \/prt/],
  [
    'a health script that is not there',
    { 'manifest.yaml': `${manifest}health: {check: script}\n` },
    /no scripts\.health/,
  ],
  [
    'a health port that nobody opens',
    { 'manifest.yaml': `${manifest}health: {check: tcp, port: main}\n` },
    /listen:main/,
  ],
  [
    'an asset twice, from a version range',
    {
      'manifest.yaml': `${manifest}assets:\n${`  - {name: a, source: "npm:a@^1", sha256: ${'a'.repeat(64)}}\n`.repeat(2)}`,
    },
    /exact version/,
  ],
];
for (const [name, changes, expected] of cases) {
  test(`validation of ${name} finds ${expected ? 'it' : 'nothing'}`, async (t) => {
    const dir = writeTree(temporaryDirectory(t), { ...REDIS_TREE, ...changes });
    const findings = await validateExtension(dir, { provVersion: '0.1.0' });
    if (expected === undefined) assert.deepEqual(findings, []);
    else
      assert.ok(
        findings.some((each) => each.severity === 'error' && expected.test(each.message)),
        JSON.stringify(findings),
      );
  });
}

test('validation warns of an executable bit that packing does not keep', {
  skip: process.platform === 'win32',
}, async (t) => {
  const dir = writeTree(temporaryDirectory(t), REDIS_TREE);
  chmodSync(join(dir, 'docs/README.md'), 0o755);
  const [only] = await validateExtension(dir, { provVersion: '0.1.0' });
  assert.equal(only?.severity, 'warning');
});

test('validation lists every wrong value of a manifest at once', async (t) => {
  const wrong = 'name: My App\ntype: taskserve\nversion: 1.0\ndescription: x\nlicence: MIT\n';
  const dir = writeTree(temporaryDirectory(t), { 'manifest.yaml': wrong });
  const findings = await validateExtension(dir, { provVersion: '0.1.0' });
  const told = findings.map(({ message, hint }) => `${message.slice(message.indexOf('yaml:'))} ${hint}`);
  assert.deepEqual(told, [
    'yaml:3:1: version: "1.0" is not a semantic version Write 1.0.0.',
    'yaml:5:1: unknown key "licence" Did you mean "license"?',
    'yaml:1:1: schema: is missing (1) Write schema: 1',
    'yaml:1:1: name: must match [a-z0-9]+([._-][a-z0-9]+)*, 2 to 63 characters Correct the value; docs/spec/manifest.md lists every field.',
    'yaml:2:1: type: must be one of provider, taskserv, cluster, workflow, template Did you mean "taskserv"?',
  ]);
});

test('a .sh script for another shell is a warning', async (t) => {
  const dir = writeTree(temporaryDirectory(t), {
    ...REDIS_TREE,
    'scripts/install.sh': '#!/usr/bin/env bash\n',
  });
  const [found, ...others] = await validateExtension(dir, { provVersion: '0.1.0' });
  assert.deepEqual(others, []);
  assert.match(`${found?.severity} ${found?.message}`, /^warning .*install\.sh names bash in its first line/);
});
