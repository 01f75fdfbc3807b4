import { killTree } from '../executor/kill-tree.js';
import { isInDoubt } from './converge.js';
import { isOnServer } from './remove-step.js';
import type { RunContext } from './run-context.js';

/** Ends every process that a killed run has left behind, before anybody looks at what it did. */
export async function endLeftovers(context: RunContext): Promise<void> {
  const open = [...context.journal.state.tasks.values()].filter(
    (state) => isInDoubt(state) && state.processes.length > 0,
  );
  await Promise.all(
    open.flatMap((state) =>
      state.processes.map(async (identity) => {
        const { graceMs } = context.runtime.options;
        const found = await killTree(identity, { graceMs, marker: state.key });
        if (found) context.emit('process.killed', { task: state.id, pid: identity.pid });
      }),
    ),
  );
}

/** Forgets what is on record for servers that are gone, so that they are made and filled anew. */
export async function forgetLostServers(context: RunContext): Promise<void> {
  for (const server of context.input.infra.servers) {
    if (context.journal.task(`server.create:${server.name}`)?.status !== 'succeeded') continue;
    if ((await context.serverState(server)).exists) continue;
    context.forgetServer(server.name);
    const lost = [...context.journal.state.tasks.keys()].filter((id) => isOnServer(id, server.name));
    await Promise.all(lost.map((id) => context.journal.record('task.absent', { by: 'provider' }, id)));
  }
}
