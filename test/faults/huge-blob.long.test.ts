import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isolatedEnvironment, prov } from '../support/prov.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { startZerosRegistry } from './zeros-registry.js';

const MIB = 1024 * 1024;
interface Zeros {
  readonly bytes: number;
  /** As `head -c BYTES /dev/zero | sha256sum` gives it. */
  readonly digest: string;
}

/** More than the octal field of a tar header holds (8 GiB). */
const HUGE: Zeros = {
  bytes: 9 * 1024 * MIB,
  digest: 'sha256:cfbee1b311082090f6417b1026f9f83b2b3db46bc20ec64dff238d202c3782a6',
};
const LARGE: Zeros = {
  bytes: 2 * 1024 * MIB,
  digest: 'sha256:a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51',
};
/** Pushing 9 GiB takes a minute more than CI has for it; `PROV_HUGE_PUSH=1` does it. */
const PUSHED = process.env['PROV_HUGE_PUSH'] === '1' ? HUGE : LARGE;
const MOST_RSS_MIB = 150;
const SAMPLE_MS = 100;
const REPOSITORY = 'bench/huge';
const TAG = 'v1';
const OCTETS = 'application/octet-stream';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

const CONFIG = Buffer.alloc(2);
function manifestOf({ digest, bytes }: Zeros): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: 'application/vnd.example.huge',
      config: { mediaType: OCTETS, digest: digestOf(CONFIG), size: CONFIG.length },
      layers: [{ mediaType: OCTETS, digest, size: bytes }],
    }),
  );
}

const skip = process.platform === 'linux' ? false : 'peak memory is read from /proc';

test(`a push of a ${PUSHED.bytes / 1024 / MIB} GiB blob stays under 150 MiB of memory and arrives right`, {
  skip,
}, async (t) => {
  const folder = temporaryDirectory(t);
  const registry = await startZerosRegistry(t);
  const layout = writeSparseLayout(join(folder, 'layout'), PUSHED);
  const to = `${registry.host}/${REPOSITORY}:${TAG}`;
  await copy(t, { from: `oci-layout:${layout}#${REPOSITORY}:${TAG}`, to, folder, bytes: PUSHED.bytes });
  assert.equal(registry.received.get(PUSHED.digest), PUSHED.bytes);
  assert.deepEqual(registry.manifests.get(TAG)?.bytes, manifestOf(PUSHED));
});

test('a 9 GiB blob pulled into a tar stays under 150 MiB of memory, and tar reads it', {
  skip: skip || tooFull(),
}, async (t) => {
  const folder = temporaryDirectory(t);
  const registry = await startZerosRegistry(t);
  registry.zeros.set(HUGE.digest, HUGE.bytes).set(digestOf(CONFIG), CONFIG.length);
  const manifest = manifestOf(HUGE);
  const served = { mediaType: MANIFEST, bytes: manifest };
  for (const key of [TAG, digestOf(manifest)]) registry.manifests.set(key, served);
  const file = join(folder, 'huge.tar');
  const to = `oci-layout:${file}#${REPOSITORY}:${TAG}`;
  await copy(t, { from: `${registry.host}/${REPOSITORY}:${TAG}`, to, folder, bytes: HUGE.bytes });
  assert.ok(statSync(file).size > HUGE.bytes);
  const listed = await output('tar', ['-tvf', file]);
  assert.match(listed, new RegExp(`\\s${HUGE.bytes}\\s.*blobs/sha256/${HUGE.digest.slice(7)}\\n`));
  const member = `blobs/sha256/${HUGE.digest.slice(7)}`;
  assert.equal(`sha256:${await digestOfOutput('tar', ['-xOf', file, member])}`, HUGE.digest);
});

/** Copies with the command line, and checks how much memory its process had at most. */
async function copy(
  t: TestContext,
  { from, to, folder, bytes }: { from: string; to: string; folder: string; bytes: number },
): Promise<void> {
  const begin = performance.now();
  let peakKib = 0;
  let timer: NodeJS.Timeout | undefined;
  const result = await prov(['ext', 'copy', from, to, '--out', 'json'], {
    cwd: folder,
    env: isolatedEnvironment(folder),
    timeoutMs: 600_000,
    onStart: ({ pid }) => {
      timer = setInterval(() => {
        peakKib = Math.max(peakKib, highWaterKib(pid!));
      }, SAMPLE_MS);
    },
  });
  clearInterval(timer);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  const seconds = (performance.now() - begin) / 1000;
  const rate = Math.round(bytes / MIB / seconds);
  const peak = Math.round(peakKib / 1024);
  t.diagnostic(`info: peak memory ${peak} MiB, ${rate} MiB/s in ${seconds.toFixed(1)} s`);
  assert.ok(peakKib > 0, 'the process was never sampled');
  assert.ok(peak <= MOST_RSS_MIB, `${peak} MiB`);
}

function highWaterKib(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function writeSparseLayout(directory: string, zeros: Zeros): string {
  const manifest = manifestOf(zeros);
  const put = (path: string, bytes: Buffer | string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  };
  const pathOf = (digest: string) => join('blobs/sha256', digest.slice(7));
  put('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  put(pathOf(digestOf(CONFIG)), CONFIG);
  put(pathOf(digestOf(manifest)), manifest);
  put(pathOf(zeros.digest), '');
  truncateSync(join(directory, pathOf(zeros.digest)), zeros.bytes);
  const annotations = { 'org.opencontainers.image.ref.name': `${REPOSITORY}:${TAG}` };
  const entry = { mediaType: MANIFEST, digest: digestOf(manifest), size: manifest.length, annotations };
  put('index.json', JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return directory;
}

function tooFull(): string | false {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize < HUGE.bytes * 1.25 ? 'not enough room for a tar of 9 GiB' : false;
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return Buffer.concat((await child.stdout.toArray()) as Buffer[]).toString();
}

async function digestOfOutput(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const hash = createHash('sha256');
  for await (const chunk of child.stdout) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
