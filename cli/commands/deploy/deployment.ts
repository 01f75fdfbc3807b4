import type { DependencyEdge, DeploymentInput, DeploymentModule, Runtime, RuntimeEvent } from '#runtime';
import type { Kind, Lock } from '#schemas';
import type { Infra, Module, Workspace } from '#workspace';
import type { CommandContext, CommandInput } from '../../command.js';
import { provCommand } from '../../prov-command.js';
import { provVersion } from '../../version.js';
import { infraName, openCommandWorkspace } from '../dep/in-workspace.js';

/** Everything a runtime command needs: the workspace, its modules, and what they make together. */
export interface Deployment {
  readonly workspace: Workspace;
  readonly modules: readonly Module[];
  readonly input: DeploymentInput;
}

/** Loads the infra and its modules. @throws WORKSPACE_*, MANAGER_LOCK_MISSING */
export async function loadDeployment(context: CommandContext, input: CommandInput): Promise<Deployment> {
  const { loadInfra, loadModules } = await import('#workspace');
  const { requireLock } = await import('#manager');
  const workspace = await openCommandWorkspace(context, input);
  const infra = await loadInfra(workspace, infraName(workspace, input));
  const lock = await requireLock(workspace.lockFile);
  const modules = await loadModules(workspace, infra, lock, {
    provVersion: provVersion(),
    signal: context.signal,
  });
  return {
    workspace,
    modules,
    input: {
      workspace: { name: workspace.name, root: workspace.root },
      infra: placements(infra),
      modules: await Promise.all(modules.map(toDeploymentModule)),
      edges: edgesOf(lock, modules),
    },
  };
}

function placements(infra: Infra): DeploymentInput['infra'] {
  const { provider, servers } = infra.settings;
  return {
    name: infra.name,
    servers: servers.map((server) => ({
      name: server.name,
      provider: server.provider ?? provider,
      taskservs: server.taskservs,
      clusters: server.clusters,
    })),
  };
}

async function toDeploymentModule(module: Module): Promise<DeploymentModule> {
  const { kind, name, version, dir, manifest, config, assets, lock } = module;
  const { treeDigest } = await import('#oci');
  return {
    kind,
    name,
    version,
    dir,
    manifest,
    digest: lock?.manifest.digest ?? (await treeDigest(dir, { title: name })),
    config: config.values,
    assets: Object.fromEntries(
      assets.map((asset) => [asset.name, { path: asset.path, sha256: asset.sha256, size: asset.size }]),
    ),
  };
}

/** Resolved edges of the lock between modules that are loaded; a shadowing copy keeps the edges of what it hides. */
function edgesOf(lock: Lock, modules: readonly Module[]): DependencyEdge[] {
  const loaded = (kind: Kind, name: string) =>
    modules.find((module) => module.kind === kind && module.name === name);
  return lock.extensions.flatMap((entry) =>
    entry.dependencies.flatMap((edge): DependencyEdge[] => {
      const bare = edge.name.split('/').at(-1)!;
      const from = loaded(entry.kind, entry.name);
      const target = lock.extensions.find(
        ({ name, version, source }) =>
          version === edge.version &&
          (name === bare || ('repository' in source && source.repository === edge.name)),
      );
      if (from === undefined || target === undefined) return [];
      const declared =
        from.manifest.dependencies?.[edge.capability ?? bare] ??
        from.manifest.optional_dependencies?.[edge.capability ?? bare];
      const { capability, optional } = edge;
      return [
        {
          from: { kind: entry.kind, name: entry.name },
          to: { kind: target.kind, name: target.name },
          ...(capability === undefined ? {} : { capability }),
          ...(optional === undefined ? {} : { optional }),
          ...(declared !== undefined && 'wait_for_health' in declared && declared.wait_for_health === true
            ? { waitForHealth: true }
            : {}),
        },
      ];
    }),
  );
}

export interface OpenOptions {
  readonly readOnly?: boolean;
  readonly taskTimeoutMs?: number | undefined;
}

/** Opens the runtime of a workspace for a command, closes it afterwards. */
export async function withRuntime<T>(
  context: CommandContext,
  { workspace, modules }: Deployment,
  options: OpenOptions,
  action: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { openRuntime } = await import('#runtime');
  const { assertUnaltered } = await import('#manager');
  const runtime = await openRuntime(workspace.root, {
    readOnly: options.readOnly,
    taskTimeoutMs: options.taskTimeoutMs,
    commands: { node: [process.execPath], prov: provCommand() },
    interpreters: interpretersOf(modules),
    beforeScript: async ({ dir }) => {
      const module = modules.find((each) => each.dir === dir);
      if (module) await assertUnaltered(module, context.signal);
    },
    onEvent: (event) => context.progress({ ...event, message: messageOf(event) }),
    signal: context.signal,
  });
  try {
    return await action(runtime);
  } finally {
    await runtime.close();
  }
}

/** Nothing yet: nu is found on the PATH, or where the taskserv nushell put it. */
function interpretersOf(_modules: readonly Module[]): undefined {
  return undefined;
}

function messageOf(event: RuntimeEvent): string {
  const subject = [
    event.extension ?? event.task,
    event.server === undefined ? undefined : `on ${event.server}`,
  ]
    .filter(Boolean)
    .join(' ');
  const text = typeof event['message'] === 'string' ? `: ${event['message']}` : '';
  return `${event.event} ${subject}${text}`.trim();
}
