import { ProvError } from '#base';
import { closestName, type Lock, type LockEntry } from '#schemas';

/** The locked extensions that a name may mean: NAME, KIND/NAME or NAMESPACE/NAME. @throws MANAGER_UPDATE_UNKNOWN */
export function lockedAs(lock: Lock, name: string): readonly LockEntry[] {
  const found = lock.extensions.filter(
    (entry) =>
      entry.name === name ||
      `${entry.kind}/${entry.name}` === name ||
      ('repository' in entry.source && entry.source.repository === name),
  );
  if (found.length > 0) return found;
  const names = lock.extensions.map((entry) => entry.name);
  const close = closestName(name.slice(name.lastIndexOf('/') + 1), names);
  throw new ProvError('MANAGER_UPDATE_UNKNOWN', {
    name,
    suggestion: close === undefined ? '' : `Did you mean "${close}"? `,
  });
}
