import { existsSync } from 'node:fs';
import { ProvError } from '#base';
import {
  type ContentStore,
  createLayoutTarWriter,
  type LayoutNaming,
  type MountingStore,
  openOciLayout,
  type TaggingStore,
  unwrittenStore,
} from '#oci';
import type { FileReference, RemoteReference } from '#schemas';
import type { Registries } from '../access/registries.js';
import { isTarPath } from '../access/tar-path.js';
import type { ManagerContext } from '../context.js';
import type { TransferReport } from '../transfer/report-transfer.js';

/** A place that content is written to. */
export interface CopyTarget {
  readonly form: 'registry' | 'layout' | 'tar';
  repository(name: string): ContentStore & Partial<MountingStore & TaggingStore>;
  /** Ends the writing: a tar appears only now, and what a directory got is durable. Not called after a failure. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export interface CopyTargetOptions {
  readonly registries: Registries;
  readonly naming?: LayoutNaming | undefined;
  /** Replace a tar that is there. */
  readonly force?: boolean | undefined;
  readonly report?: TransferReport | undefined;
}

/**
 * Opens a registry, a layout directory or a new tar of a layout (`bundle:FILE` or a path that ends in `.tar`).
 * @throws MANAGER_OUTPUT_EXISTS for a tar that is there
 */
export async function openCopyTarget(
  to: RemoteReference | FileReference,
  options: CopyTargetOptions,
  { signal, rehearsal }: Pick<ManagerContext, 'signal' | 'rehearsal'>,
): Promise<CopyTarget> {
  const { naming, report } = options;
  const dryRun = rehearsal !== undefined;
  if (to.type === 'remote') {
    const registry = options.registries.open(to.registry);
    return {
      form: 'registry',
      repository: (name) => registry.repository(name),
      finish: async () => {},
      close: async () => {},
    };
  }
  if (isTarPath(to)) {
    if (existsSync(to.path) && !options.force)
      throw new ProvError('MANAGER_OUTPUT_EXISTS', { path: to.path });
    const writer = createLayoutTarWriter(to.path, { naming });
    return {
      form: 'tar',
      repository: (name) => writer.repository(name),
      async finish() {
        if (dryRun) return;
        await writer.finish({
          signal,
          onProgress: (descriptor, progress) => report?.progress(descriptor)(progress),
          onWritten: (descriptor) => report?.finished(descriptor, 'copied'),
        });
      },
      close: async () => {},
    };
  }
  if (dryRun && !existsSync(to.path)) {
    const writer = createLayoutTarWriter(to.path, { naming });
    return {
      form: 'layout',
      repository: (name) => writer.repository(name),
      finish: async () => {},
      close: async () => {},
    };
  }
  const layout = await openOciLayout(to.path, { create: !dryRun, naming, grouped: !dryRun });
  const repositories = new Map<string, ContentStore>();
  return {
    form: 'layout',
    repository(name) {
      const store = layout.repository(name);
      if (!dryRun) return store;
      const known = repositories.get(name) ?? unwrittenStore(store);
      repositories.set(name, known);
      return known;
    },
    finish: () => layout.flush(),
    close: () => layout.close(),
  };
}
