import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Digest, digestOf, isProvError } from '#base';
import { treeDigest } from '#oci';
import type { LockEntry } from '#schemas';
import { assertInstalledTree, recordInstalledTree } from './installed-tree.js';
import { temporaryDirectory, writeFiles } from './testing/sample-workspace.js';

const content = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 1 };
const modified = (error: unknown) => isProvError(error, 'WORKSPACE_MODULE_MODIFIED');

function entryOf(layers: LockEntry['layers']): LockEntry {
  return {
    kind: 'taskserv',
    name: 'tool',
    version: '1.0.0',
    source: { registry: 'main', repository: 'acme/tool' },
    manifest: content,
    config: content,
    layers,
    dependencies: [],
    requiredBy: [],
  };
}

test('an edit is found wherever the archive stands among the layers', async (t) => {
  const dir = join(temporaryDirectory(t), 'tool');
  writeFiles(dir, { 'manifest.yaml': 'name: tool\n', 'run.sh': 'echo\n' });
  const tar: Digest = await treeDigest(dir, { title: 'tool' });
  const entry = entryOf([content, { ...content, tar }]);
  await assertInstalledTree(dir, entry);
  writeFileSync(join(dir, 'run.sh'), 'rm -rf /\n');
  await assert.rejects(assertInstalledTree(dir, entry), modified);
});

test('an archive without a digest of its tar counts only with the note of its installation', async (t) => {
  const folder = temporaryDirectory(t);
  const dir = join(folder, 'tool');
  const options = { env: { PROVISIONING_HOME: join(folder, 'home') } };
  writeFiles(dir, { 'manifest.yaml': 'name: tool\n', 'run.sh': 'echo\n' });
  const entry = entryOf([content]);
  await assert.rejects(assertInstalledTree(dir, entry, options), modified);
  await recordInstalledTree(dir, entry, options);
  await assertInstalledTree(dir, entry, options);
  writeFileSync(join(dir, 'run.sh'), 'rm -rf /\n');
  await assert.rejects(assertInstalledTree(dir, entry, options), modified);
  // A note beside it, as anybody can commit one, says nothing.
  writeFileSync(`${dir}.tree`, `${await treeDigest(dir, { title: 'tool' })}\n`);
  await assert.rejects(assertInstalledTree(dir, entry, options), modified);
});
