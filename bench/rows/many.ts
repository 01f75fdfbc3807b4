import { rmSync } from 'node:fs';
import { findProgram } from '../../test/support/programs.js';
import { cliPath } from '../../test/support/project.js';
import { writeSmallLayout } from '../random-layout.js';
import type { Row } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';
import { AGAINST_ORAS_LOOP, COUNT, loopOf, whyNoOrasLoop } from './against-oras-loop.js';

const REPOSITORY = 'bench/small';

/** 200 small artifacts in one process of ours, against oras once for each: what its users write as a loop. */
export function manyRows(site: Site): Row[] {
  const oras = findProgram('oras');
  const skip = whyNoOrasLoop();
  const source = () => site.path('many-source');
  const target = (name: string) => site.path(`many-${name}`);
  const options = () => ({ cwd: site.path(), env: site.env });
  const ours = (from: string, to: string) =>
    timeProgram(process.execPath, [cliPath, 'ext', 'copy', from, to, '--all-tags'], options());
  const loop = (command: string) => timeProgram('sh', loopOf(command), options());
  const shared = { ...AGAINST_ORAS_LOOP, skip };
  return [
    {
      ...shared,
      id: 'many.push',
      title: `push ${COUNT} small artifacts, docker-registry`,
      candidate: {
        name: 'prov ext copy --all-tags',
        async measure(round) {
          const { host } = await site.dockerRegistry();
          return ours(`oci-layout:${source()}#${REPOSITORY}`, `${host}/bench/many-ours-${round}`);
        },
      },
      peer: {
        name: 'a loop of oras cp',
        async measure(round) {
          const { host } = await site.dockerRegistry();
          const to = `${host}/bench/many-theirs-${round}:1.0.$i`;
          return loop(`"${oras}" cp --no-tty --from-oci-layout --to-plain-http ${source()}:1.0.$i ${to}`);
        },
      },
      async beforeRound(round) {
        rmSync(source(), { recursive: true, force: true });
        writeSmallLayout(source(), `many ${round}`, { repository: REPOSITORY, count: COUNT });
      },
    },
    {
      ...shared,
      id: 'many.pull',
      title: `pull ${COUNT} small artifacts, docker-registry`,
      candidate: {
        name: 'prov ext copy --all-tags',
        async measure() {
          const { host } = await site.dockerRegistry();
          return ours(`${host}/bench/many`, `oci-layout:${target('ours')}#${REPOSITORY}`);
        },
      },
      peer: {
        name: 'a loop of oras cp',
        async measure() {
          const { host } = await site.dockerRegistry();
          const from = `${host}/bench/many:1.0.$i`;
          return loop(
            `"${oras}" cp --no-tty --to-oci-layout --from-plain-http ${from} ${target('theirs')}:1.0.$i`,
          );
        },
      },
      async prepare() {
        rmSync(source(), { recursive: true, force: true });
        writeSmallLayout(source(), 'many pull', { repository: REPOSITORY, count: COUNT });
        const { host } = await site.dockerRegistry();
        ours(`oci-layout:${source()}#${REPOSITORY}`, `${host}/bench/many`);
      },
      async afterRound() {
        for (const name of ['ours', 'theirs']) rmSync(target(name), { recursive: true, force: true });
      },
    },
  ];
}
