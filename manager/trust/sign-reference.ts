import { fetchBytes, readExtension } from '#oci';
import type { RemoteReference, SignatureForm } from '#schemas';
import { versionToTag } from '#schemas';
import type { Signer } from '#trust';
import { assertAsked, openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { attachSignature } from './attach-signature.js';
import { signatureForm } from './signature-form.js';

export interface SignReferenceResult {
  readonly reference: string;
  readonly digest: string;
  readonly keyId: string;
  readonly form: SignatureForm;
  readonly added: boolean;
}

/**
 * Adds a signature to an extension that is on a registry. A tag is resolved once: what is read, signed and told is
 * that one manifest, wherever the tag points afterwards.
 * @throws MANAGER_CONTENT_MISNAMED when something else is under the tag than it says
 */
export async function signReference(
  options: {
    readonly reference: RemoteReference;
    readonly signer: Signer;
    readonly form?: SignatureForm | undefined;
  },
  context: ManagerContext,
): Promise<SignReferenceResult> {
  const { reference, signer } = options;
  const { signal } = context;
  return withRegistries(context, async (registries) => {
    const location = await openLocation(reference, registries, { signal: context.signal });
    const store = registries.open(reference.registry).repository(reference.repository);
    const descriptor = await store.resolve(location.target, { signal });
    const extension = await readExtension(store, descriptor, { provVersion: context.provVersion, signal });
    assertAsked(extension.config, location);
    const { version, type: kind } = extension.config;
    const tagged = `${reference.registry}/${reference.repository}:${versionToTag(version)}`;
    const outcome = await attachSignature(store, {
      manifest: { descriptor, bytes: await fetchBytes(store, descriptor, { signal }) },
      config: await fetchBytes(store, extension.manifest.config, { signal }),
      repository: reference.repository,
      version,
      kind,
      dockerReference: tagged,
      signer,
      form: await signatureForm(reference.registry, options.form, context),
      shared: true,
      signal,
    });
    return { reference: `${tagged}@${descriptor.digest}`, digest: descriptor.digest, ...outcome };
  });
}
