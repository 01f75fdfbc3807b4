import type { Voter } from './trust-policy.js';

/** Whether those who signed are enough. Principals count, never keys or signatures. */
export function isSatisfied(voter: Voter, signed: ReadonlySet<string>): boolean {
  if (voter.type === 'principal') return signed.has(voter.name);
  return voter.of.filter((member) => isSatisfied(member, signed)).length >= voter.threshold;
}

/** Every principal below a voter, with its keys. */
export function principalsOf(voter: Voter): readonly Extract<Voter, { type: 'principal' }>[] {
  return voter.type === 'principal' ? [voter] : voter.of.flatMap(principalsOf);
}

/** "2 of alice, bob, acme-ci" for messages. */
export function describeVoter(voter: Voter): string {
  return voter.type === 'principal'
    ? voter.name
    : `${voter.threshold} of ${voter.of.map((member) => member.name).join(', ') || 'nobody'}`;
}
