import { filePieces, isProvError } from '#base';
import type { Descriptor } from '#schemas';
import type { ManagerContext } from '../context.js';
import type { TransferReport } from '../transfer/report-transfer.js';
import type { PullSource } from './open-source.js';

export interface FetchLayerOptions {
  readonly report: TransferReport;
  readonly signal: ManagerContext['signal'];
}

/**
 * Runs `use` with the bytes of a layer, which `use` has to verify. They come over the network once, into the
 * cache, where a broken or killed transfer goes on; what was damaged there is fetched again.
 */
export async function fetchLayer<T>(
  source: PullSource,
  layer: Descriptor,
  { report, signal }: FetchLayerOptions,
  use: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { cache, store } = source;
  const onProgress = report.progress(layer);
  if (cache === undefined) {
    const result = await use(await store.fetch(layer, { signal }));
    report.finished(layer, 'copied');
    return result;
  }
  const had = cache.locate(layer);
  if (had === undefined) await cache.fill(layer, store, { signal, onProgress });
  try {
    const path = had ?? cache.locate(layer);
    const result = await use(path === undefined ? await store.fetch(layer, { signal }) : filePieces(path));
    report.finished(layer, had === undefined ? 'copied' : 'cached');
    return result;
  } catch (error) {
    const damaged = isProvError(error, 'OCI_DIGEST_MISMATCH') || isProvError(error, 'OCI_SIZE_MISMATCH');
    if (had === undefined || !damaged) throw error;
    await cache.remove(layer.digest);
    return fetchLayer(source, layer, { report, signal }, use);
  }
}
