import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isDigest, ProvError, writeError } from '#base';
import {
  artifactTypeOf,
  createEntryGuard,
  fetchBytes,
  UNPACK_LIMITS,
  unpackLayer,
  verifiedStream,
} from '#oci';
import {
  ANNOTATION,
  type Descriptor,
  type FileReference,
  formatReference,
  type LifecycleState,
  parseOciManifest,
  type RemoteReference,
  splitRepository,
} from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { assertUsable } from '../lifecycle/assert-usable.js';
import { type Lifecycle, readLifecycle } from '../lifecycle/read-lifecycle.js';
import { type Rehearsed, rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { type FetchLayerOptions, fetchLayer } from './fetch-layer.js';
import { openPullSource, type PullSource } from './open-source.js';
import { judgeDestination, placeTree } from './place-tree.js';
import { recoverStaging } from './staging.js';

export interface PullArtifactOptions {
  readonly reference: RemoteReference | FileReference;
  /** Directory to write; default `./NAME` with the last part of the repository. */
  readonly destination?: string | undefined;
  /** Directory that the default is below. Default: the current one. */
  readonly into?: string | undefined;
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  /** Take it although it is revoked. */
  readonly allowRevoked?: boolean | undefined;
}

export interface PullArtifactResult extends Rehearsed {
  readonly reference: string;
  readonly digest: string;
  readonly artifactType?: string;
  readonly destination: string;
  readonly files: readonly { readonly title: string; readonly size: number; readonly directory: boolean }[];
  /** Layers without a file name, which nothing is written of. */
  readonly skipped: readonly string[];
  readonly size: number;
  readonly written: boolean;
  readonly requests: Readonly<Record<string, number>>;
  /** Absent when a digest was asked for and all of it was on this machine: then nobody was asked. */
  readonly state?: LifecycleState;
}

/**
 * Restores the files of any artifact by their titles, as `oras pull` does: files, and directories that were
 * packed. All of it appears at once; a title or an archive that leads elsewhere is refused. What was yanked comes with
 * a warning event.
 * @throws MANAGER_VERSION_REVOKED, OCI_UNPACK_REFUSED, OCI_UNPACK_TARGET_EXISTS, OCI_DIGEST_MISMATCH, MANAGER_NOTHING_TO_PULL
 * @see docs/spec/artifact.md
 */
export async function pullArtifact(
  options: PullArtifactOptions,
  context: ManagerContext,
): Promise<PullArtifactResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => pull(real, within)) : pull(real, context);
}

async function pull(options: PullArtifactOptions, context: ManagerContext): Promise<PullArtifactResult> {
  const { reference, force } = options;
  const { signal, rehearsal } = context;
  const dryRun = rehearsal !== undefined;
  // What a killed pull had moved aside comes back also when the registry gives nothing now.
  const destinationOf = (repository: string) =>
    resolve(
      context.cwd,
      options.destination ?? join(options.into ?? '', splitRepository(repository).name || 'artifact'),
    );
  if (!dryRun && reference.type === 'remote') recoverStaging(destinationOf(reference.repository));
  return withRegistries(context, async (registries) => {
    const source = await openPullSource(reference, registries, context);
    try {
      const { root, cached } = source;
      const parsed = parseOciManifest(await fetchBytes(cached, root, { signal }), root.mediaType);
      const where = formatReference({ ...reference, digest: root.digest });
      if (parsed.kind === 'index')
        throw new ProvError('MANAGER_NOTHING_TO_PULL', {
          reference: where,
          reason: 'it is an index of others',
        });
      const { layers } = parsed.manifest;
      const titled = layers.flatMap((layer) => {
        const title = layer.annotations?.[ANNOTATION.title];
        return title === undefined ? [] : [{ layer, title: safeTitle(title), directory: isDirectory(layer) }];
      });
      if (titled.length === 0)
        throw new ProvError('MANAGER_NOTHING_TO_PULL', {
          reference: where,
          reason: 'no layer has a file name',
        });
      assertApart(titled.map(({ title }) => title));
      const offline =
        isDigest(source.target) && titled.every(({ layer }) => source.cache?.locate(layer) !== undefined);
      const lifecycle = offline ? undefined : await usableLifecycle(source, options, context);
      const destination = destinationOf(source.repository);
      if (!dryRun) recoverStaging(destination);
      await judgeDestination({ destination, force, signal });
      const size = titled.reduce((sum, { layer }) => sum + layer.size, 0);
      const { registry, repository } = source;
      if (rehearsal !== undefined && registry !== undefined)
        for (const { layer } of titled)
          if (source.cache?.locate(layer) === undefined)
            rehearsal.leaveOut({ ...layer, host: registries.open(registry).host, repository });
      if (!dryRun) {
        const report = reportTransfer(context, 'pull');
        report.plan(titled.length, size);
        await placeTree(destination, async (tree) => {
          await mkdir(tree);
          for (const each of titled) await restore(source, each, tree, { report, signal });
        });
      }
      const artifactType = artifactTypeOf(parsed);
      return {
        reference: where,
        digest: root.digest,
        ...(artifactType === undefined ? {} : { artifactType }),
        destination,
        files: titled.map(({ title, layer, directory }) => ({ title, size: layer.size, directory })),
        skipped: layers
          .filter(({ annotations }) => annotations?.[ANNOTATION.title] === undefined)
          .map(({ digest }) => digest),
        size,
        written: !dryRun,
        requests: { ...registries.requests },
        ...(lifecycle === undefined ? {} : { state: lifecycle.state }),
      };
    } finally {
      await source.close();
    }
  });
}

/** Any artifact may have a status; what a manifest of ours says of itself is read by `pullExtension`. */
async function usableLifecycle(
  { store, root, repository, registry, version }: PullSource,
  { reference, allowRevoked }: PullArtifactOptions,
  context: ManagerContext,
): Promise<Lifecycle> {
  const { provVersion, signal } = context;
  const request = { repository, registry, version, provVersion, config: {}, signal };
  const lifecycle = await readLifecycle(store, root, request);
  assertUsable(lifecycle, { reference: formatReference(reference), allowRevoked }, context);
  return lifecycle;
}

interface Titled {
  readonly layer: Descriptor;
  readonly title: string;
  readonly directory: boolean;
}

async function restore(
  source: PullSource,
  { layer, title, directory }: Titled,
  tree: string,
  options: FetchLayerOptions,
): Promise<void> {
  const target = join(tree, title);
  const { signal } = options;
  await fetchLayer(source, layer, options, async (bytes) => {
    await mkdir(dirname(target), { recursive: true });
    if (directory) await unpackTitled(bytes, { layer, title, target }, signal);
    else await writeFileFrom(verifiedStream(bytes, layer, 'the layer', signal), target);
  });
}

async function writeFileFrom(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(path, { mode: 0o644 }));
  } catch (error) {
    await rm(path, { force: true });
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : writeError(path, error);
  }
}

/** The archive of `a/b` has everything under `a/b`; the unpacker takes a title of one part. */
async function unpackTitled(
  bytes: AsyncIterable<Uint8Array>,
  { layer, title, target }: Pick<Titled, 'layer' | 'title'> & { readonly target: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const [first = '', ...below] = title.split('/');
  if (below.length === 0) {
    await unpackLayer(bytes, { destination: target, title: first, descriptor: layer, signal });
    return;
  }
  const aside = `${target}.prov-unpack`;
  try {
    await unpackLayer(bytes, { destination: aside, title: first, descriptor: layer, signal });
    await rename(join(aside, ...below), target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function isDirectory({ annotations }: Descriptor): boolean {
  return annotations?.[ANNOTATION.orasUnpack] === 'true';
}

/** A title as a relative path without detours. @throws OCI_UNPACK_REFUSED */
function safeTitle(title: string): string {
  const guard = createEntryGuard('title', UNPACK_LIMITS);
  if (title.startsWith('/') || /^[A-Za-z]:/.test(title))
    throw new ProvError('OCI_UNPACK_REFUSED', { entry: title, reason: 'the path is absolute' });
  const { path } = guard.accept(`title/${title}`, 'File');
  return path;
}

/** @throws OCI_UNPACK_REFUSED when two titles are one file on some systems, or one lies inside another */
function assertApart(titles: readonly string[]): void {
  const guard = createEntryGuard('title', UNPACK_LIMITS);
  for (const title of titles) guard.accept(`title/${title}`, 'File');
}
