import { deploy } from '../engine/deploy.js';
import { openRuntime } from '../engine/runtime.js';
import { crashWorkspace } from './crash-workspace.js';

/**
 * One run of the crash test's deployment in its own process: `node crash-child.js ROOT [KILL_AT]`. Kills
 * itself at the KILL_AT-th point of the engine; prints the result otherwise.
 */
const [root, killAt] = process.argv.slice(2);
let points = 0;
const runtime = await openRuntime(root!, {
  graceMs: 300,
  onPoint: async () => {
    points += 1;
    if (points !== Number(killAt ?? 0)) return;
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  },
});
const result = await deploy(runtime, crashWorkspace(root!).input());
await runtime.close();
const { status, counts, error } = result;
process.stdout.write(`${JSON.stringify({ status, counts, code: error?.code, message: error?.message })}\n`);
