import { findProgram } from '../../test/support/programs.js';
import { ratioAtMost } from '../row.js';

/** How many things a row is about. */
export const COUNT = 200;
/** Five times as fast. */
const GOAL = 0.2;

/** What rows have in common that hold one process of ours against oras once for each thing. */
export const AGAINST_ORAS_LOOP = {
  unit: 'ms',
  better: 'lower',
  maxRounds: 2,
  warmUp: false,
  goal: ratioAtMost(GOAL),
} as const;

/** Why such rows cannot run here. */
export function whyNoOrasLoop(): string | undefined {
  return findProgram('oras') !== undefined && findProgram('docker-registry') !== undefined
    ? undefined
    : 'oras and docker-registry are needed: node scripts/interop-tools.mjs';
}

/** Arguments of `sh` that run a command for each `$i`. */
export function loopOf(command: string): readonly string[] {
  return ['-ec', `i=0; while [ $i -lt ${COUNT} ]; do ${command} >/dev/null; i=$((i+1)); done`];
}
