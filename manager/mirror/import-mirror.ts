import { type ImportResult, importBundle } from '#mirror';
import { assertTrusted, type TrustPolicy } from '#trust';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { tellVerdict } from '../trust/unverified.js';
import { verifyContent } from '../trust/verify-content.js';

export interface ImportMirrorOptions {
  readonly file: string;
  /** Registry to write to, `host[:port]`. */
  readonly to: string;
  /** Who must have signed each extension; without one, only digests and completeness are checked. */
  readonly policy?: TrustPolicy | undefined;
}

export type ImportMirrorResult = ImportResult & { readonly requests: Readonly<Record<string, number>> };

/** Pushes a bundle to a registry once all of it, signatures included, proved right; tags come last. */
export async function importMirror(
  { file, to, policy }: ImportMirrorOptions,
  context: ManagerContext,
): Promise<ImportMirrorResult> {
  const { signal, onEvent } = context;
  return withRegistries(context, async (connections) => {
    const registry = connections.open(to);
    const report = reportTransfer(context, 'import');
    const result = await importBundle({
      file,
      target: (repository) => registry.repository(repository),
      signal,
      onEvent: (event) => {
        if (event.type === 'content') return report.onCopyEvent(event.event);
        onEvent?.({
          event: `import.${event.type}`,
          message: `importing: ${event.type}`,
          ...('repository' in event ? { repository: event.repository } : {}),
        });
      },
      ...(policy === undefined
        ? {}
        : {
            verify: async ({ store, descriptor, repository, entry }) => {
              const { name, version, kind } = entry;
              const { verdict } = await verifyContent({
                store,
                descriptor,
                repository,
                // As whoever pulls it from there will ask.
                registry: to,
                version,
                kind,
                policy,
                signal,
              });
              assertTrusted(verdict);
              tellVerdict(verdict, { name, version }, context);
            },
          }),
    });
    return { ...result, requests: { ...connections.requests } };
  });
}
