import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultRegistry, hash, type Planned, type Seen } from '../fault-registry/index.js';
import { type Client, type Lab, type LabOptions, type Ran, repository, USER, version } from './fault-lab.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MIB = 1024 * 1024;
const FOREVER = 1000;

/** One row of the matrix. `judge` arranges the fault, runs the client and says `ok`, or what went wrong. */
export interface FaultCase {
  readonly name: string;
  readonly lab?: LabOptions;
  /** Who can do what the case asks for; default: all. */
  readonly clients?: readonly Client[];
  readonly judge: (lab: Lab) => Promise<string>;
}

const isBlob = ({ sample }: Lab) => new RegExp(`/blobs/${sample.manifest.layers[0]!.digest}`);
const secret = Buffer.from(USER).toString('base64');
/** A request that carries the body of a large upload; clients that stream do not say its length. */
const sendsMuch = ({ method, headers }: Seen) =>
  (method === 'PUT' || method === 'PATCH') &&
  (headers['content-length'] === undefined || Number(headers['content-length']) > MIB);
const carriesSecret = ({ headers }: Seen) => headers.authorization !== undefined;

function completed({ code, complete, wrong }: Ran): string {
  if (code === 0 && complete) return 'ok';
  if (wrong) return 'fails, wrong bytes left under the final name';
  return code === 0 ? 'says it succeeded, but did not' : 'fails';
}

function refused({ code, wrong }: Ran): string {
  if (wrong) return 'wrong bytes left under the final name';
  return code === 0 ? 'accepts it' : 'ok';
}

function withoutLeak(result: string, to: FaultRegistry): string {
  return to.seen.some(carriesSecret) ? `${result}, sends credentials there` : result;
}

/** An index under the tag of the referrers tag schema, and the referrer it lists. */
function addByTagSchema({ server, sample }: Lab): string {
  const referrer = addReferrer(server, sample);
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: referrer.digest,
    size: referrer.bytes.length,
    artifactType: 'application/spdx+json',
  };
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }));
  server.model.putManifest(repository, { type: INDEX, bytes: index, tag: sample.digest.replace(':', '-') });
  return referrer.digest;
}

function addReferrer(server: FaultRegistry, { digest, blobs }: Lab['sample']) {
  const empty = server.model.putBlob(repository, Buffer.from('{}'));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/spdx+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
      layers: [{ mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 }],
      subject: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: blobs.get(digest)!.length,
      },
    }),
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  return { bytes, digest: server.model.putManifest(repository, { type, bytes }) };
}

async function shows(lab: Lab, referrer: string): Promise<string> {
  const { code, found } = await lab.discover();
  // Our command shows what it found and ends with 10 when it cannot be sure that this is all.
  if (code !== 0 && !(lab.client === 'prov' && code === 10)) return 'fails';
  return found.includes(referrer) ? 'ok' : 'says there are none';
}

const bearer = { type: 'bearer', users: [USER], anonymousPull: false } as const;

export const FAULT_CASES: readonly FaultCase[] = [
  {
    name: 'a blob is cut at 50 %',
    async judge(lab) {
      lab.server.fault({ path: isBlob(lab), does: { cutAnswerAfter: 10 * MIB } });
      return completed(await lab.pull());
    },
  },
  {
    name: 'three cuts in a row',
    async judge(lab) {
      lab.server.fault({ path: isBlob(lab), times: 3, does: { cutAnswerAfter: 4 * MIB } });
      return completed(await lab.pull());
    },
  },
  {
    name: 'an upload meets one 503',
    lab: { filled: false },
    async judge(lab) {
      lab.server.fault({ path: /uploads/, when: sendsMuch, does: { answer: { status: 503 } } });
      return completed(await lab.push());
    },
  },
  {
    name: 'an upload is reset at 5 of 20 MB',
    lab: { filled: false },
    async judge(lab) {
      lab.server.fault({ path: /uploads/, when: sendsMuch, does: { cutRequestAfter: 5 * MIB } });
      const result = completed(await lab.push());
      const sent = lab.server.seen.reduce((sum, { received }) => sum + received, 0);
      return result === 'ok' && sent > 34 * MIB ? 'starts again from the beginning' : result;
    },
  },
  {
    name: 'a manifest answers 429 with Retry-After: 4',
    async judge(lab) {
      let first = 0;
      let early = false;
      lab.server.fault({
        path: /\/manifests\//,
        times: FOREVER,
        does: {
          change(planned: Planned) {
            first ||= Date.now();
            const waited = Date.now() - first;
            if (waited >= 3990) return;
            if (waited > 500) early = true;
            planned.status = 429;
            planned.headers['retry-after'] = '4';
            planned.body = Buffer.alloc(0);
          },
        },
      });
      const result = completed(await lab.pull());
      return early ? `${result}, asks again too early` : result;
    },
  },
  {
    name: 'the challenge names Basic, then Bearer',
    lab: {
      signedIn: true,
      server: () => ({
        auth: {
          ...bearer,
          challenges: ['Basic realm="registry"', 'Bearer realm="{realm}",service="registry",scope="{scope}"'],
        },
      }),
    },
    judge: async (lab) => completed(await lab.pull()),
  },
  {
    name: 'the Location of an upload is on another port',
    lab: {
      filled: false,
      signedIn: true,
      server: (other) => ({ auth: bearer, location: (path) => `${other.origin}${path}` }),
    },
    judge: async (lab) => withoutLeak(completed(await lab.push()), lab.other),
  },
  {
    name: 'a blob redirects to another port',
    lab: { signedIn: true, server: () => ({ auth: bearer }) },
    async judge(lab) {
      lab.server.fault({
        method: 'GET',
        path: /\/blobs\//,
        times: FOREVER,
        // Only for those who signed in: the registry's own refusal stays.
        does: {
          change(planned: Planned, seen: Seen) {
            if (planned.status !== 200) return;
            planned.status = 307;
            planned.headers = { location: `${lab.other.origin}${seen.url}` };
            planned.body = Buffer.alloc(0);
          },
        },
      });
      return withoutLeak(completed(await lab.pull()), lab.other);
    },
  },
  {
    name: 'the realm moves to another host after the first use',
    lab: { signedIn: true, server: () => ({ auth: bearer }) },
    async judge(lab) {
      const first = completed(await lab.pull());
      if (first !== 'ok') return `already the first pull ${first}`;
      const realm = `http://localhost:${lab.other.host.split(':')[1]}/token`;
      lab.server.fault({
        path: /^\/v2\//,
        times: FOREVER,
        does: {
          answer: {
            status: 401,
            headers: { 'www-authenticate': `Bearer realm="${realm}",service="registry"` },
          },
        },
      });
      await lab.discover();
      const leaked = lab.other.seen.some(({ headers }) => headers.authorization?.includes(secret));
      return leaked ? 'sends the password there' : 'ok';
    },
    clients: ['prov', 'oras'],
  },
  {
    name: 'a registry asks for nothing',
    lab: { signedIn: true },
    async judge(lab) {
      const result = completed(await lab.pull());
      return withoutLeak(result, lab.server);
    },
  },
  {
    name: 'referrers: 400, 403, 405 and 406, and the tag has them',
    clients: ['prov', 'oras'],
    async judge(lab) {
      const referrer = addByTagSchema(lab);
      for (const status of [400, 403, 405, 406]) {
        lab.server.clearFaults();
        lab.server.fault({ path: /\/referrers\//, times: FOREVER, does: { answer: { status } } });
        const result = await shows(lab, referrer);
        if (result !== 'ok') return `${result} after ${status}`;
      }
      return 'ok';
    },
  },
  {
    name: 'referrers: 500 without end',
    clients: ['prov', 'oras'],
    async judge(lab) {
      addByTagSchema(lab);
      lab.server.fault({ path: /\/referrers\//, times: FOREVER, does: { answer: { status: 500 } } });
      const { code } = await lab.discover();
      return code === 0 ? 'hides that it does not know' : 'ok';
    },
  },
  {
    name: 'referrers: 200 with text/html, and the tag has them',
    clients: ['prov', 'oras'],
    async judge(lab) {
      const referrer = addByTagSchema(lab);
      lab.server.fault({
        path: /\/referrers\//,
        times: FOREVER,
        does: {
          answer: {
            status: 200,
            headers: { 'content-type': 'text/html' },
            body: Buffer.from('<html>welcome</html>'),
          },
        },
      });
      return shows(lab, referrer);
    },
  },
  {
    name: 'referrers: an index with "; charset=utf-8"',
    clients: ['prov', 'oras'],
    async judge(lab) {
      const referrer = addReferrer(lab.server, lab.sample);
      lab.server.fault({
        path: /\/referrers\//,
        times: FOREVER,
        does: {
          change(planned: Planned) {
            planned.headers['content-type'] = `${INDEX}; charset=utf-8`;
          },
        },
      });
      return shows(lab, referrer.digest);
    },
  },
  {
    name: 'a blob with wrong bytes',
    async judge(lab) {
      lab.server.fault({
        method: 'GET',
        path: isBlob(lab),
        times: FOREVER,
        does: {
          change(planned: Planned) {
            planned.body = Buffer.from(planned.body);
            planned.body[planned.body.length >> 1]! ^= 1;
          },
        },
      });
      return refused(await lab.pull());
    },
  },
  {
    name: 'another manifest than the digest that was asked for',
    async judge(lab) {
      lab.server.fault({
        path: /\/manifests\/sha256:/,
        times: FOREVER,
        does: {
          change(planned: Planned) {
            planned.body = Buffer.from(planned.body.toString().replace(version, '9.9.9'));
            planned.headers['content-length'] = String(planned.body.length);
          },
        },
      });
      return refused(await lab.pull({ byDigest: true }));
    },
  },
  {
    name: 'an OCI layout whose third tag has a bad blob',
    clients: ['prov', 'oras'],
    lab: { filled: false },
    async judge(lab) {
      const layout = join(lab.cwd, 'bad-layout');
      writeLayout(layout, ['one', 'two', 'three']);
      const { host, model } = lab.server;
      const words =
        lab.client === 'prov'
          ? ['ext', 'import', layout, '--to', host, '--repository', repository]
          : ['restore', '--plain-http', '--input', layout, `${host}/${repository}`];
      const { code } = await lab.run(words);
      const published = model.repository(repository).tags.size;
      if (code === 0) return 'accepts it';
      return published === 0 ? 'ok' : `fails, ${published} tags published before`;
    },
  },
  {
    name: 'a copy of all tags where referrers are kept under a tag',
    clients: ['prov', 'oras'],
    lab: { server: () => ({ referrersApi: false }) },
    async judge(lab) {
      const referrer = addByTagSchema(lab);
      const from = `${lab.server.host}/${repository}`;
      const out = join(lab.cwd, 'kept');
      const words =
        lab.client === 'prov'
          ? ['ext', 'copy', from, `oci-layout:${out}#${repository}`, '--all-tags']
          : ['backup', '--plain-http', '--include-referrers', '--output', out, from];
      const { code } = await lab.run(words);
      if (code !== 0) return 'fails';
      const index = readFileSync(join(out, 'index.json'), 'utf8');
      if (!index.includes(referrer)) return 'loses the referrer';
      const { manifests } = JSON.parse(index) as { manifests: { annotations?: Record<string, string> }[] };
      const tags = manifests.map(
        ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? '',
      );
      return tags.some((tag) => /sha256-[0-9a-f]{64}$/.test(tag))
        ? 'keeps the bookkeeping tag as a tag'
        : 'ok';
    },
  },
];

/** A layout with an artifact for each tag; the blob of the last one has other bytes than its name says. */
function writeLayout(folder: string, tags: readonly string[]): void {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer, written = bytes) => {
    const digest = hash(bytes);
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), written);
    return { digest, size: bytes.length };
  };
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', ...put(Buffer.from('{}')) };
  const manifests = tags.map((tag, at) => {
    const content = Buffer.alloc(1000, tag);
    const spoilt = Buffer.from(content);
    if (at === tags.length - 1) spoilt[500]! ^= 1;
    const layers = [
      {
        mediaType: 'application/octet-stream',
        ...put(content, spoilt),
        annotations: { 'org.opencontainers.image.title': `${tag}.txt` },
      },
    ];
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const body = { schemaVersion: 2, mediaType, artifactType: 'application/vnd.example', config, layers };
    const annotations = { 'org.opencontainers.image.ref.name': tag };
    return { mediaType, ...put(Buffer.from(JSON.stringify(body))), annotations };
  });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
  );
}
