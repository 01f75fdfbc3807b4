import type { ByteProgress, CallOptions, CopyEvent } from '#oci';
import { ANNOTATION, type Descriptor } from '#schemas';
import type { ManagerContext } from '../context.js';

/** What moves bytes. */
export type TransferOperation = 'push' | 'pull' | 'copy' | 'export' | 'import' | 'install';

/** What became of one piece of content. */
export type TransferOutcome = 'copied' | 'skipped' | 'mounted' | 'cached';

/** Tells the world how a transfer goes: the events `transfer.*` of docs/spec/events.md. */
export interface TransferReport {
  /** May be called again as more is found: numbers are added up by whoever listens. */
  plan(items: number, bytes: number): void;
  /** A listener for the bytes of one piece of content. */
  progress(descriptor: Descriptor): NonNullable<CallOptions['onProgress']>;
  finished(descriptor: Descriptor, outcome: TransferOutcome): void;
  /** For `copyGraph` and `pushPacked`. */
  readonly onCopyEvent: (event: CopyEvent) => void;
}

/** Events of one piece of content are at least this far apart; its first and last bytes are always told. */
const INTERVAL_MS = 100;

export function reportTransfer(
  { onEvent }: Pick<ManagerContext, 'onEvent'>,
  operation: TransferOperation,
): TransferReport {
  const told = new Map<string, number>();
  const about = ({ digest, size, ...descriptor }: Descriptor) => {
    const name = nameOf(descriptor);
    return { operation, digest, ...(name === undefined ? {} : { name }), size };
  };
  const tell = (descriptor: Descriptor, { done, resumed }: ByteProgress) => {
    const now = performance.now();
    const last = told.get(descriptor.digest);
    if (last !== undefined && now - last < INTERVAL_MS && done < descriptor.size) return;
    told.set(descriptor.digest, now);
    onEvent?.({ event: 'transfer.progress', ...about(descriptor), done, resumed });
  };
  const report: TransferReport = {
    plan: (items, bytes) => onEvent?.({ event: 'transfer.plan', operation, items, bytes }),
    progress: (descriptor) => (progress) => tell(descriptor, progress),
    finished(descriptor, outcome) {
      told.delete(descriptor.digest);
      onEvent?.({ event: 'transfer.item', ...about(descriptor), outcome });
    },
    onCopyEvent(event) {
      if (event.type === 'planned') report.plan(event.manifests + event.blobs, event.bytes);
      else if (event.type === 'progress') tell(event.descriptor, event.progress);
      else if (event.type === 'tagged')
        onEvent?.({ event: 'transfer.tag', operation, tag: event.tag, digest: event.descriptor.digest });
      else report.finished(event.descriptor, event.type);
    },
  };
  return report;
}

function nameOf({ annotations, artifactType }: Pick<Descriptor, 'annotations' | 'artifactType'>) {
  return annotations?.[ANNOTATION.title] ?? annotations?.[ANNOTATION.asset] ?? artifactType;
}
