import type { Attack } from './attack.js';
import { ELSEWHERE } from './elsewhere.js';
import { archiveAttacks, parserAttacks } from './parser-attacks.js';
import { policyAttacks } from './policy-attacks.js';
import { signatureAttacks } from './signature-attacks.js';
import { transportAttacks } from './transport-attacks.js';

/** How many lines the attack list has. */
export const LINES = 84;

export const ATTACKS: readonly Attack[] = [
  ...transportAttacks,
  ...signatureAttacks,
  ...parserAttacks,
  ...archiveAttacks,
  ...policyAttacks,
].sort((a, b) => a.number - b.number);

/** The table of `docs/security.md`: what is tried, by which ways in, and what is answered. */
export function attackTable(): string {
  const rows: (readonly [number, string])[] = [
    ...ATTACKS.map(({ number, what, code, on }): readonly [number, string] => [
      number,
      `| ${number} | ${what} | ${on?.join(', ') ?? 'all'} | ${codesText(code)} |`,
    ]),
    ...ELSEWHERE.map(({ number, what, tested, missing }): readonly [number, string] => [
      number,
      tested === undefined
        ? `| ${number} | ${what} | - | **not yet**, ${missing} |`
        : `| ${number} | ${what} | \`${tested[0]}\` | “${tested[1]}” |`,
    ]),
  ];
  const played = new Set(ATTACKS.map(({ number }) => number));
  const tested = ELSEWHERE.filter((each) => each.tested !== undefined).length;
  const missing = ELSEWHERE.length - tested;
  return [
    `Of ${LINES} lines ${played.size} are played here (${ATTACKS.length} ways, each beside its twin), ${tested} are tested elsewhere, ${missing} are not covered yet.`,
    '',
    '| line | attack | ways in | answer |',
    '| ---- | ------ | ------- | ------ |',
    ...rows.sort(([a], [b]) => a - b).map(([, row]) => row),
  ].join('\n');
}

function codesText(code: Attack['code']): string {
  if (typeof code === 'string') return `\`${code}\``;
  return Object.entries(code)
    .map(([surface, each]) => `${surface}: \`${each}\``)
    .join(', ');
}
