import { mkdirSync, rmSync } from 'node:fs';
import { findProgram } from '../../test/support/programs.js';
import { cliPath } from '../../test/support/project.js';
import type { RunningRegistry } from '../../test/support/registries.js';
import { LAYOUT_REPOSITORY, LAYOUT_TAG, writeRandomLayout } from '../random-layout.js';
import { type Contender, type Goal, type Row, ratioAtMost } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';

const SIZES_MIB = [1, 10, 100];
const MISSING = 'skopeo and docker-registry are needed: node scripts/interop-tools.mjs';
/** Our client against skopeo, both fetching 100 MiB from the same docker-registry. */
const SAME_SERVER_GOAL = 0.75;
const NAMED = `${LAYOUT_REPOSITORY}:${LAYOUT_TAG}`;

/**
 * Copies one image between an OCI layout and a registry: our command and our registry against skopeo and
 * docker-registry, and both clients against docker-registry. Each round moves other random bytes.
 */
export function transferRows(site: Site): Row[] {
  return SIZES_MIB.flatMap((mebibytes) => [
    pushRow(site, mebibytes, 'own'),
    pullRow(site, mebibytes, 'own'),
    ...(mebibytes === 100 ? [pushRow(site, mebibytes, 'same'), pullRow(site, mebibytes, 'same')] : []),
  ]);
}

/** Which registry our client speaks to: our own, or the peer's. */
type Server = 'own' | 'same';

function shared(mebibytes: number, verb: 'push' | 'pull', server: Server) {
  return {
    id: `${verb}.${mebibytes}mib${server === 'same' ? '.same-server' : ''}`,
    title: `${verb} ${mebibytes} MiB${server === 'same' ? ', both with docker-registry' : ''}`,
    unit: 'ms',
    better: 'lower',
    skip: findProgram('skopeo') && findProgram('docker-registry') ? undefined : MISSING,
    repeat: 1,
    maxRounds: mebibytes === 100 ? 5 : undefined,
  } as const;
}

function pushRow(site: Site, mebibytes: number, server: Server): Row {
  const layout = () => site.path(`push-${mebibytes}-${server}`);
  return {
    ...shared(mebibytes, 'push', server),
    ...contenders(site, server, {
      ours: ({ host }, round) => [
        `oci-layout:${layout()}#${NAMED}`,
        `${host}/bench/ours-${server}-${mebibytes}-${round}:${LAYOUT_TAG}`,
      ],
      theirs: ({ host }, round) => [
        `oci:${layout()}:${NAMED}`,
        `docker://${host}/bench/theirs-${server}-${mebibytes}-${round}:${LAYOUT_TAG}`,
      ],
    }),
    async prepare() {
      await start(site);
    },
    async beforeRound(round) {
      writeRandomLayout(layout(), `push ${server} ${mebibytes} ${round}`, mebibytes);
    },
    async afterRound() {
      rmSync(layout(), { recursive: true, force: true });
    },
  };
}

function pullRow(site: Site, mebibytes: number, server: Server): Row {
  const target = (name: string) => site.path(`pull-${mebibytes}-${server}`, name);
  const repository = `bench/pull-${server}-${mebibytes}`;
  return {
    ...shared(mebibytes, 'pull', server),
    ...contenders(site, server, {
      ours: ({ host }) => [`${host}/${repository}:${LAYOUT_TAG}`, `oci-layout:${target('ours')}#${NAMED}`],
      theirs: ({ host }) => [`docker://${host}/${repository}:${LAYOUT_TAG}`, `oci:${target('theirs')}:r1`],
    }),
    goal: server === 'same' ? ratioAtMost(SAME_SERVER_GOAL) : ratioAtMost(1),
    async prepare() {
      const source = site.folder('source');
      writeRandomLayout(source, `pull ${server} ${mebibytes}`, mebibytes);
      for (const { host } of await start(site))
        ours(site, [`oci-layout:${source}#${NAMED}`, `${host}/${repository}:${LAYOUT_TAG}`]);
      rmSync(source, { recursive: true, force: true });
    },
    async beforeRound() {
      mkdirSync(site.path(`pull-${mebibytes}-${server}`));
    },
    async afterRound() {
      rmSync(site.path(`pull-${mebibytes}-${server}`), { recursive: true, force: true });
    },
  };
}

type Ends = (registry: RunningRegistry, round: number) => readonly [from: string, to: string];

function contenders(
  site: Site,
  server: Server,
  ends: { readonly ours: Ends; readonly theirs: Ends },
): { candidate: Contender; peer: Contender; goal: Goal } {
  return {
    candidate: {
      name: `prov ext copy, ${server === 'own' ? 'prov registry' : 'docker-registry'}`,
      async measure(round) {
        const registry = server === 'own' ? await site.ownRegistry() : await site.dockerRegistry();
        return ours(site, ends.ours(registry, round), registry.pid);
      },
    },
    peer: {
      name: 'skopeo copy, docker-registry',
      async measure(round) {
        const registry = await site.dockerRegistry();
        return theirs(site, ends.theirs(registry, round), registry.pid);
      },
    },
    goal: ratioAtMost(1),
  };
}

function ours(site: Site, ends: readonly string[], serverPid?: number) {
  const options = { cwd: site.path(), env: site.env, serverPid };
  return timeProgram(process.execPath, [cliPath, 'ext', 'copy', ...ends], options);
}

function theirs(site: Site, ends: readonly string[], serverPid?: number) {
  const insecure = ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', '-q'];
  const options = { cwd: site.path(), env: site.env, serverPid };
  return timeProgram(findProgram('skopeo')!, [...insecure, ...ends], options);
}

async function start(site: Site): Promise<RunningRegistry[]> {
  return [await site.ownRegistry(), await site.dockerRegistry()];
}
