import { ProvError } from '#base';
import { closestName, entryLabel, type Lock, type LockEntry } from '#schemas';

/** The locked extensions that a name may mean: what it is called in the workspace, else NAME, KIND/NAME or NAMESPACE/NAME. @throws MANAGER_UPDATE_UNKNOWN */
export function lockedAs(lock: Lock, name: string): readonly LockEntry[] {
  const labelled = lock.extensions.filter(
    (entry) => entryLabel(entry) === name || `${entry.kind}/${entryLabel(entry)}` === name,
  );
  if (labelled.length > 0) return labelled;
  const found = lock.extensions.filter(
    (entry) =>
      entry.name === name ||
      `${entry.kind}/${entry.name}` === name ||
      ('repository' in entry.source && entry.source.repository === name),
  );
  if (found.length > 0) return found;
  const names = lock.extensions.map(entryLabel);
  const close = closestName(name.slice(name.lastIndexOf('/') + 1), names);
  throw new ProvError('MANAGER_UPDATE_UNKNOWN', {
    name,
    suggestion: close === undefined ? '' : `Did you mean "${close}"? `,
  });
}
