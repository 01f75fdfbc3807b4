import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_CASES } from './fault-cases.js';
import { CLIENTS, openLab, packSample } from './fault-lab.js';

/** What goes wrong between a client and a registry, for every client that is there; ours must do right in each case. */
test('the fault matrix', { timeout: 900_000 }, async (t) => {
  const sample = await packSample(t);
  const rows: string[] = [];
  const passed = new Map<string, number>();
  for (const { name, clients = CLIENTS, lab: options = {}, judge } of FAULT_CASES) {
    const cells = new Map<string, string>();
    for (const client of CLIENTS) {
      await t.test(`${client}: ${name}`, async (subtest) => {
        if (!clients.includes(client)) {
          cells.set(client, '-');
          return;
        }
        const lab = await openLab(subtest, { client, sample }, options);
        if (lab === undefined) {
          cells.set(client, 'absent');
          return subtest.skip(`${client} not present: node scripts/interop-tools.mjs`);
        }
        const outcome = await judge(lab);
        cells.set(client, outcome);
        if (outcome === 'ok') passed.set(client, (passed.get(client) ?? 0) + 1);
        if (client === 'prov') assert.equal(outcome, 'ok');
      });
    }
    rows.push(`| ${name} | ${CLIENTS.map((client) => cells.get(client)).join(' | ')} |`);
  }
  const total = CLIENTS.map((client) => {
    const asked = FAULT_CASES.filter(({ clients = CLIENTS }) => clients.includes(client)).length;
    return `${passed.get(client) ?? 0} of ${asked}`;
  });
  for (const row of [
    `| case | ${CLIENTS.join(' | ')} |`,
    `|---|${'---|'.repeat(CLIENTS.length)}`,
    ...rows,
    `| right in | ${total.join(' | ')} |`,
  ])
    t.diagnostic(`table: ${row}`);
});
