import { ProvError } from '#base';
import { copyGraph, readExtension } from '#oci';
import { type FileReference, formatReference, isRepository, versionToTag } from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import type { PushResult } from '../publish/push-extension.js';
import { rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';

export interface PushStoredOptions {
  readonly from: FileReference;
  readonly registry: string;
  readonly namespace: string;
  readonly dryRun?: boolean | undefined;
  /** Name and version the caller expects. */
  readonly expect?: { readonly name?: string | undefined; readonly version?: string | undefined } | undefined;
}

/**
 * Pushes an extension that is packed already, out of an OCI layout, with all that is attached to it. Where it
 * goes is decided by its manifest: `registry/namespace/name:version`.
 * @throws MANAGER_VERSION_DISAGREES, OCI_TAG_CONFLICT, OCI_ARTIFACT_NOT_EXTENSION
 */
export async function pushStored(options: PushStoredOptions, context: ManagerContext): Promise<PushResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => push(real, within)) : push(real, context);
}

async function push(options: PushStoredOptions, context: ManagerContext): Promise<PushResult> {
  const { signal, provVersion, rehearsal } = context;
  return withRegistries(context, async (registries) => {
    const location = await openLocation(options.from, registries, { signal: context.signal });
    try {
      const root = await location.store.resolve(location.target, { signal });
      const { config, manifest } = await readExtension(location.store, root, { provVersion, signal });
      assertExpected(config, options.expect);
      const repository = options.namespace === '' ? config.name : `${options.namespace}/${config.name}`;
      if (!isRepository(repository))
        throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
          value: repository,
          reason: 'it is not a repository name',
        });
      const tag = versionToTag(config.version);
      const target = registries.open(options.registry).repository(repository);
      const copied = await copyGraph(location.store, target, [root], {
        tags: new Map([[root.digest, [tag]]]),
        signal,
        onEvent: reportTransfer(context, 'push').onCopyEvent,
      });
      const reference = { type: 'remote', registry: options.registry, repository, tag } as const;
      return {
        reference: formatReference({ ...reference, digest: root.digest }),
        digest: root.digest,
        kind: config.type,
        name: config.name,
        version: config.version,
        size: manifest.layers.reduce((sum, { size }) => sum + size, root.size + manifest.config.size),
        pushed: rehearsal === undefined && (copied.copied > 0 || copied.tagged.length > 0),
        tagged: [],
        requests: { ...registries.requests },
      };
    } finally {
      await location.close();
    }
  });
}

function assertExpected(
  config: { readonly name: string; readonly version: string },
  expect: PushStoredOptions['expect'],
): void {
  for (const what of ['name', 'version'] as const) {
    const given = expect?.[what];
    if (given !== undefined && given !== config[what])
      throw new ProvError('MANAGER_VERSION_DISAGREES', { what, given, manifest: config[what] });
  }
}
