import { createRequire } from 'node:module';
import type { ShortFacts } from './memory-source.js';
import { asked, clash, everyVersion, isEligible, meets, type World } from './oracle.js';

/** MiniSat itself, compiled to JavaScript: each call is an instance with memory of its own. */
const createInstance = createRequire(import.meta.url)('logic-solver/minisat.js') as () => {
  readonly ALLOC_NORMAL: number;
  allocate(bytes: number, type: 'i32', where: number): number;
  setValue(at: number, value: number, type: 'i32'): void;
  _createTheSolver(): void;
  /** A clause of variables from 1 on, negative ones negated, ended by 0. */
  _addClause(at: number): number;
  _solveAssuming(variable: number): number;
};

/** Universes that share one instance: each instance takes megabytes of memory and milliseconds to make. */
const SHARED = 200;
const LONGEST_CLAUSE = 4096;

/**
 * Whether there is a solution, by MiniSat (the one that logic-solver brings): one variable a version, nothing
 * merged, nothing derived.
 */
export class Minisat {
  private instance = createInstance();
  private buffer = 0;
  private variables = 0;
  private used = SHARED;

  solves(world: World): boolean {
    if (this.used++ >= SHARED) this.renew();
    const { universe, roots } = world;
    const own = ++this.variables;
    const all = everyVersion(universe);
    const numbers = new Map<string, number>();
    for (const [name, version] of all) numbers.set(`${name}@${version}`, ++this.variables);
    const variable = ([name, version]: readonly [string, string]): number =>
      numbers.get(`${name}@${version}`)!;
    /** What may meet a dependency; of a capability, its offers: all who need it get the same one. */
    const offers = new Map<string, Map<string, number>>();
    const meeting = (target: string, range: string): number[] => {
      const providers = meets(target, asked(target, range, world), world);
      if (universe[target] !== undefined) return providers.map(variable);
      const known = offers.get(target) ?? new Map<string, number>();
      offers.set(target, known);
      const wanted = providers.map(([name, version]) => {
        const offer = `${name} ${universe[name]![version]!.provides![target]}`;
        if (!known.has(offer)) known.set(offer, ++this.variables);
        return known.get(offer)!;
      });
      return [...new Set(wanted)];
    };
    // The roots hold only when this universe is asked for, so that it leaves the others alone.
    for (const [name, range] of Object.entries(roots)) {
      const options = universe[name] === undefined ? [] : meets(name, asked(name, range, world), world);
      this.clause([-own, ...options.map(variable)]);
    }
    for (const [name, version, facts] of all) {
      const self = -variable([name, version]);
      if (!isEligible(name, version, world)) this.clause([self]);
      for (const [target, range] of Object.entries(facts.deps ?? {}))
        this.clause([self, ...meeting(target, range)]);
    }
    all.forEach(([a, av, left], i) => {
      for (const [b, bv, right] of all.slice(i + 1)) {
        if (a !== b && !mayClash(left) && !mayClash(right)) continue;
        if (a === b || clash([a, av], [b, bv], world)) this.clause([-variable([a, av]), -variable([b, bv])]);
      }
    });
    for (const [capability, known] of offers) {
      const chosen = [...known.values()];
      chosen.forEach((one, i) => {
        for (const other of chosen.slice(i + 1)) this.clause([-one, -other]);
      });
      for (const [offer, number] of known) {
        const givers = all.filter(([name, , { provides }]) => `${name} ${provides?.[capability]}` === offer);
        this.clause([-number, ...givers.map(([name, version]) => variable([name, version]))]);
      }
    }
    const answer = this.instance._solveAssuming(own) !== 0;
    // Settled, so that later universes do not decide these anew.
    for (let settled = own; settled <= this.variables; settled++) this.clause([-settled]);
    return answer;
  }

  private renew(): void {
    this.instance = createInstance();
    this.instance._createTheSolver();
    this.buffer = this.instance.allocate(LONGEST_CLAUSE * 4, 'i32', this.instance.ALLOC_NORMAL);
    this.variables = 0;
    this.used = 1;
  }

  private clause(terms: readonly number[]): void {
    if (terms.length >= LONGEST_CLAUSE) throw new Error(`a clause of ${terms.length} terms`);
    for (let i = 0; i < terms.length; i++) this.instance.setValue(this.buffer + i * 4, terms[i]!, 'i32');
    this.instance.setValue(this.buffer + terms.length * 4, 0, 'i32');
    this.instance._addClause(this.buffer);
  }
}

/** Only versions that say something of others can stand in their way. */
function mayClash({ conflicts, constraints, provides }: ShortFacts): boolean {
  return conflicts !== undefined || constraints !== undefined || provides !== undefined;
}
