import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '#base';
import { type LifecycleState, MEDIA, type StatusDocument } from '#schemas';
import { judgeStatuses, type StatusInput } from './judge-status.js';
import { signerOf } from './private-key.js';
import { buildStatus, MAX_STATUS_BYTES, readStatus } from './status-envelope.js';

const SUBJECT = digestOf('a manifest');
const newSigner = () => signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
const [owner, stranger] = [newSigner(), newSigner()];

type Said = Omit<StatusDocument, 'v' | 'key'>;
function said(sequence: number, state: LifecycleState, more: Partial<Said> = {}): Said {
  return {
    subject: { digest: SUBJECT, repository: 'ns/app', version: '1.0.0' },
    state,
    reason: `because ${sequence}`,
    sequence,
    issuedAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

async function judge(envelopes: readonly Uint8Array[], more: Partial<StatusInput> = {}) {
  return judgeStatuses({
    subject: SUBJECT,
    envelopes: envelopes.map((bytes) => ({ bytes, digest: digestOf(bytes) })),
    mayRestore: async (key) => key.id === owner.publicKey.id,
    ...more,
  });
}

test('without a status a version is active, or deprecated as its manifest says', async () => {
  assert.deepEqual(await judge([]), { state: 'active', sequence: 0, steps: [] });
  const declared = { reason: 'old', replacement: 'valkey' };
  assert.deepEqual(await judge([], { declared }), {
    state: 'deprecated',
    reason: 'old',
    replacement: 'valkey',
    sequence: 0,
    steps: [],
  });
});

test('the highest sequence wins, in whatever order the statuses come', async () => {
  const all = [
    await buildStatus(said(1, 'deprecated'), owner),
    await buildStatus(said(2, 'revoked'), owner),
    await buildStatus(said(3, 'yanked', { replacement: 'app@^2' }), owner),
  ];
  for (const order of [all, [...all].reverse(), [all[1]!, all[2]!, all[0]!]]) {
    const verdict = await judge(order);
    assert.deepEqual(
      [verdict.state, verdict.reason, verdict.replacement, verdict.sequence, verdict.signedBy],
      ['yanked', 'because 3', 'app@^2', 3, owner.publicKey.id],
    );
  }
  const replayed = await judge([...all, await buildStatus(said(1, 'active'), owner)]);
  assert.equal(replayed.state, 'yanked', 'a lower sequence is history');
});

test('an unsigned status hides a version and never restores one', async () => {
  const hidden = await buildStatus(said(1, 'yanked'));
  assert.equal((await judge([hidden])).state, 'yanked');
  const unsigned = await judge([hidden, await buildStatus(said(2, 'active'))]);
  assert.equal(unsigned.state, 'yanked');
  assert.equal(unsigned.steps.at(-1)?.problem, 'status-unsigned');
  const signedHidden = await buildStatus(said(1, 'yanked'), owner);
  const words = await judge([signedHidden, await buildStatus(said(9, 'yanked', { replacement: 'evil' }))]);
  assert.equal(words.replacement, undefined, 'nor does it change what a key said');
  assert.equal(
    (await judge([signedHidden, await buildStatus(said(9, 'revoked'))])).state,
    'revoked',
    'but it can make things worse',
  );
  assert.equal((await judge([], { declared: { reason: 'x' } })).state, 'deprecated');
  const mild = await judge([await buildStatus(said(1, 'active'))], { declared: { reason: 'x' } });
  assert.equal(mild.state, 'deprecated');
});

test('a key restores what it may speak for, or what it said itself; others do not', async () => {
  const byOwner = await buildStatus(said(1, 'revoked'), owner);
  const byStranger = await buildStatus(said(1, 'revoked'), stranger);
  const states = async (...envelopes: Uint8Array[]) => (await judge(envelopes)).state;
  assert.equal(await states(byOwner, await buildStatus(said(2, 'active'), owner)), 'active');
  assert.equal(await states(byOwner, await buildStatus(said(2, 'active'), stranger)), 'revoked');
  assert.equal(await states(byStranger, await buildStatus(said(2, 'active'), owner)), 'active');
  assert.equal(await states(byStranger, await buildStatus(said(2, 'active'), stranger)), 'active');
  const unsigned = await buildStatus(said(1, 'yanked'));
  assert.equal(await states(unsigned, await buildStatus(said(2, 'active'), stranger)), 'yanked');
});

test('of equal sequences the worse one holds', async () => {
  const [yank, restore] = [
    await buildStatus(said(2, 'yanked'), owner),
    await buildStatus(said(2, 'active'), owner),
  ];
  assert.equal((await judge([restore, yank])).state, 'yanked');
  assert.equal((await judge([yank, restore])).state, 'yanked');
});

test('envelopes that are about something else or are broken count for nothing, and say why', async () => {
  const good = await buildStatus(said(1, 'yanked'), owner);
  const text = Buffer.from(good).toString();
  const parsed = JSON.parse(text) as {
    payload: string;
    payloadType: string;
    signatures: { sig: string; keyid: string }[];
  };
  const [signature] = parsed.signatures as [{ sig: string; keyid: string }];
  const payloadOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const document = JSON.parse(Buffer.from(parsed.payload, 'base64').toString()) as StatusDocument;
  const other = await buildStatus(said(1, 'yanked'), stranger);
  const otherSignature = (JSON.parse(Buffer.from(other).toString()) as typeof parsed).signatures;
  const hostile: Readonly<Record<string, readonly [unknown, string]>> = {
    'another subject': [
      await buildStatus({ ...said(1, 'yanked'), subject: { digest: digestOf('x'), repository: 'a' } }),
      'status-subject',
    ],
    'a signature of an artifact': [{ ...parsed, payloadType: 'application/vnd.in-toto+json' }, 'status-type'],
    'a changed payload': [
      { ...parsed, payload: payloadOf({ ...document, state: 'active' }) },
      'status-signature',
    ],
    "another key's signature": [{ ...parsed, signatures: otherSignature }, 'status-signature'],
    'a key id that is not the key': [
      { ...parsed, signatures: [{ ...signature, keyid: stranger.publicKey.id }] },
      'status-signature',
    ],
    'two signatures': [{ ...parsed, signatures: [signature, signature] }, 'status-malformed'],
    'a later format': [{ ...parsed, payload: payloadOf({ ...document, v: 2 }) }, 'status-later-version'],
    'an unknown state': [
      { ...parsed, payload: payloadOf({ ...document, state: 'haunted' }) },
      'status-malformed',
    ],
    'a sequence beyond counting': [
      { ...parsed, payload: payloadOf({ ...document, sequence: 2 ** 60 }) },
      'status-malformed',
    ],
    'base64 that is not canonical': [{ ...parsed, payload: `${parsed.payload}\n` }, 'status-malformed'],
    'no JSON': [Buffer.from('{'), 'status-malformed'],
    'a member twice': [Buffer.from(text.replace('{', '{"payload":"",')), 'status-malformed'],
    'too much': [Buffer.alloc(MAX_STATUS_BYTES + 1, 0x20), 'status-malformed'],
    'a deep one': [Buffer.from(`{"payload":${'['.repeat(50)}${']'.repeat(50)}}`), 'status-malformed'],
  };
  for (const [what, [envelope, code]] of Object.entries(hostile)) {
    const bytes = envelope instanceof Uint8Array ? envelope : Buffer.from(JSON.stringify(envelope));
    const verdict = await judge([bytes]);
    assert.equal(verdict.state, 'active', what);
    assert.deepEqual([verdict.steps[0]?.counted, verdict.steps[0]?.problem], [false, code], what);
  }
});

test('the payload type of a status is its own', async () => {
  const bytes = await buildStatus(said(1, 'yanked'), owner);
  assert.equal(JSON.parse(Buffer.from(bytes).toString()).payloadType, MEDIA.statusDocument);
  const read = await readStatus(bytes, SUBJECT);
  assert.equal(read.ok && read.statement.signer?.id, owner.publicKey.id);
});
