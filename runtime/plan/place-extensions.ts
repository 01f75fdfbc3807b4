import { ProvError } from '#base';
import type { Kind } from '#schemas';
import { dependencyEdges } from './dependency-edges.js';
import type {
  DependencyEdge,
  DeploymentInput,
  DeploymentModule,
  ServerPlacement,
} from './deployment-input.js';
import { mergeConfig } from './merge-config.js';

/** One extension on one server. */
export interface Instance {
  /** `server/name`, or `server/cluster/name`. */
  readonly id: string;
  readonly server: ServerPlacement;
  readonly module: DeploymentModule;
  readonly config: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly dependencies: readonly InstanceDependency[];
}

export interface InstanceDependency {
  readonly instance: string;
  /** Names under which the script sees the other's outputs. */
  readonly names: readonly string[];
  readonly waitForHealth: boolean;
}

interface Draft {
  readonly id: string;
  readonly server: ServerPlacement;
  readonly module: DeploymentModule;
  config: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

export function instanceId(server: string, kind: Kind, name: string): string {
  return kind === 'cluster' ? `${server}/cluster/${name}` : `${server}/${name}`;
}

/**
 * Decides which extension is on which server: what the infra lists, the components of clusters, and
 * dependencies that nobody placed (those go beside whoever needs them). Sorted by id.
 * @throws RUNTIME_MODULE_MISSING when a placed or required extension is not loaded.
 */
export function placeExtensions(input: DeploymentInput): readonly Instance[] {
  const edges = input.edges ?? dependencyEdges(input.modules);
  const drafts = new Map<string, Draft>();
  for (const server of input.infra.servers) {
    for (const placed of server.clusters ?? []) {
      const cluster = moduleOf(input, 'cluster', placed.name, `server ${server.name}`);
      for (const component of cluster.manifest.components ?? []) {
        const module = moduleOf(input, 'taskserv', component.name, `cluster ${cluster.name}`);
        add(drafts, server, module, {
          config: 'config' in component ? component.config : undefined,
          reason: `component of cluster ${cluster.name}`,
        });
      }
      add(drafts, server, cluster, { config: placed.config, reason: 'placed' });
    }
    for (const placed of server.taskservs ?? []) {
      const module = moduleOf(input, 'taskserv', placed.name, `server ${server.name}`);
      add(drafts, server, module, { config: placed.config, reason: 'placed' });
    }
  }
  placeDependencies(input, edges, drafts);
  return [...drafts.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((draft) => ({ ...draft, dependencies: dependenciesOf(draft, edges, drafts) }));
}

/** The loaded extension. @throws RUNTIME_MODULE_MISSING */
export function moduleOf(
  input: DeploymentInput,
  kind: Kind,
  name: string,
  neededBy: string,
): DeploymentModule {
  const module = input.modules.find((each) => each.kind === kind && each.name === name);
  if (module === undefined) throw new ProvError('RUNTIME_MODULE_MISSING', { kind, name, neededBy });
  return module;
}

function add(
  drafts: Map<string, Draft>,
  server: ServerPlacement,
  module: DeploymentModule,
  place: { config?: Readonly<Record<string, unknown>> | undefined; reason: string },
): void {
  const id = instanceId(server.name, module.kind, module.name);
  const known = drafts.get(id);
  if (known !== undefined) {
    known.config = mergeConfig(known.config, place.config ?? {});
    return;
  }
  drafts.set(id, {
    id,
    server,
    module,
    config: mergeConfig(module.config, place.config ?? {}),
    reason: place.reason,
  });
}

function placeDependencies(
  input: DeploymentInput,
  edges: readonly DependencyEdge[],
  drafts: Map<string, Draft>,
): void {
  const queue = [...drafts.values()];
  for (let draft = queue.shift(); draft !== undefined; draft = queue.shift()) {
    for (const edge of edgesFrom(edges, draft.module)) {
      if (edge.to.kind !== 'taskserv' && edge.to.kind !== 'cluster') continue;
      if (hosts(edge, drafts).length > 0) continue;
      const neededBy = `${draft.module.kind} ${draft.module.name}`;
      const module = moduleOf(input, edge.to.kind, edge.to.name, neededBy);
      add(drafts, draft.server, module, { reason: `required by ${neededBy}` });
      queue.push(drafts.get(instanceId(draft.server.name, module.kind, module.name))!);
    }
  }
}

/** Where the other end of an edge is: on the same server if it is there at all, else wherever it is. */
function dependenciesOf(
  draft: Draft,
  edges: readonly DependencyEdge[],
  drafts: Map<string, Draft>,
): readonly InstanceDependency[] {
  const found = edgesFrom(edges, draft.module).flatMap((edge) => {
    const here = drafts.get(instanceId(draft.server.name, edge.to.kind, edge.to.name));
    const places = here === undefined ? hosts(edge, drafts) : [here];
    const names = edge.capability === undefined ? [edge.to.name] : [edge.to.name, edge.capability];
    return places.map((place) => ({ instance: place.id, names, waitForHealth: edge.waitForHealth ?? false }));
  });
  for (const component of draft.module.kind === 'cluster' ? (draft.module.manifest.components ?? []) : []) {
    const instance = instanceId(draft.server.name, 'taskserv', component.name);
    found.push({ instance, names: [component.name], waitForHealth: true });
  }
  return mergeByInstance(found);
}

function mergeByInstance(found: readonly InstanceDependency[]): readonly InstanceDependency[] {
  const merged = new Map<string, InstanceDependency>();
  for (const each of found) {
    const known = merged.get(each.instance);
    merged.set(each.instance, {
      instance: each.instance,
      names: [...new Set([...(known?.names ?? []), ...each.names])].sort(),
      waitForHealth: each.waitForHealth || (known?.waitForHealth ?? false),
    });
  }
  return [...merged.values()].sort((a, b) => (a.instance < b.instance ? -1 : 1));
}

function edgesFrom(edges: readonly DependencyEdge[], module: DeploymentModule): readonly DependencyEdge[] {
  return edges.filter((edge) => edge.from.kind === module.kind && edge.from.name === module.name);
}

function hosts(edge: DependencyEdge, drafts: Map<string, Draft>): readonly Draft[] {
  return [...drafts.values()].filter(
    (each) => each.module.kind === edge.to.kind && each.module.name === edge.to.name,
  );
}
