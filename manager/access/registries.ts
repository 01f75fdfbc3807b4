import { join } from 'node:path';
import { ProvError, provHome } from '#base';
import {
  type CredentialSource,
  createRemoteRegistry,
  MirrorHealth,
  mirroredRepository,
  type RemoteRegistry,
  type RemoteRepository,
  type RequestEvent,
} from '#oci';
import { MEDIA } from '#schemas';
import type { NetworkSettings } from '#workspace';
import type { ManagerContext } from '../context.js';
import { connectionSettings, type HostRole, hostOptions } from './connection-settings.js';
import { fileMirrorOutages } from './mirror-outages.js';
import { mirrorsFor } from './mirrors.js';

export interface OpenRegistryOptions {
  /** What a configuration says of this registry; flags win over it. */
  readonly plainHttp?: boolean;
  /** Default `registry`. */
  readonly role?: HostRole;
  /** Instead of those that the surroundings hold. */
  readonly credentials?: CredentialSource;
  /** The registry that this one mirrors. */
  readonly mirrorOf?: string;
}

/** The registries that one use case talks to: one client each, closed together. */
export class Registries {
  readonly #clients: Map<string, RemoteRegistry>;
  readonly #context: ManagerContext;
  readonly #settings: NetworkSettings;
  /** Requests made so far by HTTP method. */
  readonly requests: Record<string, number>;
  /** Answers so far by the host that gave them, where there is a choice of mirrors. */
  readonly served: Record<string, number>;
  readonly #health: MirrorHealth;
  readonly #lent: boolean;

  constructor(context: ManagerContext, settings: NetworkSettings, lender?: Registries) {
    this.#context = context;
    this.#settings = settings;
    this.#clients = lender === undefined ? new Map() : lender.#clients;
    this.#health = lender === undefined ? new MirrorHealth(fileMirrorOutages(context.env)) : lender.#health;
    this.requests = lender?.requests ?? {};
    this.served = lender?.served ?? {};
    this.#lent = lender !== undefined;
  }

  /** The same connections for a part of the work, whose end leaves them open. Requests are counted together. */
  lent(): Registries {
    return new Registries(this.#context, this.#settings, this);
  }

  open(
    registry: string,
    { plainHttp, role = 'registry', credentials, mirrorOf }: OpenRegistryOptions = {},
  ): RemoteRegistry {
    const key = `${role} ${registry} ${mirrorOf ?? ''}`;
    const known = this.#clients.get(key);
    if (known) return known;
    if (this.#context.offline) throw new ProvError('MANAGER_OFFLINE', { registry });
    const { transport = {}, env, provVersion } = this.#context;
    const options = hostOptions(registry, { settings: this.#settings, flags: transport, role, env });
    const client = createRemoteRegistry({
      ...options,
      registry,
      plainHttp: options.plainHttp ?? plainHttp,
      credentials: credentials ?? options.credentials,
      mirrorOf,
      userAgent: `prov/${provVersion}`,
      rehearsal: this.#context.rehearsal,
      ...(this.#context.rehearsal === undefined ? { uploadJournalDir: join(provHome(env), 'uploads') } : {}),
      onRequest: (event: RequestEvent) => {
        const sent = event.method === 'GET' || event.method === 'HEAD';
        if (this.#context.rehearsal !== undefined && !sent) return;
        this.requests[event.method] = (this.requests[event.method] ?? 0) + 1;
      },
    });
    this.#clients.set(key, client);
    return client;
  }

  /**
   * A repository for reading: from its mirrors first where there are any. Never for writing to a registry,
   * nor for deciding what has to be written.
   */
  reader(registry: string, repository: string, options: OpenRegistryOptions = {}): RemoteRepository {
    const upstream = this.open(registry, options).repository(repository);
    const { transport = {}, env } = this.#context;
    if (options.role !== undefined && options.role !== 'registry') return upstream;
    const choices = mirrorsFor(registry, repository, this.#settings, transport);
    if (choices.length === 0) return upstream;
    return mirroredRepository({
      upstream,
      mirrors: choices.map((choice) => ({
        host: choice.registry,
        tags: choice.tags,
        repository: this.open(choice.registry, { role: 'mirror', mirrorOf: registry }).repository(
          choice.repository,
        ),
      })),
      health: this.#health,
      upstreamFirst: [MEDIA.status],
      spoolDirectory: join(provHome(env), 'spool'),
      onServed: (host) => {
        this.served[host] = (this.served[host] ?? 0) + 1;
      },
    });
  }

  close(): void {
    if (this.#lent) return;
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

/** Registries that the caller closes; those of one of many use cases stay open for the others. */
export async function openRegistries(context: ManagerContext): Promise<Registries> {
  return context.registries?.lent() ?? new Registries(context, await connectionSettings(context));
}

/** Runs `action` with registries that are closed afterwards, whatever happens. */
export async function withRegistries<T>(
  context: ManagerContext,
  action: (registries: Registries) => Promise<T>,
): Promise<T> {
  const registries = await openRegistries(context);
  try {
    return await action(registries);
  } finally {
    registries.close();
  }
}
