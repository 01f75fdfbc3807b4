import semver from 'semver';
import { packageId } from '../package-id.js';
import type { Proof } from '../proof/proof.js';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import type { Solution } from '../solution.js';
import { type Change, subjectOf, withChanges } from './change.js';
import { memoSource } from './memo-source.js';
import { relaxationsOf, type SimilarNames } from './relaxations.js';

/** Milliseconds in which fixes are looked for; a person is waiting. */
export const FIXES_MS = 300;
/** Fixes that are offered. */
export const MAX_FIXES = 3;
/** Steps for one attempt: a fix that needs a long search is not worth its time. */
const FIX_STEPS = 50_000;

/** Changes after which there is a solution; it was found. */
export interface Fix {
  readonly changes: readonly Change[];
  readonly solution: Solution;
}

export interface Fixes {
  /** Fewest changes first, then those that give the newest versions. */
  readonly fixes: readonly Fix[];
  /** Whether every one and every two changes were tried, as far as they were needed. */
  readonly complete: boolean;
}

export interface FindFixesOptions {
  readonly budgetMs?: number;
  /** Whether a change can be made at all, for example by a command. */
  readonly isPossible?: (change: Change) => boolean;
  /** Whether a solution is one that was asked for. Default: any is. */
  readonly accepts?: (solution: Solution) => boolean;
  /** What may be meant where a name is not there. */
  readonly similar?: SimilarNames | undefined;
}

/**
 * What to change so that there is a solution: single changes, and pairs when no single one helps. Each fix
 * was solved as it is returned. Only facts of a proof need to be touched: any fix changes one of them, and
 * any second change one of the proof that is left after the first.
 * @throws when the caller's signal aborts.
 */
export async function findFixes(
  proof: Proof,
  options: ResolveOptions,
  { budgetMs = FIXES_MS, isPossible = () => true, accepts = () => true, similar }: FindFixesOptions = {},
): Promise<Fixes> {
  const search = new Search(options, budgetMs, accepts);
  const failed: { readonly change: Change; readonly proof: Proof }[] = [];
  for (const change of relaxationsOf(proof, options, similar).filter(isPossible).sort(byEffort)) {
    const left = await search.attempt([change]);
    if (left !== undefined) failed.push({ change, proof: left });
  }
  if (search.fixes.length === 0) {
    const seen = new Set<string>();
    for (const first of failed) {
      const seconds = relaxationsOf(first.proof, options, similar)
        .filter(isPossible)
        .filter((each) => subjectOf(each) !== subjectOf(first.change));
      for (const second of seconds.sort(byEffort)) {
        const pair = [first.change, second];
        const key = pair
          .map((each) => JSON.stringify(each))
          .sort()
          .join();
        if (seen.has(key)) continue;
        seen.add(key);
        await search.attempt(pair);
      }
    }
  }
  return { fixes: ranked(search.fixes), complete: search.complete };
}

class Search {
  readonly fixes: Fix[] = [];
  complete = true;
  private readonly options: ResolveOptions;
  private readonly until: number;
  private readonly accepts: (solution: Solution) => boolean;

  constructor(options: ResolveOptions, budgetMs: number, accepts: (solution: Solution) => boolean) {
    this.accepts = accepts;
    this.until = performance.now() + budgetMs;
    this.options = { ...options, source: memoSource(options.source), stepBudget: FIX_STEPS };
  }

  /** Notes a fix, or gives the proof that the changes are not enough; undefined when that is not known. */
  async attempt(changes: readonly Change[]): Promise<Proof | undefined> {
    const outcome = await this.solve(changes);
    if (outcome === undefined) {
      this.complete = false;
      return undefined;
    }
    if ('proof' in outcome) return outcome.proof;
    if (!this.accepts(outcome.solution)) return undefined;
    const narrow = await this.narrowed(changes, outcome.solution);
    if (narrow !== undefined) this.fixes.push(narrow);
    else this.complete = false;
    return undefined;
  }

  /** The same fix with the smallest ranges that still work, in place of "anything". */
  private async narrowed(changes: readonly Change[], solution: Solution): Promise<Fix | undefined> {
    let best: Fix = { changes, solution };
    for (const [at, change] of changes.entries()) {
      if (!('range' in change) || change.range !== '*') continue;
      const id =
        change.type === 'override'
          ? change.id
          : packageId(change.requirement.registry, change.requirement.repository);
      const chosen = best.solution.packages.find((each) => each.id === id)?.version;
      if (chosen === undefined) continue;
      let found: Fix | undefined;
      for (const range of change.type === 'override' ? [chosen] : rangesAround(chosen)) {
        const next = best.changes.with(at, { ...change, range });
        const outcome = await this.solve(next);
        if (outcome === undefined || 'proof' in outcome || !this.accepts(outcome.solution)) continue;
        found = { changes: next, solution: outcome.solution };
        break;
      }
      if (found === undefined) return undefined;
      best = found;
    }
    return best;
  }

  private async solve(
    changes: readonly Change[],
  ): Promise<{ solution: Solution } | { proof: Proof } | undefined> {
    const left = this.until - performance.now();
    if (left <= 0) return undefined;
    const { signal } = this.options;
    const timer = AbortSignal.timeout(Math.ceil(left));
    try {
      const result = await resolve({
        ...withChanges(this.options, changes),
        signal: signal === undefined ? timer : AbortSignal.any([signal, timer]),
      });
      if (result.ok) return { solution: result.solution };
      return result.failure.type === 'unsatisfiable' ? { proof: result.failure.proof } : undefined;
    } catch {
      // Time ran out, or a registry that answered before does not now: this change stays untried, and
      // `complete` says so.
      signal?.throwIfAborted();
      return undefined;
    }
  }
}

/** Ranges of the kind people write that hold a version, the widest first. */
function rangesAround(version: string): string[] {
  const { major, minor, prerelease } = semver.parse(version)!;
  if (prerelease.length > 0) return [`^${version}`, version];
  return major > 0
    ? [`^${major}`, `^${major}.${minor}`, `~${major}.${minor}`, version]
    : [`^0.${minor}`, version];
}

/** What costs a person least: another range, an override, a policy, and last to do without. */
const EFFORT: readonly Change['type'][] = [
  'rename',
  'unlock',
  'require',
  'override',
  'prerelease',
  'platform',
  'age-exempt',
  'age',
  'unconstrain',
  'prov',
  'drop',
];

function effort({ type }: Change): number {
  return EFFORT.indexOf(type);
}

function byEffort(a: Change, b: Change): number {
  return effort(a) - effort(b);
}

function ranked(fixes: readonly Fix[]): Fix[] {
  const sorted = [...fixes].sort(
    (a, b) =>
      a.changes.length - b.changes.length ||
      yanked(a.solution) - yanked(b.solution) ||
      Math.max(...a.changes.map(effort)) - Math.max(...b.changes.map(effort)) ||
      newer(b.solution, a.solution) - newer(a.solution, b.solution),
  );
  const seen = new Set<string>();
  const distinct = sorted.filter(({ changes, solution: { packages } }) => {
    // Another range on the same thing that gives the same is no other fix.
    const key = JSON.stringify([
      changes.map((each) => `${each.type} ${subjectOf(each)}`),
      packages.map(({ id, version }) => `${id} ${version}`),
    ]);
    return !seen.has(key) && seen.add(key);
  });
  const others = distinct.filter(({ changes }) => changes.every(({ type }) => type !== 'drop'));
  const drops = distinct.filter((fix) => !others.includes(fix));
  return [...others.slice(0, MAX_FIXES - Math.min(1, drops.length)), ...drops].slice(0, MAX_FIXES);
}

function yanked({ packages }: Solution): number {
  return packages.filter(({ facts }) => facts.state === 'yanked').length;
}

/** How many packages of both solutions are newer in `a`. */
function newer(a: Solution, b: Solution): number {
  const other = new Map(b.packages.map(({ id, version }) => [id, version]));
  return a.packages.filter(({ id, version }) => {
    const theirs = other.get(id);
    return theirs !== undefined && semver.compareBuild(version, theirs) > 0;
  }).length;
}
