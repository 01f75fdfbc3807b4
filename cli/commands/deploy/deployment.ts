import type { DeploymentInput, Runtime, RuntimeEvent } from '#runtime';
import type { Lock } from '#schemas';
import type { Module, Workspace } from '#workspace';
import type { CommandContext, CommandInput } from '../../command.js';
import { provCommand } from '../../prov-command.js';
import { provVersion } from '../../version.js';
import { infraName, openCommandWorkspace } from '../dep/in-workspace.js';

/** Everything a runtime command needs: the workspace, its modules, and what they make together. */
export interface Deployment {
  readonly workspace: Workspace;
  readonly modules: readonly Module[];
  readonly input: DeploymentInput;
  readonly lock: Lock;
}

/** Loads the infra and its modules. @throws WORKSPACE_*, MANAGER_LOCK_MISSING */
export async function loadDeployment(context: CommandContext, input: CommandInput): Promise<Deployment> {
  const { loadInfra, loadModules } = await import('#workspace');
  const { requireLock } = await import('#manager');
  const { deploymentInputOf } = await import('#runtime');
  const workspace = await openCommandWorkspace(context, input);
  const infra = await loadInfra(workspace, infraName(workspace, input));
  const lock = await requireLock(workspace.lockFile);
  const modules = await loadModules(workspace, infra, lock, {
    provVersion: provVersion(),
    env: context.env,
    signal: context.signal,
  });
  return { workspace, modules, input: deploymentInputOf({ workspace, infra, modules, lock }), lock };
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
  const { assertInstalledTree, createAssetGuard } = await import('#workspace');
  const assertAssets = createAssetGuard();
  const runtime = await openRuntime(workspace.root, {
    readOnly: options.readOnly,
    taskTimeoutMs: options.taskTimeoutMs,
    commands: { node: [process.execPath], prov: provCommand() },
    beforeScript: async ({ dir }) => {
      const module = modules.find((each) => each.dir === dir);
      if (module?.lock) await assertInstalledTree(module.dir, module.lock, context);
      if (module) await assertAssets(module.assets, context.signal);
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
