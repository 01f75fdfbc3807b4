import { ProvError } from '#base';
import type { ExtensionManifest, Kind, Lock } from '#schemas';
import { type ConfigOrigin, formatOrigin } from './config-node.js';
import type { Infra } from './load-infra.js';
import type { ModuleCandidates } from './module-directories.js';

/** What one server says about one extension. */
export interface Placement {
  readonly kind: Kind;
  readonly name: string;
  readonly server: string;
  /** What `settings.yaml` says for this server only. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** Keys of the entry in `settings.yaml`. */
  readonly path: readonly (string | number)[];
  /** The cluster that brings it as a component, and what its manifest says about it. */
  readonly cluster?: {
    readonly name: string;
    readonly config: Readonly<Record<string, unknown>> | undefined;
    readonly file: string;
  };
}

/** The extensions that `settings.yaml` names, in its order; providers first for each server. */
export function readPlacements(infra: Infra): readonly Placement[] {
  return infra.settings.servers.flatMap((server, index) => {
    const at = ['servers', index];
    const provider: Placement = {
      kind: 'provider',
      name: server.provider ?? infra.settings.provider,
      server: server.name,
      config: undefined,
      path: server.provider === undefined ? ['provider'] : [...at, 'provider'],
    };
    const placed = (kind: Kind, key: 'taskservs' | 'clusters') =>
      (server[key] ?? []).map((each, i): Placement => {
        const config = 'config' in each ? each.config : undefined;
        return { kind, name: each.name, server: server.name, config, path: [...at, key, i] };
      });
    return [provider, ...placed('taskserv', 'taskservs'), ...placed('cluster', 'clusters')];
  });
}

/** @throws WORKSPACE_MODULE_UNKNOWN with the place in `settings.yaml`. */
export function assertKnown(
  placements: readonly Placement[],
  candidates: ModuleCandidates,
  infra: Infra,
): void {
  for (const { kind, name, path } of placements) {
    if (candidates.has(`${kind}/${name}`)) continue;
    const origin: ConfigOrigin = infra.originOf(path);
    throw new ProvError('WORKSPACE_MODULE_UNKNOWN', { place: formatOrigin(origin), kind, name });
  }
}

/** Keys of the extensions that this one needs and that are there: dependencies, optional ones, components. */
export function neededBy(
  manifest: ExtensionManifest,
  candidates: ModuleCandidates,
  lock: Lock,
): readonly string[] {
  const dependencies = Object.entries({ ...manifest.optional_dependencies, ...manifest.dependencies });
  const wanted = [
    ...dependencies.map(([name, dependency]) => ({
      name,
      kind: 'kind' in dependency ? dependency.kind : undefined,
    })),
    ...(manifest.components ?? []).map(({ name }) => ({ name, kind: undefined })),
  ];
  return wanted.flatMap(({ name, kind }) => {
    // A provider is chosen by its id: `registry:namespace/name`, with `#alias` where it has one.
    const chosen = (lock.capabilities?.[name] ?? name).replace(/^.*[/:#]/, '');
    return [...candidates.keys()].filter(
      (key) => key.endsWith(`/${chosen}`) && (kind === undefined || key.startsWith(`${kind}/`)),
    );
  });
}
