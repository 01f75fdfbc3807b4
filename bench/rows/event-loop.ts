import { rmSync } from 'node:fs';
import { type EventLoopDelays, eventLoopDelays } from '../../test/support/event-loop-delays.js';
import { findProgram } from '../../test/support/programs.js';
import { writeGeneratedTree } from '../generated-tree.js';
import { LAYOUT_REPOSITORY, LAYOUT_TAG, writeRandomLayout } from '../random-layout.js';
import { type Row, valueAtMost } from '../row.js';
import type { Site } from '../site.js';

/** Milliseconds that 99 of 100 looks at the event loop may be late. */
const GOAL = 50;
const MEBIBYTES = 100;

/** How late the event loop is, from the first request or thread on, while large and many things move. */
export function eventLoopRows(site: Site): Row[] {
  const docker =
    findProgram('docker-registry') === undefined
      ? 'docker-registry absent: node scripts/interop-tools.mjs'
      : undefined;
  const options = () => ({ cwd: site.path(), env: site.env });
  const layout = (name: string) =>
    `oci-layout:${site.path(`loop-${name}`)}#${LAYOUT_REPOSITORY}:${LAYOUT_TAG}`;
  const remote = async (name: string) =>
    `${(await site.dockerRegistry()).host}/bench/loop-${name}:${LAYOUT_TAG}`;
  const row = (
    id: string,
    title: string,
    rest: Pick<Row, 'prepare' | 'beforeRound' | 'skip'> & { readonly run: () => Promise<EventLoopDelays> },
  ): Row => ({
    id: `loop.${id}`,
    title: `event loop late (p99), ${title}`,
    unit: 'ms',
    better: 'lower',
    warmUp: false,
    skip: rest.skip,
    goal: valueAtMost(GOAL, 'ms'),
    candidate: { name: 'prov', measure: async () => ({ value: (await rest.run()).p99 }) },
    ...(rest.prepare && { prepare: rest.prepare }),
    ...(rest.beforeRound && { beforeRound: rest.beforeRound }),
  });
  let pushes = 0;
  const push = async () =>
    eventLoopDelays(['ext', 'copy', layout('source'), await remote(`push-${pushes++}`)], options());
  const source = async () => {
    rmSync(site.path('loop-source'), { recursive: true, force: true });
    writeRandomLayout(site.path('loop-source'), `loop ${pushes}`, MEBIBYTES);
  };
  const tree = () => site.path('loop-tree');
  const packed = () => site.path('loop-packed');
  const pack = async () => {
    rmSync(packed(), { recursive: true, force: true });
    return eventLoopDelays(['ext', 'pack', tree(), '--output', packed()], options());
  };
  return [
    row('push', `push ${MEBIBYTES} MiB`, { skip: docker, beforeRound: source, run: push }),
    row('pull', `pull ${MEBIBYTES} MiB`, {
      skip: docker,
      async prepare() {
        await source();
        await push();
      },
      async beforeRound() {
        rmSync(site.path('loop-target'), { recursive: true, force: true });
      },
      run: async () =>
        eventLoopDelays(['ext', 'copy', await remote(`push-${pushes - 1}`), layout('target')], options()),
    }),
    row('pack', 'pack 2,000 files', {
      prepare: async () => writeGeneratedTree(tree(), 'loop'),
      run: pack,
    }),
    row('pull-tree', 'push and pull of 2,000 files', {
      async prepare() {
        const { host } = await site.ownRegistry();
        writeGeneratedTree(tree(), 'loop');
        eventLoopDelays(['ext', 'push', tree(), '--registry', host, '--namespace', 'bench'], options());
      },
      async beforeRound() {
        for (const name of ['loop-out', '.provisioning'])
          rmSync(site.path(name), { recursive: true, force: true });
      },
      async run() {
        const { host } = await site.ownRegistry();
        const pull = ['ext', 'pull', `${host}/bench/tree:1.0.0`, '--destination', site.path('loop-out')];
        return eventLoopDelays(pull, options());
      },
    }),
  ];
}
