import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDepSite } from './dep-site.js';

/** Commands that only look, as they are typed. */
const LOOKING = [
  'resolve --locked',
  'resolve --dry-run --update',
  'update --plan',
  'check-updates',
  'outdated',
  'tree',
  'validate',
  'why redis',
  'why-not redis@8.0.0',
  'audit',
  'licenses',
  'sbom',
  'sbom --type spdx',
  'diff prov.lock prov.lock',
  'fetch',
  'lock check',
  'lock merge',
  'add taskserv/os@^1 --dry-run',
  'remove web --dry-run',
];

test(`the built program answers ${LOOKING.length} dep commands with one document each, and changes nothing`, async (t) => {
  const at = await openDepSite(t);
  const resolved = await at.dep('resolve');
  assert.equal(resolved.code, 0, resolved.stderr);
  const before = at.lock();
  const queue = [...LOOKING];
  const worker = async () => {
    for (let args = queue.shift(); args !== undefined; args = queue.shift()) {
      const { code, json, stderr } = await at.dep(`${args} --out json`);
      assert.equal(code, 0, `prov dep ${args}\n${stderr}`);
      assert.ok(json.ok && json.data !== undefined, args);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  assert.equal(at.lock(), before);
});
