import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Misbehaviour, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { unfinished } from '../support/files.js';
import { projectRoot } from '../support/project.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const MIB = 1024 * 1024;
const MOST_MIB = 150;
const PRELOAD = pathToFileURL(join(projectRoot, 'build/test/support/peak-memory.js')).href;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ALWAYS = 1_000_000;

/** What a command does with a registry; `REF`, `REPO` and `AT` are filled in. */
const VERBS = {
  pull: ['pull', 'REF', '--destination', 'out'],
  discover: ['discover', 'REF'],
  inspect: ['inspect', 'REF'],
  info: ['info', 'tool', 'AT'],
  tags: ['tags', 'tool', 'AT'],
  list: ['list', 'AT'],
  search: ['search', 'tool', 'AT'],
  copy: ['copy', 'REF', 'oci-layout:copied#team/tool:1.0.0'],
} as const;
type Verb = keyof typeof VERBS;

interface Hostility {
  readonly what: string;
  readonly path?: RegExp;
  readonly does: Misbehaviour;
  /** Codes that may name it; `ok` where a small answer may get through. */
  readonly codes: RegExp;
  /** Default: all. */
  readonly verbs?: readonly Verb[];
  /** Verbs that list what is there all the same, without what could not be read. */
  readonly fine?: readonly Verb[];
}

const invalid =
  /^(?:OCI_REMOTE_ANSWER_INVALID|OCI_REMOTE_INTERRUPTED|BASE_LIMIT_EXCEEDED|OCI_MANIFEST_INVALID|SCHEMAS_WIRE_INVALID)$/;
const broken = /^(?:OCI_REMOTE_INTERRUPTED|OCI_REMOTE_ANSWER_INVALID|OCI_REMOTE_TIMEOUT)$/;
const slow = /^OCI_REMOTE_(?:TIMEOUT|TOO_SLOW)$/;

function* chunks(head: string, piece: string): Generator<string> {
  yield head;
  for (;;) yield piece;
}

const endless = (status: number, type: string): Misbehaviour => ({
  raw: () =>
    chunks(
      `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
      `10000\r\n${' '.repeat(65_536)}\r\n`,
    ),
});

/** A list without end, `perPage` new names a page. */
const endlessPages = (member: string, perPage: number): Misbehaviour => ({
  answer: ({ url }) => {
    const page = Number(/[?&]page=(\d+)/.exec(url)?.[1] ?? 0);
    const names = Array.from({ length: perPage }, (_, at) => `1.${page}.${at}`);
    const path = url.replace(/\?.*/, '');
    return {
      status: 200,
      headers: { 'content-type': 'application/json', link: `<${path}?page=${page + 1}>; rel="next"` },
      body: Buffer.from(JSON.stringify({ [member]: names })),
    };
  },
});

const referrersPage = (entries: number, more: boolean): Misbehaviour => ({
  answer: ({ url }) => {
    const page = Number(/[?&]page=(\d+)/.exec(url)?.[1] ?? 0);
    const manifests = Array.from({ length: entries }, (_, at) => ({
      mediaType: MANIFEST,
      digest: `sha256:${(page * entries + at).toString(16).padStart(64, '0')}`,
      size: 100,
      artifactType: 'a/b',
    }));
    const headers: Record<string, string> = { 'content-type': INDEX };
    if (more) headers['link'] = `<${url.replace(/\?.*/, '')}?page=${page + 1}>; rel="next"`;
    return {
      status: 200,
      headers,
      body: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })),
    };
  },
});

const BOMB = gzipSync(Buffer.alloc(200 * MIB), { level: 1 });
const HUGE_MANIFEST = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, padding: 'x'.repeat(40 * MIB) }),
);
const reads = (...verbs: Verb[]) => ({ verbs });

const HOSTILITIES: readonly Hostility[] = [
  { what: 'requests that are never answered', does: { hang: true }, codes: /^OCI_REMOTE_TIMEOUT$/ },
  {
    what: 'headers that never end',
    does: { raw: () => chunks('HTTP/1.1 200 OK\r\n', `x-a: ${'y'.repeat(4000)}\r\n`) },
    codes: invalid,
  },
  { what: 'a head that stops in the middle', does: { raw: () => ['HTTP/1.1 200 OK\r\nx: y'] }, codes: slow },
  { what: 'no HTTP at all', does: { raw: () => ['SSH-2.0-OpenSSH_9.2p1\r\n'] }, codes: broken },
  { what: 'a body without end', does: endless(200, MANIFEST), codes: invalid },
  {
    what: 'an error without end',
    does: endless(400, 'application/json'),
    codes: /^(?:OCI_REMOTE_REFUSED|BASE_LIMIT_EXCEEDED)$/,
  },
  {
    what: 'wrong chunk sizes',
    does: {
      raw: () => [
        `HTTP/1.1 200 OK\r\ncontent-type: ${MANIFEST}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n`,
      ],
    },
    codes: broken,
  },
  {
    what: 'bodies that drip',
    does: { dripEveryMs: 100 },
    codes: /^(?:ok|OCI_REMOTE_TIMEOUT|OCI_REMOTE_TOO_SLOW)$/,
  },
  { what: 'a body that stops', does: { stallAfter: 1 }, codes: slow },
  {
    what: 'fewer bytes than Content-Length says',
    does: {
      change: (planned) => {
        planned.headers['content-length'] = String(planned.body.length + 10);
      },
    },
    codes: slow,
  },
  {
    what: 'more bytes than Content-Length says',
    does: {
      change: (planned) => {
        planned.headers['content-length'] = String(Math.max(0, planned.body.length - 5));
      },
    },
    codes: /./,
  },
  {
    what: 'no length and a cut',
    does: {
      raw: () => [`HTTP/1.1 200 OK\r\ncontent-type: ${MANIFEST}\r\nconnection: close\r\n\r\n{"schemaVersion`],
    },
    codes: /./,
  },
  {
    what: 'redirects without end',
    does: {
      answer: ({ url }) => ({
        status: 307,
        headers: { location: `${url.replace(/\?.*/, '')}?n=${Math.random()}` },
      }),
    },
    codes: /^OCI_REMOTE_REDIRECT_REFUSED$/,
  },
  {
    what: 'a redirect to itself',
    does: { answer: ({ url }) => ({ status: 307, headers: { location: url } }) },
    codes: /^OCI_REMOTE_REDIRECT_REFUSED$/,
  },
  {
    what: '429 without end',
    does: { answer: { status: 429 } },
    codes: /^OCI_REMOTE_(?:RATE_LIMITED|REFUSED|BUSY)/,
  },
  {
    what: '429 with Retry-After: 1 without end',
    does: { answer: { status: 429, headers: { 'retry-after': '1' } } },
    codes: /^OCI_REMOTE_/,
  },
  {
    what: '429 for a day',
    does: { answer: { status: 429, headers: { 'retry-after': '86400' } } },
    codes: /^OCI_REMOTE_/,
  },
  { what: '503 without end', does: { answer: { status: 503 } }, codes: /^OCI_REMOTE_/ },
  {
    what: 'a gzip bomb',
    does: {
      answer: { status: 200, headers: { 'content-encoding': 'gzip', 'content-type': MANIFEST }, body: BOMB },
    },
    codes: invalid,
  },
  {
    what: 'a manifest of 40 MiB',
    path: /manifests/,
    does: { answer: { status: 200, headers: { 'content-type': MANIFEST }, body: HUGE_MANIFEST } },
    fine: ['tags', 'list', 'search'],
    codes: invalid,
  },
  {
    what: 'manifests with other bytes',
    path: /manifests/,
    does: {
      change: (planned) => {
        planned.body = Buffer.from(planned.body).reverse();
      },
    },
    fine: ['tags', 'list', 'search'],
    codes: /./,
  },
  {
    what: 'blobs with other bytes',
    path: /blobs/,
    does: {
      change: (planned) => {
        planned.body = Buffer.from(planned.body).reverse();
      },
    },
    codes: /^OCI_DIGEST_MISMATCH$/,
    ...reads('pull', 'copy'),
  },
  {
    what: 'tags on pages without end',
    path: /tags\/list/,
    does: endlessPages('tags', 1),
    fine: ['list', 'search'],
    codes: invalid,
    ...reads('tags', 'info', 'list', 'search'),
  },
  {
    what: 'many tags on pages without end',
    path: /tags\/list/,
    does: endlessPages('tags', 5000),
    fine: ['list', 'search'],
    codes: invalid,
    ...reads('tags', 'info', 'list', 'search'),
  },
  {
    what: 'repositories on pages without end',
    path: /_catalog/,
    does: endlessPages('repositories', 100),
    codes: /^MANAGER_CATALOGUE_UNAVAILABLE$/,
    ...reads('list', 'search'),
  },
  {
    what: 'referrers on pages without end',
    path: /referrers/,
    does: referrersPage(1, true),
    codes: invalid,
    ...reads('discover', 'copy', 'pull'),
  },
  {
    what: '200,000 referrers',
    path: /referrers/,
    does: referrersPage(200_000, false),
    codes: invalid,
    ...reads('discover', 'copy', 'pull'),
  },
];

interface Outcome {
  readonly code: string;
  readonly exit: number;
  readonly mib: number;
  readonly seconds: number;
}

async function setUp(t: TestContext) {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const dir = writeExtension(sandbox.work, {
    name: 'tool',
    files: { 'data.bin': Buffer.alloc(100_000, 'noise') },
  });
  await provData(['ext', 'push', dir, ...at], sandbox.options);
  return { ...sandbox, registry, at };
}

/** Runs a command against a registry that misbehaves; each with a home of its own. */
async function suffer(
  { root, env, registry, at }: Awaited<ReturnType<typeof setUp>>,
  verb: Verb,
  name: string,
): Promise<Outcome> {
  const cwd = join(root, `work-${name}`);
  mkdirSync(cwd);
  const peakFile = join(cwd, 'peak');
  const reference = `${registry.host}/team/tool:1.0.0`;
  const args = VERBS[verb].flatMap((each) => (each === 'AT' ? at : [each === 'REF' ? reference : each]));
  const began = performance.now();
  const result = await prov(['ext', ...args, '--timeout', '2', '--max-wait', '2', '--out', 'json'], {
    cwd,
    env: {
      ...env,
      PROVISIONING_HOME: join(cwd, 'home'),
      NODE_OPTIONS: `--import ${PRELOAD}`,
      PROV_PEAK_FILE: peakFile,
    },
    timeoutMs: 90_000,
  });
  assert.equal(result.signal, null, `${verb} did not end: ${result.stderr}`);
  assert.deepEqual(unfinished(cwd), [], verb);
  return {
    code: result.code === 0 ? 'ok' : (result.json.error?.code ?? 'none'),
    exit: result.code,
    mib: Math.round(Number(readFileSync(peakFile, 'utf8')) / 1024),
    seconds: (performance.now() - began) / 1000,
  };
}

let most = 0;
for (const { what, path, does, codes, verbs = Object.keys(VERBS) as Verb[], fine = [] } of HOSTILITIES) {
  test(`${what}: each verb ends in a named error, in little memory`, async (t) => {
    const site = await setUp(t);
    site.registry.fault({ ...(path && { path }), times: ALWAYS, does });
    const seen: string[] = [];
    const wrong: string[] = [];
    await Promise.all(
      verbs.map(async (verb) => {
        const { code, exit, mib, seconds } = await suffer(site, verb, verb);
        most = Math.max(most, mib);
        const line = `${verb}: ${code} (exit ${exit}), ${mib} MiB, ${seconds.toFixed(1)} s`;
        seen.push(line);
        const right = fine.includes(verb)
          ? code === 'ok'
          : codes.test(code) && (code === 'ok') === (exit === 0) && exit !== 70;
        if (!right || mib > MOST_MIB) wrong.push(line);
      }),
    );
    t.diagnostic(`info: ${seen.join('; ')}`);
    assert.deepEqual(wrong, []);
  });
}
