import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProvError } from '#base';
import { fetchBytes } from '#oci';
import { type Asset, parseOciManifest, parseReference } from '#schemas';
import { openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';

/** Downloads the layer with the asset's sha256 out of the artifact that `oci://…` names. */
export async function downloadOci(asset: Asset, staging: string, context: ManagerContext): Promise<string> {
  const reference = parseReference(asset.source);
  const fail = (reason: string) =>
    new ProvError('MANAGER_ASSET_UNAVAILABLE', { asset: asset.name, source: asset.source, reason });
  if (reference.type !== 'remote') throw fail('it is not a reference to a registry');
  return withRegistries(context, async (registries) => {
    const { store, target } = await openLocation(reference, registries, {
      role: 'foreign',
    });
    const descriptor = await store.resolve(target, { signal: context.signal });
    const parsed = parseOciManifest(
      await fetchBytes(store, descriptor, { signal: context.signal }),
      descriptor.mediaType,
    );
    const layer =
      parsed.kind === 'manifest'
        ? parsed.manifest.layers.find(({ digest }) => digest === `sha256:${asset.sha256}`)
        : undefined;
    if (layer === undefined) throw fail('no layer of it has the promised sha256');
    const path = join(staging, asset.name);
    await pipeline(
      Readable.from(await store.fetch(layer, { signal: context.signal })),
      createWriteStream(path, { flags: 'wx' }),
      { signal: context.signal },
    );
    return path;
  });
}
