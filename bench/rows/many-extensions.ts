import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../test/support/programs.js';
import { cliPath } from '../../test/support/project.js';
import type { Row } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';
import { AGAINST_ORAS_LOOP, COUNT, loopOf, whyNoOrasLoop } from './against-oras-loop.js';

const VERSION = '1.0.0';

/** 200 small extensions by one command of ours, packed and unpacked, against oras once for each directory. */
export function manyExtensionsRows(site: Site): Row[] {
  const oras = findProgram('oras');
  const skip = whyNoOrasLoop();
  const home = () => site.path('many-extensions');
  const run = (command: string, args: readonly string[], cwd = home()) =>
    timeProgram(command, args, { cwd, env: site.env });
  const ours = (args: readonly string[], cwd?: string) =>
    run(process.execPath, [cliPath, 'ext', ...args], cwd);
  const loop = (command: string, cwd?: string) => run('sh', loopOf(command), cwd);
  const at = (host: string, namespace: string) => ['--registry', host, '--namespace', namespace];
  const push = (host: string, namespace: string) =>
    ours(['push', '--from-file', 'directories', ...at(host, namespace)]);
  const out = (name: string) => join(home(), 'out', name);
  const shared = { ...AGAINST_ORAS_LOOP, skip };
  return [
    {
      ...shared,
      id: 'many.push.extensions',
      title: `push ${COUNT} small extensions, docker-registry`,
      candidate: {
        name: 'prov ext push --from-file',
        async measure(round) {
          return push((await site.dockerRegistry()).host, `bench/ours-${round}`);
        },
      },
      peer: {
        name: 'a loop of oras push',
        async measure(round) {
          const { host } = await site.dockerRegistry();
          return loop(
            `"${oras}" push --no-tty --plain-http ${host}/bench/theirs-${round}/e$i:${VERSION} e$i`,
          );
        },
      },
      async beforeRound(round) {
        writeExtensions(home(), `push ${round}`);
      },
    },
    {
      ...shared,
      id: 'many.pull.extensions',
      title: `pull ${COUNT} small extensions, docker-registry`,
      candidate: {
        name: 'prov ext pull --from-file',
        async measure() {
          const { host } = await site.dockerRegistry();
          const from = ['--from-file', 'references', ...at(host, 'bench/pulled')];
          return ours(['pull', ...from, '--destination', out('ours')]);
        },
      },
      peer: {
        name: 'a loop of oras pull',
        async measure() {
          const { host } = await site.dockerRegistry();
          return loop(
            `"${oras}" pull --no-tty --plain-http -o ${out('theirs')} ${host}/bench/pulled/e$i:${VERSION}`,
          );
        },
      },
      async prepare() {
        writeExtensions(home(), 'pull');
        push((await site.dockerRegistry()).host, 'bench/pulled');
      },
      async afterRound() {
        rmSync(join(home(), 'out'), { recursive: true, force: true });
        // Nothing is on this machine before the next round.
        rmSync(join(site.env['PROVISIONING_HOME']!, 'oci-cache'), { recursive: true, force: true });
      },
    },
  ];
}

/** `e0`, `e1`, … with a manifest and a script each, and the lists of them. */
function writeExtensions(directory: string, seed: string): void {
  rmSync(directory, { recursive: true, force: true });
  const names = Array.from({ length: COUNT }, (_, i) => `e${i}`);
  for (const name of names) {
    mkdirSync(join(directory, name, 'scripts'), { recursive: true });
    writeFileSync(
      join(directory, name, 'manifest.yaml'),
      `schema: 1\nname: ${name}\ntype: taskserv\nversion: ${VERSION}\ndescription: ${seed}\nscripts: {install: scripts/install.sh}\n`,
    );
    writeFileSync(join(directory, name, 'scripts/install.sh'), `#!/bin/sh\necho ${seed} ${name}\n`);
  }
  writeFileSync(join(directory, 'directories'), `${names.join('\n')}\n`);
  writeFileSync(join(directory, 'references'), `${names.map((name) => `${name}:${VERSION}`).join('\n')}\n`);
}
