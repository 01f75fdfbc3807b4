import type { PolicyRule, Voter } from './trust-policy.js';

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

/** Everything that a rule asks for, a line each. */
export function describeDemands({ requires, witnesses, signerContinuity }: PolicyRule): string[] {
  const line = (count: number, what: string) => (count === 0 ? [] : [`${count} ${what} for each signature`]);
  return [
    ...requires.map(({ by, maxAge }) =>
      maxAge === undefined
        ? describeVoter(by)
        : `${describeVoter(by)}, signed in the last ${maxAge / 3_600_000} hours`,
    ),
    ...line(witnesses.log, 'log entries'),
    ...line(witnesses.timestamp, 'timestamps'),
    ...(signerContinuity === undefined ? [] : ['a signer of the locked version']),
  ];
}
