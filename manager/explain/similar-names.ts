import { type PackageId, type Proof, splitPackageId } from '#resolver';
import { editDistance } from '#schemas';

/** The repositories of a registry of the workspace, by its id. */
export type ListNames = (registry: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Milliseconds for the list of a registry's names; a person is waiting, and the answer is only advice. */
const LIST_MS = 2000;
/** Names offered for one that is not there. */
const MAX_SIMILAR = 2;

/**
 * For each requirement of a proof whose package no registry has: packages of that registry with a name like it,
 * or with the same name in another namespace, the closest first. Nothing where the registry does not list its names.
 */
export async function similarNames(
  proof: Proof,
  list: ListNames | undefined,
): Promise<ReadonlyMap<PackageId, readonly string[]>> {
  const found = new Map<PackageId, readonly string[]>();
  if (list === undefined) return found;
  for (const { cause } of proof.facts) {
    if (cause.type !== 'requirement' || cause.available === undefined) continue;
    const { versions, offline } = cause.available;
    if (versions.length > 0 || offline === true || found.has(cause.id)) continue;
    const { registry, repository } = splitPackageId(cause.id);
    const names = await namesOf(list, registry);
    const close = names
      .map((each) => ({ each, distance: distanceOf(repository, each) }))
      .filter(({ distance }) => distance !== undefined)
      .sort((a, b) => a.distance! - b.distance! || (a.each < b.each ? -1 : 1));
    if (close.length > 0)
      found.set(
        cause.id,
        close.slice(0, MAX_SIMILAR).map(({ each }) => each),
      );
  }
  return found;
}

async function namesOf(list: ListNames, registry: string): Promise<readonly string[]> {
  try {
    return await list(registry, AbortSignal.timeout(LIST_MS));
  } catch {
    // Many registries list their repositories to nobody: then nothing is suggested, and the error that
    // brought us here is told all the same.
    return [];
  }
}

/** How far a name is from one that is not there; undefined when it is too far to be meant. */
function distanceOf(wanted: string, other: string): number | undefined {
  const [place, name] = divide(wanted);
  const [otherPlace, otherName] = divide(other);
  if (place !== otherPlace) return name === otherName ? 1 : undefined;
  const distance = editDistance(name, otherName);
  return distance <= Math.max(1, Math.floor(name.length / 3)) ? distance : undefined;
}

function divide(repository: string): readonly [string, string] {
  const slash = repository.lastIndexOf('/');
  return [repository.slice(0, Math.max(slash, 0)), repository.slice(slash + 1)];
}
