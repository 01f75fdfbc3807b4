import type { DependencyFacts } from '#schemas';
import type { WrittenDependency } from './dependency-target.js';

type Written = Readonly<Record<string, WrittenDependency>> | undefined;

/** Whether two versions say the same about everything that the resolver looks at. Order does not matter. */
export function sameDeps(a: DependencyFacts, b: DependencyFacts): boolean {
  if (a === b) return true;
  return (
    sameWritten(a.dependencies, b.dependencies) &&
    sameWritten(a.optional_dependencies, b.optional_dependencies) &&
    sameTexts(a.conflicts, b.conflicts) &&
    sameTexts(a.constraints, b.constraints) &&
    sameOffers(a.provides, b.provides) &&
    sameLists(a.platforms, b.platforms) &&
    a.compatibility?.provisioning === b.compatibility?.provisioning
  );
}

function sameWritten(a: Written, b: Written): boolean {
  if (a === undefined || b === undefined) return a === b;
  let count = 0;
  for (const name in a) {
    const [one, other] = [a[name]!, b[name]];
    if (
      other === undefined ||
      one.version !== other.version ||
      one.kind !== other.kind ||
      one.registry !== other.registry ||
      one.namespace !== other.namespace ||
      !sameLists(one.platforms, other.platforms)
    )
      return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function sameTexts(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  let count = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function sameOffers(a: DependencyFacts['provides'], b: DependencyFacts['provides']): boolean {
  if (a === undefined || b === undefined) return a === b;
  let count = 0;
  for (const name in a) {
    const other = b[name];
    if (a[name]!.version !== other?.version || a[name]!.exclusive !== other.exclusive) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function sameLists(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
