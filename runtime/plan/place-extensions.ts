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
  const edges = input.edges ?? dependencyEdges(input.modules, input.capabilities);
  const drafts = new Map<string, Draft>();
  for (const server of input.infra.servers) {
    for (const placed of server.clusters ?? []) {
      const cluster = moduleOf(input, 'cluster', placed.name, `server ${server.name}`);
      placeCluster(input, drafts, { server, cluster, config: placed.config, reason: 'placed' });
    }
    for (const placed of server.taskservs ?? []) {
      const module = moduleOf(input, 'taskserv', placed.name, `server ${server.name}`);
      add(drafts, server, module, { config: placed.config, reason: 'placed' });
    }
  }
  placeDependencies(input, edges, drafts);
  return [...drafts.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((draft) => ({ ...draft, dependencies: dependenciesOf(input, draft, { edges, drafts }) }));
}

interface ClusterPlace {
  readonly server: ServerPlacement;
  readonly cluster: DeploymentModule;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly reason: string;
}

/** A cluster and its components, which may be clusters. */
function placeCluster(input: DeploymentInput, drafts: Map<string, Draft>, place: ClusterPlace): void {
  const { server, cluster } = place;
  const known = drafts.has(instanceId(server.name, 'cluster', cluster.name));
  add(drafts, server, cluster, place);
  if (known) return;
  const reason = `component of cluster ${cluster.name}`;
  for (const component of cluster.manifest.components ?? []) {
    const module = componentOf(input, cluster, component.name);
    const config = 'config' in component ? component.config : undefined;
    if (module.kind === 'cluster') placeCluster(input, drafts, { server, cluster: module, config, reason });
    else add(drafts, server, module, { config, reason });
  }
}

/** A component is a taskserv, or else a cluster, of that name. @throws RUNTIME_MODULE_MISSING */
function componentOf(input: DeploymentInput, cluster: DeploymentModule, name: string): DeploymentModule {
  const nested = input.modules.find(
    (each) => each.kind === 'cluster' && each.name === name && each !== cluster,
  );
  const taskserv = input.modules.find((each) => each.kind === 'taskserv' && each.name === name);
  return taskserv ?? nested ?? moduleOf(input, 'taskserv', name, `cluster ${cluster.name}`);
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
  const complete = module.configOn?.[server.name];
  if (known !== undefined) {
    known.config = complete ?? mergeConfig(known.config, place.config ?? {});
    return;
  }
  drafts.set(id, {
    id,
    server,
    module,
    config: complete ?? mergeConfig(module.config, place.config ?? {}),
    reason: place.reason,
  });
}

/** Each server gets its own copy of what nobody placed; what the infra placed somewhere is used from there. */
function placeDependencies(
  input: DeploymentInput,
  edges: readonly DependencyEdge[],
  drafts: Map<string, Draft>,
): void {
  const chosen = new Map(drafts);
  const queue = [...drafts.values()];
  for (let draft = queue.shift(); draft !== undefined; draft = queue.shift()) {
    for (const edge of edgesFrom(edges, draft.module)) {
      if (edge.to.kind !== 'taskserv' && edge.to.kind !== 'cluster') continue;
      const here = instanceId(draft.server.name, edge.to.kind, edge.to.name);
      if (drafts.has(here) || hosts(edge, chosen).length > 0) continue;
      const neededBy = `${draft.module.kind} ${draft.module.name}`;
      const module = moduleOf(input, edge.to.kind, edge.to.name, neededBy);
      add(drafts, draft.server, module, { reason: `required by ${neededBy}` });
      queue.push(drafts.get(here)!);
    }
  }
}

/** Where the other end of an edge is: on the same server if it is there at all, else wherever it is. */
function dependenciesOf(
  input: DeploymentInput,
  draft: Draft,
  { edges, drafts }: { edges: readonly DependencyEdge[]; drafts: Map<string, Draft> },
): readonly InstanceDependency[] {
  const found = edgesFrom(edges, draft.module).flatMap((edge) => {
    const here = drafts.get(instanceId(draft.server.name, edge.to.kind, edge.to.name));
    const places = here === undefined ? hosts(edge, drafts) : [here];
    const names = edge.capability === undefined ? [edge.to.name] : [edge.to.name, edge.capability];
    return places.map((place) => ({ instance: place.id, names, waitForHealth: edge.waitForHealth ?? false }));
  });
  for (const component of draft.module.kind === 'cluster' ? (draft.module.manifest.components ?? []) : []) {
    const { kind, name } = componentOf(input, draft.module, component.name);
    found.push({ instance: instanceId(draft.server.name, kind, name), names: [name], waitForHealth: true });
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
