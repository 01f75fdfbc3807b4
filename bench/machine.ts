import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, freemem, loadavg, release, totalmem } from 'node:os';
import { findProgram, programVersion } from '../test/support/programs.js';

/** Above this 1-minute load per core, numbers say more about the neighbours than about us. */
export const MAX_LOAD_PER_CORE = 1;

export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly freeMemoryGiB: number;
  readonly loadPerCore: number;
  readonly peers: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform}/${process.arch} ${release()}`,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: gibibytes(totalmem()),
    freeMemoryGiB: gibibytes(freemem()),
    loadPerCore: loadPerCore(),
    peers: {
      skopeo: peerVersion('skopeo'),
      oras: peerVersion('oras'),
      'docker-registry': peerVersion('docker-registry'),
      tar: firstLine('tar', '--version'),
      npm: firstLine('npm', '--version'),
      wrk: firstLine('wrk', '--version'),
    },
  };
}

export function loadPerCore(): number {
  return Math.round((loadavg()[0]! / availableParallelism()) * 100) / 100;
}

function gibibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 30) * 10) / 10;
}

function peerVersion(name: 'skopeo' | 'oras' | 'docker-registry'): string {
  return findProgram(name) === undefined ? 'absent: node scripts/interop-tools.mjs' : programVersion(name);
}

function firstLine(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0]!;
  } catch {
    return 'absent';
  }
}
