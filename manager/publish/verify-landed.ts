import { ProvError } from '#base';
import type { RemoteRepository } from '#oci';
import { type PublicKey, policyForKeys, type Verdict } from '#trust';
import { openRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { verifyContent } from '../trust/verify-content.js';
import type { PushedContent } from './push-extension.js';

export interface LandedOptions {
  readonly registry: string;
  readonly content: PushedContent;
  readonly version: string;
  /** Whose signature a reader must find. */
  readonly signedBy?: PublicKey | undefined;
}

export interface Landed {
  /** Bytes that were read back and had the right digest. */
  readonly bytes: number;
  readonly blobs: number;
  readonly signer?: string;
}

/**
 * Reads back what was pushed, with a client that knows nothing of the push: the tag leads to the digest, the
 * manifest and every blob are there byte by byte, and the signature is accepted as a reader would.
 * @throws MANAGER_LANDED_WRONG
 */
export async function verifyLanded(
  { registry, content, version, signedBy }: LandedOptions,
  context: ManagerContext,
): Promise<Landed> {
  const { signal } = context;
  const { repository, tag, descriptor, blobs } = content;
  const registries = await openRegistries(context);
  const reference = `${registry}/${repository}:${tag}`;
  const wrong = (reason: string, cause?: unknown) =>
    new ProvError('MANAGER_LANDED_WRONG', { reference, reason }, { cause });
  try {
    const store = registries.open(registry).repository(repository);
    const found = await store.fetchManifest(tag, { signal });
    if (found.descriptor.digest !== descriptor.digest)
      throw wrong(`the tag leads to ${found.descriptor.digest} and not to ${descriptor.digest}`);
    let bytes = found.bytes.byteLength;
    for (const blob of blobs) {
      context.onEvent?.({ event: 'verify', message: `reading back ${blob.digest}`, digest: blob.digest });
      bytes += await readBack(store, blob, signal);
    }
    const result = { bytes, blobs: blobs.length };
    if (signedBy === undefined) return result;
    const { verdict } = await verifyContent({
      store,
      descriptor: found.descriptor,
      repository,
      registry,
      version,
      policy: policyForKeys([signedBy]),
      signal,
    });
    if (!verdict.verified) throw wrong(`no reader would accept its signature: ${verdict.explanation}`);
    return { ...result, ...signerOf(verdict) };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const content = [
      'OCI_DIGEST_MISMATCH',
      'OCI_SIZE_MISMATCH',
      'OCI_CONTENT_MISSING',
      'OCI_REFERENCE_NOT_FOUND',
    ];
    if (error instanceof ProvError && content.includes(error.code)) throw wrong(error.message, error);
    throw error;
  } finally {
    registries.close();
  }
}

async function readBack(
  store: RemoteRepository,
  blob: PushedContent['blobs'][number],
  signal: AbortSignal | undefined,
): Promise<number> {
  let size = 0;
  for await (const chunk of await store.fetch({ ...blob, data: undefined }, { signal }))
    size += chunk.byteLength;
  return size;
}

function signerOf({ signer }: Verdict): { signer?: string } {
  return signer === undefined ? {} : { signer: signer.identity };
}
