import { ProvError } from '#base';
import { type RemoteRepository, readExtension } from '#oci';
import type { PackageContent, SolvedPackage } from '#resolver';
import { ANNOTATION, type Descriptor, MEDIA } from '#schemas';
import { assertTrusted, type TrustPolicy } from '#trust';
import type { ManagerContext } from '../context.js';
import { verifyContent } from '../trust/verify-content.js';

export interface ReadContentRequest {
  readonly solved: SolvedPackage;
  readonly repository: RemoteRepository;
  readonly policy: TrustPolicy;
}

/**
 * What the lock has to say of a chosen version: its content as it is on the registry now, and who signed
 * it. The manifest must be the very one whose facts were resolved.
 * @throws TRUST_REFUSED, MANAGER_LOCK_CONTENT_CHANGED
 */
export async function readContent(
  { solved, repository, policy }: ReadContentRequest,
  context: ManagerContext,
): Promise<PackageContent> {
  const { signal } = context;
  const { name, version, kind, facts } = solved;
  const descriptor = await repository.resolve(facts.digest ?? version.replaceAll('+', '_'), { signal });
  if (facts.digest !== undefined && descriptor.digest !== facts.digest) {
    throw new ProvError('MANAGER_LOCK_CONTENT_CHANGED', {
      name,
      version,
      actual: descriptor.digest,
      expected: facts.digest,
    });
  }
  const extension = await readExtension(repository, descriptor, { provVersion: context.provVersion, signal });
  const { verdict, signatures, manifest } = await verifyContent({
    store: repository,
    descriptor,
    repository: solved.repository,
    registry: repository.registry,
    version,
    kind,
    policy,
    signal,
  });
  assertTrusted(verdict);
  if (!verdict.verified)
    context.onEvent?.({
      event: 'warning',
      message: `${name} ${version}: ${verdict.explanation}`,
      name,
      version,
    });
  const vendored = manifest.annotations?.[ANNOTATION.vendored];
  const bundles = signatures.bundles.map((bundle) => bundle.manifest.digest).sort();
  return {
    manifest: plain(descriptor),
    config: plain(manifest.config),
    layers: manifest.layers.map((layer) => ({
      ...plain(layer),
      ...(layer.digest === extension.layer.digest && extension.treeDigest !== undefined
        ? { tar: extension.treeDigest }
        : {}),
      ...(layer.mediaType === MEDIA.asset && layer.annotations?.[ANNOTATION.asset] !== undefined
        ? { asset: layer.annotations[ANNOTATION.asset] }
        : {}),
      ...(layer.annotations?.[ANNOTATION.platform] === undefined
        ? {}
        : { platform: layer.annotations[ANNOTATION.platform] }),
    })),
    ...(vendored === undefined || vendored === '' ? {} : { vendored: vendored.split(',') }),
    ...(bundles.length === 0 && !signatures.legacyManifest
      ? {}
      : {
          signatures: {
            ...(bundles.length === 0 ? {} : { bundles }),
            ...(signatures.legacyManifest ? { legacy: signatures.legacyManifest.digest } : {}),
          },
        }),
    ...(verdict.signer === undefined
      ? {}
      : { signer: { identity: verdict.signer.identity, rule: verdict.rule ?? 'default' } }),
  };
}

function plain({ mediaType, digest, size }: Descriptor) {
  return { mediaType, digest, size };
}
