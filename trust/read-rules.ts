import { isProvError } from '#base';
import { rangesIntersect } from '#schemas';
import { invalidAt, type PolicyFile, refuseUnsupported } from './policy-file.js';
import { comparePatterns, parsePattern, type RepositoryPattern } from './repository-pattern.js';
import type { PolicyRule, Voter } from './trust-policy.js';

type WrittenRule = PolicyFile['value']['rules'][number];

/**
 * Rules in the order they are tried: the most specific repository first, then those that name a kind,
 * then those that name versions. Two that could both decide about one artifact are an error.
 * @throws TRUST_POLICY_INVALID, TRUST_POLICY_UNSUPPORTED
 */
export function readRules(file: PolicyFile, voters: ReadonlyMap<string, Voter>): readonly PolicyRule[] {
  const rules = file.value.rules.map((rule, i) => readRule(file, rule, { i, voters }));
  const byName = new Map<string, number>();
  for (const [i, rule] of rules.entries()) {
    const twin = byName.get(rule.id);
    if (twin !== undefined)
      throw invalidAt(file, ['rules', i], `rule ${twin + 1} has the same id "${rule.id}"`);
    byName.set(rule.id, i);
    const rival = rules.findIndex((other, j) => j < i && collide(other, rule));
    if (rival >= 0)
      throw invalidAt(
        file,
        ['rules', i, 'match'],
        `rule "${rules[rival]!.id}" is about the same artifacts and no less specific`,
      );
  }
  return [...rules].sort(compareRules);
}

function readRule(
  file: PolicyFile,
  written: WrittenRule,
  { i, voters }: { i: number; voters: ReadonlyMap<string, Voter> },
): PolicyRule {
  const at = ['rules', i];
  refuseUnsupported(file, at, written, ['signerContinuity']);
  refuseUnsupported(file, [...at, 'match'], written.match, ['channel']);
  const { mode, reason, until, bind } = written;
  if (mode !== 'enforce' && (reason === undefined || until === undefined))
    throw invalidAt(file, at, `mode ${mode} needs a reason and a date in until`);
  if (mode === 'enforce' && until !== undefined)
    throw invalidAt(
      file,
      [...at, 'until'],
      'it is only for modes warn and audit; a rule that enforces does not end',
    );
  const requires = written.require.map((requirement, j) =>
    readRequirement(file, requirement, { at: [...at, 'require', j], voters }),
  );
  const pattern = patternAt(file, written.match.repository, [...at, 'match', 'repository']);
  const { kind, version } = written.match;
  return { id: written.id ?? `rule-${i + 1}`, pattern, kind, version, requires, bind, mode, reason, until };
}

function readRequirement(
  file: PolicyFile,
  requirement: WrittenRule['require'][number],
  { at, voters }: { at: readonly (string | number)[]; voters: ReadonlyMap<string, Voter> },
): Voter {
  refuseUnsupported(file, at, requirement, ['attestation', 'log', 'timestamp']);
  if (requirement.signature === undefined) throw invalidAt(file, at, 'it requires nothing');
  refuseUnsupported(file, [...at, 'signature'], requirement.signature, ['maxAge']);
  const voter = voters.get(requirement.signature.by);
  if (voter === undefined)
    throw invalidAt(
      file,
      [...at, 'signature', 'by'],
      `there is no principal or authority "${requirement.signature.by}"`,
    );
  return voter;
}

/** Reads a pattern, placing its error in the file. */
export function patternAt(
  file: PolicyFile,
  text: string,
  at: readonly (string | number)[],
): RepositoryPattern {
  try {
    return parsePattern(text);
  } catch (error) {
    throw isProvError(error) ? invalidAt(file, at, `"${text}": ${error.hint}`) : error;
  }
}

function compareRules(a: PolicyRule, b: PolicyRule): number {
  return comparePatterns(a.pattern, b.pattern) || rank(a) - rank(b);
}

function rank(rule: PolicyRule): number {
  return (rule.kind === undefined ? 2 : 0) + (rule.version === undefined ? 1 : 0);
}

function collide(a: PolicyRule, b: PolicyRule): boolean {
  if (a.pattern.text !== b.pattern.text || rank(a) !== rank(b) || a.kind !== b.kind) return false;
  return a.version === undefined || b.version === undefined || rangesIntersect(a.version, b.version);
}
