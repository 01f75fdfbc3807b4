import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listArchive, readExtension, unpackLayer } from '#oci';
import type { FileReference, RemoteReference } from '#schemas';
import { assertAsked, openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import type { PackageSource } from './package-source.js';

/**
 * Runs `action` with the directory of an extension, wherever it comes from: what is packed is unpacked into a
 * temporary directory, checked like a pull, and gone afterwards.
 * @throws OCI_UNPACK_REFUSED, OCI_DIGEST_MISMATCH and what reading the reference throws
 */
export async function withExtensionTree<T>(
  source: PackageSource,
  context: ManagerContext,
  action: (dir: string) => Promise<T>,
): Promise<T> {
  if (source.type === 'directory') return action(source.path);
  const parent = await mkdtemp(join(tmpdir(), 'prov-unpack-'));
  try {
    const destination = join(parent, 'extension');
    if (source.type === 'archive') await unpackArchive(source.path, destination, context);
    else await unpackReference(source, destination, context);
    return await action(destination);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function unpackArchive(path: string, destination: string, { signal }: ManagerContext): Promise<void> {
  const { title } = await listArchive(createReadStream(path), { signal });
  await unpackLayer(createReadStream(path), { destination, title, signal });
}

async function unpackReference(
  source: FileReference | RemoteReference,
  destination: string,
  context: ManagerContext,
): Promise<void> {
  const { signal, provVersion } = context;
  await withRegistries(context, async (registries) => {
    const location = await openLocation(source, registries, { signal: context.signal });
    try {
      const root = await location.store.resolve(location.target, { signal });
      const { config, layer } = await readExtension(location.store, root, { provVersion, signal });
      assertAsked(config, location);
      await unpackLayer(await location.store.fetch(layer, { signal }), {
        destination,
        title: config.name,
        descriptor: layer,
        signal,
      });
    } finally {
      await location.close();
    }
  });
}
