import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeGeneratedTree } from '../../bench/generated-tree.js';
import { cliPath, projectRoot } from '../support/project.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const WITH_NODE = join(projectRoot, 'scripts', 'with-node.mjs');

function digestOn(major: string | undefined, tree: string): string {
  const program = [cliPath, 'ext', 'pack', tree, '--out', 'json'];
  const args = major === undefined ? program : [WITH_NODE, major, ...program];
  const answer = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 });
  return (JSON.parse(answer) as { data: { digest: string } }).data.digest;
}

test('a tree that several threads compress has one digest on Node 20, 22 and 24', (t) => {
  const tree = join(temporaryDirectory(t), 'tree');
  writeGeneratedTree(tree, 'one digest');
  const here = digestOn(undefined, tree);
  assert.match(here, /^sha256:[0-9a-f]{64}$/);
  for (const major of ['20', '22', '24']) assert.equal(digestOn(major, tree), here, `Node ${major}`);
});
