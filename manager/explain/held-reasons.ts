import { checkProof, type HeldBack } from '#resolver';

/**
 * Why a package is not at its newest version. Where that rests on a proof, the proof is checked: one that does not
 * hold is told as what it is, in place of reasons that nobody should believe.
 */
export function heldReasons(held: HeldBack | undefined): readonly string[] {
  if (held === undefined) return [];
  const flaw = held.proof === undefined ? undefined : checkProof(held.proof);
  if (flaw === undefined) return held.reasons.map(({ text }) => text);
  return [
    `the proof of why does not hold at line ${flaw.at}: ${flaw.reason} (a bug in prov: please report it with the requirements)`,
  ];
}
