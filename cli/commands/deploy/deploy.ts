import { ProvError } from '#base';
import type { RunResult } from '#runtime';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption, textOption } from '../../options.js';
import { managerContext } from '../ext/shared.js';
import { withoutOptions } from '../transport-input.js';
import { type Deployment, loadDeployment, withRuntime } from './deployment.js';

const MS = 1000;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const deployment = await loadDeployment(context, input);
  await assertTrust(context, input, deployment);
  if (options['check'] === true) return showPlan(context, deployment);
  const { deploy, parseResolution, serviceStatus } = await import('#runtime');
  const answers = new Map(listOption(options, 'resolve').map(parseResolution));
  return withRuntime(
    context,
    deployment,
    { taskTimeoutMs: timeout(textOption(options, 'timeout')) },
    async (runtime) => {
      const result = await deploy(runtime, deployment.input, {
        rollback: options['rollback'] === true,
        resolve: answers,
        signal: context.signal,
      });
      if (result.status !== 'succeeded') throw failure(result);
      const services = await serviceStatus(runtime, deployment.input, { signal: context.signal });
      const { ran, adopted, unchanged } = result.counts;
      const lines = result.tasks
        .filter(({ ending }) => ending === 'succeeded' || ending === 'adopted')
        .map((task) => `${task.ending} ${task.id} in ${task.durationMs} ms`);
      return {
        data: {
          run: result.run,
          plan: result.plan,
          tasks: { run: ran, adopted, unchanged },
          services,
          results: result.tasks.map(({ error, ...task }) => ({
            ...task,
            ...(error === undefined ? {} : { error: error.toDocument() }),
          })),
        },
        text: [
          ...lines,
          `${ran + adopted} tasks run, ${unchanged} unchanged, ${services.filter(({ state }) => state === 'running').length} services running`,
        ].join('\n'),
      };
    },
  );
}

/** Requirements and policy may have changed since the lock was made, and the infra may have a policy of its own. */
async function assertTrust(
  context: CommandContext,
  input: CommandInput,
  { workspace, modules, lock, input: { infra } }: Deployment,
): Promise<void> {
  const { assertDeployable } = await import('#manager');
  const entries = modules.flatMap((module) => module.lock ?? []);
  const unsigned = modules.flatMap(({ kind, name, layer, lock: locked }) =>
    locked === undefined ? { kind, name, layer } : [],
  );
  const request = { workspace, infra: infra.name, lock, entries, unsigned };
  await assertDeployable(request, managerContext(context, withoutOptions(input, 'resolve', 'timeout')));
}

async function showPlan(context: CommandContext, { input, workspace }: Deployment): Promise<CommandOutput> {
  const { foldState, planDeployment, readEventLog, renderPlan } = await import('#runtime');
  const { join } = await import('node:path');
  const events = await readEventLog(join(workspace.root, '.runtime'), input.infra.name);
  const view = renderPlan(planDeployment(input), foldState(events));
  context.signal.throwIfAborted();
  return {
    data: view,
    table: {
      columns: ['action', 'task', 'version', 'why'],
      rows: view.tasks.map((task) => [task.action, task.id, task.version ?? '', task.reason]),
    },
  };
}

/** The first failure decides code and exit; the others are in its details. */
function failure(result: RunResult): ProvError {
  const first =
    result.error ?? new ProvError('BASE_INTERNAL', { reason: `the run ended as ${result.status}` });
  const others = result.tasks
    .filter(({ error }) => error !== undefined && error !== first)
    .map(({ id, ending }) => ({ id, ending }));
  const rollback = result.rollback;
  return new ProvError(
    first.code,
    {
      ...first.details,
      run: result.run,
      ...(others.length === 0 ? {} : { others }),
      ...(rollback === undefined ? {} : { rollback }),
    },
    { cause: first },
  );
}

function timeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new ProvError('CLI_USAGE', { reason: `--timeout takes seconds, not "${text}"` });
  return seconds * MS;
}
