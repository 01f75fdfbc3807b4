import { ProvError } from '#base';
import {
  checkProof,
  explainTree,
  explanationOf,
  explanationText,
  type Fixes,
  failureDocument,
  findFixes,
  type ResolutionFailure,
  type ResolveOptions,
  type ShownFixes,
  type Solution,
} from '#resolver';
import type { Workspace } from '#workspace';
import { describeChange, fixCommand } from './fix-commands.js';
import type { Intent } from './intent.js';
import { type ListNames, similarNames } from './similar-names.js';

/** How a failure is told: numbered reasons, a tree, or the JSON document. */
export type ExplainForm = 'text' | 'tree' | 'json';

/** Milliseconds in which fixes are looked for. What they need of a registry must be asked for first. */
const FIXES_MS = 2000;
/** Packages of a fix's result that are named. */
const NAMED_RESULTS = 6;

export interface UnresolvableContext {
  /** What was asked of the resolver. */
  readonly options: ResolveOptions;
  readonly workspace: Workspace;
  readonly form?: ExplainForm | undefined;
  /** What the command that failed was about to do. */
  readonly intent?: Intent | undefined;
  /** Lists the names of a registry, to find what was meant by one that is not there. */
  readonly names?: ListNames | undefined;
  /** Of solutions that fixes lead to, those that may be offered. Default: all. */
  readonly accepts?: ((solution: Solution) => boolean) | undefined;
  /** Milliseconds in which fixes are looked for. Default 2,000. */
  readonly fixesMs?: number | undefined;
}

/**
 * The error for a resolution that failed: the reasons, what there is, and changes that were solved before
 * they are offered. The proof is checked first, by code that the resolver does not share.
 * @throws RESOLVER_PROOF_REFUSED instead of showing a proof that does not hold.
 */
export async function unresolvable(
  failure: ResolutionFailure,
  { form = 'text', ...given }: UnresolvableContext,
): Promise<ProvError> {
  if (failure.type === 'unsatisfiable') {
    const flaw = checkProof(failure.proof);
    if (flaw !== undefined) throw new ProvError('RESOLVER_PROOF_REFUSED', { ...flaw });
  }
  const shown = await shownFixes(failure, given);
  const told = asIntended(failure, given.intent);
  const document = failureDocument(told, shown);
  const blocks = fixBlocks(shown);
  const explanation =
    form === 'json'
      ? `${document.headline}\n${JSON.stringify(document, null, 2)}`
      : form === 'tree'
        ? [explainTree(told), ...blocks].join('\n')
        : explanationText(explanationOf(told), blocks);
  return new ProvError('MANAGER_UNRESOLVABLE', {
    explanation,
    suggestion:
      shown.fixes.length > 0
        ? 'Nothing was written. Run one of the fixes; --explain tree or --explain json shows the same in another form.'
        : 'Nothing was written. Change one of the requirements named above, or publish a version that fits.',
    failure: document,
  });
}

async function shownFixes(
  failure: ResolutionFailure,
  {
    options,
    workspace,
    intent,
    names,
    accepts = () => true,
    fixesMs = FIXES_MS,
  }: Omit<UnresolvableContext, 'form'>,
): Promise<ShownFixes> {
  if (failure.type !== 'unsatisfiable') return { fixes: [] };
  const { proof } = failure;
  const similar = await similarNames(proof, names);
  const target = { workspace, intent };
  const found = await findFixes(proof, options, {
    budgetMs: fixesMs,
    isPossible: (change) =>
      change.type === 'prov' || change.type === 'unconstrain' || fixCommand([change], target) !== undefined,
    accepts: (solution) =>
      accepts(solution) &&
      (intent?.type !== 'select' ||
        solution.packages.some(({ id, version }) => id === intent.id && version === intent.version)),
    similar,
  });
  const named = new Set(proof.packages.map(({ name }) => name));
  const fixes = found.fixes.map(({ changes, solution }) => {
    const command = fixCommand(changes, target);
    const chosen = solution.packages.filter(({ name, direct }) => direct || named.has(name));
    return {
      commands: command === undefined ? [] : [command],
      summary: changes.map((change) => describeChange(change, options.provVersion)).join(', and '),
      result: Object.fromEntries(chosen.map(({ name, version }) => [name, version])),
    };
  });
  const renamed = found.fixes.some(({ changes }) => changes.some(({ type }) => type === 'rename'));
  const note = renamed ? undefined : (closeNames(similar) ?? noteOn(found));
  return { fixes, ...(note !== undefined && { fixesNote: note }) };
}

function closeNames(similar: ReadonlyMap<string, readonly string[]>): string | undefined {
  const close = [...similar.values()].flat();
  return close.length === 0 ? undefined : `Did you mean ${close.join(' or ')}?`;
}

/** A requirement that is in no file yet is asked for by the command line. */
function asIntended(failure: ResolutionFailure, intent: Intent | undefined): ResolutionFailure {
  if (failure.type !== 'unsatisfiable' || intent?.type !== 'require') return failure;
  const commandLine = { file: 'command line', layer: 'command line' };
  const facts = failure.proof.facts.map((fact) =>
    fact.cause.type === 'requirement' &&
    fact.cause.id === intent.id &&
    fact.cause.origin.line === intent.line &&
    intent.file.endsWith(fact.cause.origin.file)
      ? { ...fact, cause: { ...fact.cause, origin: commandLine } }
      : fact,
  );
  return { ...failure, proof: { ...failure.proof, facts } };
}

function noteOn({ fixes, complete }: Fixes): string | undefined {
  if (fixes.length > 0) return undefined;
  return complete
    ? 'No one or two changes that prov could make would help.'
    : 'No fix was found in the time there was; there may be one.';
}

function fixBlocks({ fixes, fixesNote }: ShownFixes): string[] {
  const note = fixesNote === undefined ? [] : [fixesNote];
  if (fixes.length === 0) return note;
  const lines = fixes.flatMap(({ summary, result, commands }, i) => {
    const chosen = Object.entries(result).map(([name, version]) => `${name} ${version}`);
    const more = chosen.length > NAMED_RESULTS ? ', …' : '';
    const gives = chosen.length === 0 ? '' : ` → ${chosen.slice(0, NAMED_RESULTS).join(', ')}${more}`;
    return [`  ${i + 1}. ${summary}${gives}`, ...commands.map((command) => `     ${command}`)];
  });
  return ['Fixes (each was solved and works):', ...lines, ...note];
}
