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
} from '#resolver';
import type { Workspace } from '#workspace';
import { describeChange, fixCommand } from './fix-commands.js';

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
  { options, workspace, form = 'text', fixesMs = FIXES_MS }: UnresolvableContext,
): Promise<ProvError> {
  if (failure.type === 'unsatisfiable') {
    const flaw = checkProof(failure.proof);
    if (flaw !== undefined) throw new ProvError('RESOLVER_PROOF_REFUSED', { ...flaw });
  }
  const shown = await shownFixes(failure, { options, workspace, fixesMs });
  const document = failureDocument(failure, shown);
  const blocks = fixBlocks(shown);
  const explanation =
    form === 'json'
      ? JSON.stringify(document, null, 2)
      : form === 'tree'
        ? [explainTree(failure), ...blocks].join('\n')
        : explanationText(explanationOf(failure), blocks);
  return new ProvError('MANAGER_UNRESOLVABLE', {
    explanation,
    suggestion:
      shown.fixes.length > 0
        ? 'Run one of the fixes. --explain tree or --explain json shows the same in another form.'
        : 'Change one of the requirements named above, or publish a version that fits.',
    failure: document,
  });
}

async function shownFixes(
  failure: ResolutionFailure,
  { options, workspace, fixesMs }: Required<Omit<UnresolvableContext, 'form'>>,
): Promise<ShownFixes> {
  if (failure.type !== 'unsatisfiable') return { fixes: [] };
  const { proof } = failure;
  const found = await findFixes(proof, options, {
    budgetMs: fixesMs ?? FIXES_MS,
    isPossible: (change) => change.type === 'prov' || fixCommand([change], workspace) !== undefined,
  });
  const named = new Set(proof.packages.map(({ name }) => name));
  const fixes = found.fixes.map(({ changes, solution }) => {
    const command = fixCommand(changes, workspace);
    const chosen = solution.packages.filter(({ name, direct }) => direct || named.has(name));
    return {
      commands: command === undefined ? [] : [command],
      summary: changes.map((change) => describeChange(change, options.provVersion)).join(', and '),
      result: Object.fromEntries(chosen.map(({ name, version }) => [name, version])),
    };
  });
  const note = noteOn(found);
  return { fixes, ...(note !== undefined && { fixesNote: note }) };
}

function noteOn({ fixes, complete }: Fixes): string | undefined {
  if (fixes.length > 0) return undefined;
  return complete
    ? 'No one or two changes that prov could make would help.'
    : 'No fix was found in the time there was; there may be one.';
}

function fixBlocks({ fixes, fixesNote }: ShownFixes): string[] {
  if (fixes.length === 0) return fixesNote === undefined ? [] : [fixesNote];
  const lines = fixes.flatMap(({ summary, result, commands }, i) => {
    const chosen = Object.entries(result).map(([name, version]) => `${name} ${version}`);
    const more = chosen.length > NAMED_RESULTS ? ', …' : '';
    const gives = chosen.length === 0 ? '' : ` → ${chosen.slice(0, NAMED_RESULTS).join(', ')}${more}`;
    return [`  ${i + 1}. ${summary}${gives}`, ...commands.map((command) => `     ${command}`)];
  });
  return ['Fixes (each was solved and works):', ...lines];
}
