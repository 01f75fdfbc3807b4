import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createRemoteRegistry } from '#oci';
import { findProgram } from '../../test/support/programs.js';
import type { RunningRegistry } from '../../test/support/registries.js';
import { generateLoad, type Load } from '../generate-load.js';
import { cpuMsOf, peakRssMiB, spent } from '../process-usage.js';
import {
  type Contender,
  type Goal,
  type Measurement,
  type Row,
  ratioAtLeast,
  ratioAtMost,
  valueAtMost,
} from '../row.js';
import { seededBytes } from '../seeded-bytes.js';
import type { Site } from '../site.js';

const REPOSITORY = 'bench/served';
const TAG = 'r1';
const MISSING = 'docker-registry is needed: node scripts/interop-tools.mjs';
const RSS_GOAL_MIB = 130;
const PUT_MIB = 100;

interface Served {
  readonly registries: readonly RunningRegistry[];
  readonly manifestDigest: string;
  readonly blobs: Readonly<Record<number, string>>;
}

/** What the registry servers do under load, ours beside docker-registry, loaded by a process of its own. */
export function serverRows(site: Site): Row[] {
  const skip = findProgram('docker-registry') ? undefined : MISSING;
  let served: Promise<Served> | undefined;
  const prepare = async () => {
    served ??= fill(site);
    await served;
  };
  const durationMs = site.quick ? 400 : 1500;
  const loaded = (
    about: Pick<Row, 'id' | 'title' | 'goal' | 'note'> & { unit: '/s' | 'MiB/s' },
    connections: number,
    pathOf: (served: Served) => string,
  ): Row => ({
    ...about,
    better: 'higher',
    skip,
    warmUp: false,
    ...bothServers(site, async (registry) => {
      const load: Load = { path: `/v2/${REPOSITORY}/${pathOf(await served!)}`, connections, durationMs };
      return generateLoad(registry, load, about.unit);
    }),
    prepare,
  });
  return [
    loaded(
      {
        id: 'server.manifest-tag',
        title: 'GET manifest by tag, 32 connections',
        unit: '/s',
        goal: ratioAtLeast(15),
      },
      32,
      () => `manifests/${TAG}`,
    ),
    loaded(
      {
        id: 'server.manifest-digest',
        title: 'GET manifest by digest, 32 connections',
        unit: '/s',
        goal: ratioAtLeast(15),
      },
      32,
      ({ manifestDigest }) => `manifests/${manifestDigest}`,
    ),
    loaded(
      { id: 'server.blob-1mib', title: 'GET blob 1 MiB, 8 connections', unit: '/s', goal: ratioAtLeast(3) },
      8,
      ({ blobs }) => `blobs/${blobs[1]}`,
    ),
    loaded(
      {
        id: 'server.blob-100mib',
        title: 'GET blob 100 MiB, 2 connections',
        unit: 'MiB/s',
        goal: ratioAtLeast(1.1),
      },
      2,
      ({ blobs }) => `blobs/${blobs[100]}`,
    ),
    putRow(site, skip, prepare),
    rssRow(site, skip),
  ];
}

function bothServers(
  site: Site,
  measure: (registry: RunningRegistry, round: number) => Promise<Measurement>,
): { candidate: Contender; peer: Contender } {
  return {
    candidate: { name: 'prov registry', measure: async (round) => measure(await site.ownRegistry(), round) },
    peer: { name: 'docker-registry', measure: async (round) => measure(await site.dockerRegistry(), round) },
  };
}

async function fill(site: Site): Promise<Served> {
  const registries = [await site.ownRegistry(), await site.dockerRegistry()];
  const blobs = [1, 100].map((mebibytes) => seededBytes(`served ${mebibytes}`, mebibytes * 2 ** 20));
  const [small, large] = blobs.map((bytes) => describe(bytes, 'application/vnd.oci.image.layer.v1.tar+gzip'));
  const configBytes = Buffer.from('{}');
  const config = describe(configBytes, 'application/vnd.oci.empty.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [small, large] }),
  );
  for (const { host } of registries) {
    const client = createRemoteRegistry({ registry: host });
    try {
      const repository = client.repository(REPOSITORY);
      const contents = [
        [config, configBytes],
        [small!, blobs[0]!],
        [large!, blobs[1]!],
      ] as const;
      for (const [descriptor, bytes] of contents) {
        await repository.push(descriptor, async function* () {
          yield bytes;
        });
      }
      await repository.pushManifest(manifest, mediaType, { tags: [TAG] });
    } finally {
      client.close();
    }
  }
  return {
    registries,
    manifestDigest: describe(manifest, mediaType).digest,
    blobs: { 1: small!.digest, 100: large!.digest },
  };
}

function describe(bytes: Uint8Array, mediaType: string) {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
  return { mediaType, digest, size: bytes.byteLength };
}

/** POST and one PUT of 100 MiB, other bytes each time; the digest is computed before the clock starts. */
function putRow(site: Site, skip: string | undefined, prepare: () => Promise<void>): Row {
  let content: Buffer = Buffer.alloc(0);
  let uploads = 0;
  return {
    id: 'server.put-100mib',
    title: 'PUT blob 100 MiB',
    unit: 'ms',
    better: 'lower',
    skip,
    maxRounds: 5,
    goal: ratioAtMost(1 / 1.6),
    prepare: async () => {
      await prepare();
      content = seededBytes('put', PUT_MIB * 2 ** 20);
    },
    ...bothServers(site, async (registry) => {
      content.writeUInt32LE(uploads++, 0);
      const { digest } = describe(content, '');
      const cpu = cpuMsOf(registry.pid);
      const started = performance.now();
      await upload(registry, content, digest);
      return {
        value: performance.now() - started,
        serverCpuMs: spent(cpu, cpuMsOf(registry.pid)),
      };
    }),
  };
}

async function upload({ host }: RunningRegistry, content: Buffer, digest: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (method: string, url: string, body?: Buffer) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'content-length': body?.byteLength ?? 0, 'content-type': 'application/octet-stream' };
      const sent = request(url, { method, agent, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  try {
    const opened = await send('POST', `http://${host}/v2/${REPOSITORY}/blobs/uploads/`);
    const target = new URL(opened.headers.location ?? '', `http://${host}`);
    target.searchParams.set('digest', digest);
    const stored = await send('PUT', target.href, content);
    if (stored.statusCode !== 201) throw new Error(`PUT on ${host}: ${stored.statusCode}`);
  } finally {
    agent.destroy();
  }
}

function rssRow(site: Site, skip: string | undefined): Row {
  return {
    id: 'server.rss',
    title: 'most memory held, after the rows above',
    unit: 'MiB',
    better: 'lower',
    skip,
    warmUp: false,
    maxRounds: 1,
    goal: valueAtMost(RSS_GOAL_MIB, 'MiB') satisfies Goal,
    note: 'of the server process since its start; says little when the other server rows did not run',
    ...bothServers(site, async ({ pid }) => ({ value: peakRssMiB(pid) ?? Number.NaN })),
  };
}
