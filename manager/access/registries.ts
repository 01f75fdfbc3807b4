import { join } from 'node:path';
import { provHome } from '#base';
import { createRemoteRegistry, type RemoteRegistry, type RequestEvent } from '#oci';
import type { ManagerContext } from '../context.js';

/** The registries that one use case talks to: one client each, closed together. */
export class Registries {
  readonly #clients = new Map<string, RemoteRegistry>();
  readonly #context: ManagerContext;
  /** Requests made so far by HTTP method. */
  readonly requests: Record<string, number> = {};

  constructor(context: ManagerContext) {
    this.#context = context;
  }

  /** `plainHttp` is what a configuration says of this registry; flags win over it. */
  open(registry: string, { plainHttp }: { readonly plainHttp?: boolean } = {}): RemoteRegistry {
    const known = this.#clients.get(registry);
    if (known) return known;
    const { transport, env, provVersion } = this.#context;
    const client = createRemoteRegistry({
      registry,
      plainHttp: transport?.plainHttp ?? plainHttp,
      insecure: transport?.insecure,
      caFile: transport?.caFile,
      env,
      userAgent: `prov/${provVersion}`,
      uploadJournalDir: join(provHome(env), 'uploads'),
      onRequest: (event: RequestEvent) => {
        this.requests[event.method] = (this.requests[event.method] ?? 0) + 1;
      },
    });
    this.#clients.set(registry, client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

/** Runs `action` with registries that are closed afterwards, whatever happens. */
export async function withRegistries<T>(
  context: ManagerContext,
  action: (registries: Registries) => Promise<T>,
): Promise<T> {
  const registries = new Registries(context);
  try {
    return await action(registries);
  } finally {
    registries.close();
  }
}
