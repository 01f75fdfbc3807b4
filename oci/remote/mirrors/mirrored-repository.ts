import { type Digester, isDigest, isProvError, log, ProvError } from '#base';
import { type Descriptor, parseOciManifest } from '#schemas';
import type { DownloadOptions } from '../blob-download.js';
import type { RemoteRepository } from '../remote-registry.js';
import type { MirrorHealth } from './mirror-health.js';
import { spool } from './spool.js';

export interface Mirror {
  readonly host: string;
  readonly repository: RemoteRepository;
  /** Whether it may say what tags mean, and which there are. */
  readonly tags: boolean;
}

export interface MirroredOptions {
  readonly upstream: RemoteRepository;
  /** In the order in which they are asked. */
  readonly mirrors: readonly Mirror[];
  readonly health: MirrorHealth;
  /** Where content over 8 MiB waits until it is known to be right. */
  readonly spoolDirectory: string;
  readonly onServed?: ((host: string) => void) | undefined;
  /**
   * Artifact types that the registry itself is asked for first: those whose absence must not be hidden by a copy that is
   * old, or lies. Mirrors answer only when the registry does not, with a warning.
   */
  readonly upstreamFirst?: readonly string[] | undefined;
}

type Ask<T> = (repository: RemoteRepository, signal: AbortSignal | undefined) => Promise<T>;

interface Asking<T> {
  readonly signal?: AbortSignal | undefined;
  /** Default: every answer is. */
  readonly accept?: (answer: T) => boolean;
}

/** The registry, where a mirror can stand in for it, is waited for this long. */
const UPSTREAM_ANSWER_MS = 5000;
/** A mirror that never answered is waited for this long, then the next one is asked. */
const FIRST_ANSWER_MS = 1800;

/**
 * A repository that is read from its mirrors first and from the registry itself last, request by request:
 * what a mirror lacks, refuses or serves wrongly is asked of the next one. Content asked by digest may come
 * from anywhere, since it is checked whole before a byte of it is seen; what tags mean comes from the registry
 * alone unless a mirror may say it. Everything that writes, and every question that decides about writing,
 * goes to the registry.
 */
export function mirroredRepository(options: MirroredOptions): RemoteRepository {
  const { upstream, mirrors, health, spoolDirectory, onServed, upstreamFirst = [] } = options;

  async function first<T>(candidates: readonly Mirror[], ask: Ask<T>, asking: Asking<T>): Promise<T> {
    const found = await askMirrors(candidates, ask, asking);
    if (found?.accepted) {
      onServed?.(found.host);
      return found.answer;
    }
    const answer = await ask(upstream, asking.signal);
    onServed?.(upstream.registry);
    return answer;
  }

  /** The first answer that is accepted, else the first one, undefined when no mirror gives any. */
  async function askMirrors<T>(
    candidates: readonly Mirror[],
    ask: Ask<T>,
    { signal, accept = () => true }: Asking<T>,
  ): Promise<{ readonly host: string; readonly answer: T; readonly accepted: boolean } | undefined> {
    let other: { readonly host: string; readonly answer: T; readonly accepted: false } | undefined;
    for (const { host, repository } of candidates) {
      if (!health.usable(host)) continue;
      try {
        const answer = await briefly(host, { signal }, (inner) => ask(repository, inner));
        health.served(host);
        if (accept(answer)) {
          log.debug('served by a mirror', { mirror: repository.label });
          return { host, answer, accepted: true };
        }
        other ??= { host, answer, accepted: false };
      } catch (error) {
        if (signal?.aborted || !isProvError(error) || isOurs(error)) throw error;
        health.failed(host, error);
        log.debug('a mirror did not serve', { mirror: repository.label, reason: error.message });
      }
    }
    return other;
  }

  /** Bounds the wait for the first answer of a mirror that never gave one. */
  async function briefly<T>(
    host: string,
    { signal, waitMs = FIRST_ANSWER_MS }: { signal: AbortSignal | undefined; waitMs?: number },
    ask: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    if (health.proven(host)) return ask(signal);
    const abort = new AbortController();
    const seconds = waitMs / 1000;
    const timeout = new ProvError('OCI_REMOTE_TIMEOUT', { host, seconds, method: 'GET', path: '/v2/' });
    const timer = setTimeout(() => abort.abort(timeout), waitMs);
    try {
      return await ask(signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the registry itself; mirrors only when it does not answer, and then even "nothing" is an answer. */
  async function upstreamOr<T>(ask: Ask<T>, asking: Asking<T>): Promise<T> {
    const { registry } = upstream;
    const { signal } = asking;
    if (withTags.length === 0) return ask(upstream, signal);
    const key = `${registry} for statuses`;
    let failure: ProvError | undefined;
    if (health.usable(key)) {
      try {
        const waiting = { signal, waitMs: UPSTREAM_ANSWER_MS };
        const answer = await briefly(key, waiting, (inner) => ask(upstream, inner));
        health.served(key);
        onServed?.(registry);
        return answer;
      } catch (error) {
        if (signal?.aborted || !isProvError(error) || isOurs(error)) throw error;
        health.failed(key, error, 'quietly');
        failure = error;
      }
    }
    const found = await askMirrors(withTags, ask, asking);
    if (found === undefined) {
      // It may be slow only.
      if (failure !== undefined && !isProvError(failure, 'OCI_REMOTE_TIMEOUT')) throw failure;
      return ask(upstream, signal);
    }
    const { host, answer } = found;
    onServed?.(host);
    health.once(key, () =>
      log.warn(
        `${registry} cannot be asked whether versions were yanked or revoked; its mirror ${host} answers, which may not know the newest`,
        failure === undefined ? {} : { reason: failure.message },
      ),
    );
    return answer;
  }

  /** The digest says nothing of the media type: that of a mirror has to fit the content. */
  async function manifestOf(
    repository: RemoteRepository,
    reference: string,
    signal: AbortSignal | undefined,
  ): ReturnType<RemoteRepository['fetchManifest']> {
    const found = await repository.fetchManifest(reference, { signal });
    if (repository !== upstream) parseOciManifest(found.bytes, found.descriptor.mediaType);
    return found;
  }

  const firstWithTags = <T>(ask: Ask<T>, asking: Asking<T>) => first(withTags, ask, asking);

  /** Without a type, statuses are among what is asked for. */
  const isFresh = (artifactType: string | undefined) =>
    upstreamFirst.length > 0 && (artifactType === undefined || upstreamFirst.includes(artifactType));

  const withTags = mirrors.filter(({ tags }) => tags);
  const forReference = (reference: string) => (isDigest(reference) ? mirrors : withTags);

  return {
    ...upstream,
    async fetch(descriptor, call: DownloadOptions = {}) {
      const { signal, resume } = call;
      for (const mirror of mirrors) {
        if (!health.usable(mirror.host)) continue;
        try {
          const stream = await briefly(mirror.host, { signal }, (inner) =>
            mirror.repository.fetch(descriptor, { signal: inner }),
          );
          const whole = await spool(stream, descriptor.size, spoolDirectory);
          health.served(mirror.host);
          onServed?.(mirror.host);
          log.debug('served by a mirror', { mirror: mirror.repository.label, digest: descriptor.digest });
          return resume === undefined ? whole : rest(whole, descriptor, resume.digester);
        } catch (error) {
          if (signal?.aborted || !isProvError(error) || isOurs(error)) throw error;
          health.failed(mirror.host, error);
          const reason = error.message;
          log.debug('a mirror did not serve', { mirror: mirror.repository.label, reason });
        }
      }
      const stream = await upstream.fetch(descriptor, call);
      onServed?.(upstream.registry);
      return stream;
    },
    fetchManifest: (reference, { signal } = {}) =>
      first(forReference(reference), (repository, inner) => manifestOf(repository, reference, inner), {
        signal,
      }),
    // A mirror may say anything of content in a header: only what was fetched and looked at is believed.
    resolve: (reference, { signal } = {}) =>
      first(
        forReference(reference),
        async (repository, inner) =>
          repository === upstream || !isDigest(reference)
            ? repository.resolve(reference, { signal: inner })
            : (await manifestOf(repository, reference, inner)).descriptor,
        { signal },
      ),
    list: ({ signal } = {}) =>
      firstWithTags((repository, inner) => repository.list({ signal: inner }), {
        signal,
        accept: (tags) => tags.length > 0,
      }),
    // Caches are known to lose referrers silently: an empty answer of a mirror is none.
    referrers: (subject, artifactType, { signal } = {}) =>
      (isFresh(artifactType) ? upstreamOr : firstWithTags)(
        (repository, inner) => repository.referrers(subject, artifactType, { signal: inner }),
        { signal, accept: (found) => found.length > 0 },
      ),
    inspectReferrers: (subject, artifactType, { signal } = {}) =>
      (isFresh(artifactType) ? upstreamOr : firstWithTags)(
        (repository, inner) => repository.inspectReferrers(subject, artifactType, { signal: inner }),
        { signal, accept: ({ descriptors }) => descriptors.length > 0 },
      ),
  };
}

/** Trouble on this machine, which another host does not mend. */
function isOurs(error: ProvError): boolean {
  return isProvError(error, 'BASE_DISK_FULL') || isProvError(error, 'BASE_FILE_UNWRITABLE');
}

/** What comes after the bytes at hand; those are checked with it. @throws OCI_DIGEST_MISMATCH */
async function* rest(
  whole: AsyncIterable<Uint8Array>,
  { digest }: Descriptor,
  digester: Digester,
): AsyncGenerator<Uint8Array> {
  let skip = digester.bytes;
  let held: Uint8Array | undefined;
  for await (const chunk of whole) {
    const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - fresh.byteLength;
    if (fresh.byteLength === 0) continue;
    digester.update(fresh);
    if (held !== undefined) yield held;
    held = fresh;
  }
  const actual = digester.digest();
  if (actual !== digest)
    throw new ProvError('OCI_DIGEST_MISMATCH', { where: 'what was kept earlier', expected: digest, actual });
  if (held !== undefined) yield held;
}
