import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyThrough } from './pace-test-support.js';

for (const retryAfter of [undefined, '1']) {
  test(`a host that takes 10 requests a second ${retryAfter ? 'and says when to come again ' : ''}turns away at most 2 % and nothing fails`, async (t) => {
    const seen = await copyThrough(t, { artifacts: 100, perSecond: 10, retryAfter });
    const share = (100 * seen.refused) / seen.all;
    t.diagnostic(`${seen.all} requests, ${seen.refused} turned away (${share.toFixed(2)} %)`);
    assert.ok(seen.refused > 0, 'the limit was met');
    assert.ok(share <= 2, `${share} %`);
  });
}
