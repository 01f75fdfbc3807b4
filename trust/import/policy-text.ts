import type { ImportNote, PolicyDraft } from './policy-draft.js';

/** The draft as a `trust-policy.yaml`, with what could not be carried over in comments at its head. */
export function policyText(
  draft: PolicyDraft,
  { source, meaning }: { readonly source: string; readonly meaning: 'all' | 'most-specific' },
): string {
  const denials = draft.settle(meaning);
  const lines = [
    `# Imported by prov trust import from ${oneComment(source)}.`,
    ...draft.notes.map(({ effect, at, text }) => `# ${effect}: ${oneComment(at)}: ${oneComment(text)}`),
    'apiVersion: prov.dev/trust/v1',
    'version: 1',
    'default: deny',
  ];
  if (draft.keys.length > 0) {
    lines.push('keys:');
    for (const { name, pem } of draft.keys)
      lines.push(
        `  ${name}:`,
        '    pem: |',
        ...pem
          .trim()
          .split('\n')
          .map((line) => `      ${line}`),
      );
    lines.push('principals:', ...draft.keys.map(({ name }) => `  ${name}: { keys: [${name}] }`));
  }
  if (draft.authorities.size > 0) {
    lines.push('authorities:');
    for (const [name, { threshold, of }] of draft.authorities)
      lines.push(`  ${name}: { threshold: ${threshold}, of: [${of.join(', ')}] }`);
  }
  if (draft.rules.length > 0) lines.push('rules:');
  for (const { name, pattern, version, by, log, timestamp } of draft.rules) {
    const scope = version === undefined ? '' : `, version: ${JSON.stringify(version)}`;
    lines.push(
      `  - id: ${name}`,
      `    match: { repository: ${JSON.stringify(pattern.text)}${scope} }`,
      '    require:',
      ...by.map((each) => `      - signature: { by: ${each} }`),
      ...(log === true ? ['      - log: { min: 1 }'] : []),
      ...(timestamp === true ? ['      - timestamp: { min: 1 }'] : []),
    );
  }
  const denied = [
    ...[...draft.deniedDigests].map(([digest, reason]) => ({ digest, reason })),
    ...denials.map(({ pattern, versions, reason }) => ({
      name: pattern.text,
      ...(versions === undefined ? {} : { versions }),
      reason,
    })),
  ];
  if (denied.length > 0) lines.push('deny:', ...denied.map((each) => `  - ${JSON.stringify(each)}`));
  if (draft.mirrors.size > 0)
    lines.push(
      'mirrors:',
      ...[...draft.mirrors].map(([prefix, signedAs]) => `  - ${JSON.stringify({ prefix, signedAs })}`),
    );
  return `${lines.join('\n')}\n`;
}

/** Text of somebody else, on one line of a comment. */
function oneComment(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 500);
}

/** Whether something that was accepted there is refused here. */
export function losesSomething(notes: readonly ImportNote[]): boolean {
  return notes.some(({ effect }) => effect === 'refused');
}
