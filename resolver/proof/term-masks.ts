import type { Proof, ProofTerm } from './proof.js';

/** A set over one package as bits: bit 0 is "not selected", bit `i + 1` version `i`. */
export type Mask = bigint;

export const ABSENT: Mask = 1n;

export function versionMask(version: number): Mask {
  return 1n << BigInt(version + 1);
}

export function maskOf({ versions, absent }: Pick<ProofTerm, 'versions' | 'absent'>): Mask {
  return versions.reduce((mask, version) => mask | versionMask(version), absent ? ABSENT : 0n);
}

/** Everything that a package may be. */
export function fullMask(proof: Proof, pkg: number): Mask {
  return (1n << BigInt(proof.packages[pkg]!.versions.length + 1)) - 1n;
}

export function versionsIn(mask: Mask): number[] {
  const versions: number[] = [];
  for (let rest = mask >> 1n, v = 0; rest > 0n; rest >>= 1n, v++) if ((rest & 1n) === 1n) versions.push(v);
  return versions;
}
