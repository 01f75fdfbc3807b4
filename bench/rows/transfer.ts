import { mkdirSync, rmSync } from 'node:fs';
import { findProgram } from '../../test/support/programs.js';
import { cliPath } from '../../test/support/project.js';
import type { RunningRegistry } from '../../test/support/registries.js';
import { LAYOUT_REPOSITORY, LAYOUT_TAG, writeRandomLayout } from '../random-layout.js';
import { type Contender, type Goal, type Measurement, type Row, ratioAtMost } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';

/** Our client against skopeo, both fetching 100 MiB from the same docker-registry. */
const PULL_100_GOAL = 0.75;
/** Of what is left without the start of the programs; larger transfers are held against the whole. */
const NET_GOALS: Readonly<Record<number, number>> = { 1: 1.3, 10: 1 };
const LARGE = 100;
/** A GiB says the same in one round as in five, and takes its time. */
const MAX_ROUNDS: Readonly<Record<number, number>> = { 100: 4, 1024: 2 };
const STARTS = 5;

type Verb = 'push' | 'pull';
type Server = 'docker-registry' | 'prov registry';
type Peer = 'skopeo' | 'oras';

interface Case {
  readonly verb: Verb;
  readonly mebibytes: number;
  readonly server: Server;
  readonly peer: Peer;
  /** Whether the time of each program's own `--version` is taken off. */
  readonly net: boolean;
}

/**
 * Copies one image between an OCI layout and a registry: our client against skopeo and against oras, all three on
 * the same registry, which is docker-registry or ours. Each round moves other random bytes.
 */
export function transferRows(site: Site): Row[] {
  const cases = [1, 10, LARGE, 1024].flatMap((mebibytes) =>
    (['push', 'pull'] as const).flatMap((verb) =>
      (['docker-registry', 'prov registry'] as const).flatMap((server) =>
        (['skopeo', 'oras'] as const).flatMap((peer): Case[] => {
          const base = { verb, mebibytes, server, peer };
          return mebibytes < LARGE
            ? [
                { ...base, net: true },
                { ...base, net: false },
              ]
            : [{ ...base, net: false }];
        }),
      ),
    ),
  );
  return cases.map((each) => rowOf(site, each));
}

function goalOf({ verb, mebibytes, server, peer, net }: Case): Goal | undefined {
  if (net) return ratioAtMost(NET_GOALS[mebibytes]!);
  if (mebibytes < LARGE) return undefined;
  const fast = verb === 'pull' && mebibytes === LARGE && server === 'docker-registry' && peer === 'skopeo';
  return ratioAtMost(fast ? PULL_100_GOAL : 1);
}

function rowOf(site: Site, of: Case): Row {
  const { verb, mebibytes, server, peer, net } = of;
  const size = mebibytes === 1024 ? '1 GiB' : `${mebibytes} MiB`;
  const place = `${verb}-${mebibytes}-${server.replace(' ', '-')}-${peer}-${net}`;
  const missing = [peer, ...(server === 'docker-registry' ? [server] : [])].filter((name) => !present(name));
  const registry = () => (server === 'docker-registry' ? site.dockerRegistry() : site.ownRegistry());
  const layout = (name: string) => site.path(place, name);
  const repository = (name: string, round: number) =>
    verb === 'push' ? `bench/${place}-${name}-${round}` : `bench/pull-${mebibytes}`;
  const ends = (tool: Tool, { host }: RunningRegistry, round: number): readonly string[] => {
    const local = TOOLS[tool].layout(layout(verb === 'push' ? `source-${tool}` : tool));
    const remote = TOOLS[tool].remote(`${host}/${repository(tool, round)}:${LAYOUT_TAG}`);
    return verb === 'push' ? [local, remote] : [remote, local];
  };
  const contender = (tool: Tool): Contender => {
    let start: number | undefined;
    return {
      name: `${tool} on ${server}`,
      async measure(round) {
        const running = await registry();
        if (net) start ??= startOf(site, tool);
        const measured = run(site, tool, { verb, ends: ends(tool, running, round), serverPid: running.pid });
        return net ? { ...measured, value: Math.max(1, measured.value - (start ?? 0)) } : measured;
      },
    };
  };
  return {
    id: `${verb}.${mebibytes}mib.${server === 'docker-registry' ? 'docker' : 'own'}.${peer}${net ? '.net' : ''}`,
    title: `${verb} ${size}, ${server}${net ? ', start subtracted' : ''}`,
    unit: 'ms',
    better: 'lower',
    skip: missing.length === 0 ? undefined : `${missing.join(', ')} absent: node scripts/interop-tools.mjs`,
    repeat: mebibytes < LARGE ? 2 : 1,
    maxRounds: mebibytes === 1024 && site.quick ? 1 : MAX_ROUNDS[mebibytes],
    warmUp: mebibytes < 1024,
    candidate: contender('prov'),
    peer: contender(peer),
    goal: goalOf(of),
    async prepare() {
      const running = await registry();
      if (verb === 'push') return;
      writeRandomLayout(layout('first'), `pull ${mebibytes}`, mebibytes);
      const target = TOOLS.prov.remote(`${running.host}/${repository('', 0)}:${LAYOUT_TAG}`);
      run(site, 'prov', { verb: 'push', ends: [TOOLS.prov.layout(layout('first')), target] });
      rmSync(site.path(place), { recursive: true, force: true });
    },
    async beforeRound(round) {
      mkdirSync(site.path(place), { recursive: true });
      // Other bytes for each, so that neither finds there what the other has brought.
      if (verb === 'push')
        for (const tool of ['prov', peer])
          writeRandomLayout(layout(`source-${tool}`), `${place} ${tool} ${round}`, mebibytes);
    },
    async afterRound() {
      rmSync(site.path(place), { recursive: true, force: true });
    },
  };
}

type Tool = 'prov' | Peer;

interface ToolForms {
  layout(path: string): string;
  remote(reference: string): string;
}

const TOOLS: Readonly<Record<Tool, ToolForms>> = {
  prov: {
    layout: (path) => `oci-layout:${path}#${LAYOUT_REPOSITORY}:${LAYOUT_TAG}`,
    remote: (reference) => reference,
  },
  skopeo: {
    layout: (path) => `oci:${path}:${LAYOUT_REPOSITORY}:${LAYOUT_TAG}`,
    remote: (reference) => `docker://${reference}`,
  },
  oras: { layout: (path) => `${path}:${LAYOUT_TAG}`, remote: (reference) => reference },
};

interface Transfer {
  readonly verb: Verb;
  readonly ends: readonly string[];
  readonly serverPid?: number | undefined;
}

function run(site: Site, tool: Tool, { verb, ends, serverPid }: Transfer): Measurement {
  const options = { cwd: site.path(), env: site.env, serverPid };
  if (tool === 'prov') return timeProgram(process.execPath, [cliPath, 'ext', 'copy', ...ends], options);
  const args =
    tool === 'skopeo'
      ? ['--insecure-policy', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', '-q', ...ends]
      : ['cp', ...(verb === 'push' ? PUSH_WITH_ORAS : PULL_WITH_ORAS), ...ends];
  return timeProgram(programOf(tool)!, args, options);
}

const PUSH_WITH_ORAS = ['--no-tty', '--from-oci-layout', '--to-plain-http'];
const PULL_WITH_ORAS = ['--no-tty', '--to-oci-layout', '--from-plain-http'];

/** Least time of a program that only says its version. */
function startOf(site: Site, tool: Tool): number {
  const options = { cwd: site.path(), env: site.env };
  const once = () =>
    tool === 'prov'
      ? timeProgram(process.execPath, [cliPath, '--version'], options)
      : timeProgram(programOf(tool)!, [tool === 'oras' ? 'version' : '--version'], options);
  return Math.min(...Array.from({ length: STARTS }, () => once().value));
}

/** The newest that is there. */
function programOf(name: Peer | 'docker-registry'): string | undefined {
  return (name === 'skopeo' ? findProgram('skopeo-new') : undefined) ?? findProgram(name);
}

function present(name: Peer | 'docker-registry'): boolean {
  return programOf(name) !== undefined;
}
