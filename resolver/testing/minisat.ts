import Logic from 'logic-solver';
import { clash, everyVersion, isEligible, meets, type World } from './oracle.js';

/** Universes that share one instance: each instance of MiniSat takes megabytes of memory. */
const SHARED = 40;

/** Whether MiniSat finds a solution: one variable a version, nothing merged, nothing derived. */
export class Minisat {
  private solver = new Logic.Solver();
  private used = 0;

  solves(world: World): boolean {
    if (this.used === SHARED) {
      this.solver = new Logic.Solver();
      this.used = 0;
    }
    const { solver } = this;
    const { universe, roots } = world;
    const own = `u${this.used++}`;
    const variable = ([name, version]: readonly [string, string]): string => `${own}:${name}@${version}`;
    for (const versions of Object.values(byName(universe)))
      solver.require(Logic.atMostOne(...versions.map(variable)));
    // The roots hold only when this universe is asked for, so that it leaves the others alone.
    for (const [name, range] of Object.entries(roots)) {
      const options = universe[name] === undefined ? [] : meets(name, range, world);
      solver.require(Logic.or(`-${own}`, ...options.map(variable)));
    }
    const all = everyVersion(universe);
    for (const [name, version, facts] of all) {
      const self = `-${variable([name, version])}`;
      if (!isEligible(name, version, world)) solver.require(self);
      for (const [target, range] of Object.entries(facts.deps ?? {})) {
        solver.require(Logic.or(self, ...meets(target, range, world).map(variable)));
      }
    }
    all.forEach(([a, av], i) => {
      for (const [b, bv] of all.slice(i + 1)) {
        if (a === b || !clash([a, av], [b, bv], world)) continue;
        solver.require(Logic.or(`-${variable([a, av])}`, `-${variable([b, bv])}`));
      }
    });
    return solver.solveAssuming(own) !== null;
  }
}

function byName(universe: World['universe']): Record<string, [string, string][]> {
  return Object.fromEntries(
    Object.entries(universe).map(([name, versions]) => [
      name,
      Object.keys(versions).map((v): [string, string] => [name, v]),
    ]),
  );
}
