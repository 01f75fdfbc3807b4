import assert from 'node:assert/strict';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import type { Solution } from '../solution.js';
import { memorySource, type ShortUniverse, wanted } from './memory-source.js';

export type Asked = Partial<Omit<ResolveOptions, 'source'>>;
export type Roots = Readonly<Record<string, string>>;

/** What `resolve` says about ranges on packages of a universe. */
export async function ask(universe: ShortUniverse, roots: Roots, options: Asked = {}) {
  const requirements = Object.entries(roots).map(([name, range], i) => wanted(name, range, i + 1));
  return resolve({ requirements, source: memorySource(universe), provVersion: '1.0.0', ...options });
}

export async function solve(universe: ShortUniverse, roots: Roots, options: Asked = {}): Promise<Solution> {
  const result = await ask(universe, roots, options);
  assert.ok(result.ok, JSON.stringify(result));
  return result.solution;
}

/** The types of the causes of a proof that there is no solution, sorted. */
export async function causes(universe: ShortUniverse, roots: Roots, options: Asked = {}): Promise<string[]> {
  const result = await ask(universe, roots, options);
  assert.ok(!result.ok && result.failure.type === 'unsatisfiable', JSON.stringify(result));
  return result.failure.proof.facts.map((fact) => fact.cause.type).sort();
}

export function versionsOf(solution: Solution): Record<string, string> {
  return Object.fromEntries(solution.packages.map(({ name, alias, version }) => [alias ?? name, version]));
}
