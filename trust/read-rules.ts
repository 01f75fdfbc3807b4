import { isProvError } from '#base';
import { rangesIntersect } from '#schemas';
import { invalidAt, type PolicyFile, refuseUnsupported } from './policy-file.js';
import { comparePatterns, parsePattern, type RepositoryPattern } from './repository-pattern.js';
import type { PolicyRule, SignatureDemand, Voter, WitnessKind } from './trust-policy.js';

type WrittenRule = PolicyFile['value']['rules'][number];
type Requirement = WrittenRule['require'][number];

const WITNESSES: readonly WitnessKind[] = ['log', 'timestamp'];

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
  refuseUnsupported(file, [...at, 'match'], written.match, ['channel']);
  const { mode, reason, until, bind, signerContinuity } = written;
  if (mode !== 'enforce' && (reason === undefined || until === undefined))
    throw invalidAt(file, at, `mode ${mode} needs a reason and a date in until`);
  if (mode === 'enforce' && until !== undefined)
    throw invalidAt(
      file,
      [...at, 'until'],
      'it is only for modes warn and audit; a rule that enforces does not end',
    );
  const requires: SignatureDemand[] = [];
  const witnesses: Record<WitnessKind, number> = { log: 0, timestamp: 0 };
  for (const [j, requirement] of written.require.entries()) {
    const here = [...at, 'require', j];
    const [member, ...more] = Object.keys(requirement) as (keyof Requirement)[];
    if (member === undefined) throw invalidAt(file, here, 'it requires nothing');
    if (more.length > 0) throw invalidAt(file, here, `write ${member} and ${more[0]} as two requirements`);
    refuseUnsupported(file, here, requirement, ['attestation']);
    if (requirement.signature !== undefined)
      requires.push(readSignature(file, requirement.signature, { at: here, voters }));
    for (const kind of WITNESSES) {
      const minimum = requirement[kind];
      if (minimum === undefined) continue;
      refuseUnsupported(file, [...here, kind], minimum, ['root']);
      if (witnesses[kind] > 0) throw invalidAt(file, here, `${kind} is required twice`);
      witnesses[kind] = minimum.min;
    }
  }
  if (requires.length === 0) throw invalidAt(file, [...at, 'require'], 'it asks for no signature');
  const pattern = patternAt(file, written.match.repository, [...at, 'match', 'repository']);
  const { kind, version } = written.match;
  return {
    id: written.id ?? `rule-${i + 1}`,
    pattern,
    kind,
    version,
    requires,
    witnesses,
    signerContinuity,
    bind,
    mode,
    reason,
    until,
  };
}

function readSignature(
  file: PolicyFile,
  { by, maxAge }: NonNullable<Requirement['signature']>,
  { at, voters }: { at: readonly (string | number)[]; voters: ReadonlyMap<string, Voter> },
): SignatureDemand {
  const voter = voters.get(by);
  if (voter === undefined)
    throw invalidAt(file, [...at, 'signature', 'by'], `there is no principal or authority "${by}"`);
  return { by: voter, maxAge };
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
