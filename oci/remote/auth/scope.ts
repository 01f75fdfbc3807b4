/** Sorted, without repetitions, actions of one resource merged: what one token is asked for. */
export function mergeScopes(...lists: readonly (readonly string[])[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of lists.flat()) {
    const cut = scope.lastIndexOf(':');
    if (cut < 0) continue;
    const resource = scope.slice(0, cut);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(cut + 1).split(',')) if (action !== '') known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].sort().join(',')}`).sort();
}

/** Whether a token for `held` serves a request that needs `needed`. */
export function coversScopes(held: readonly string[], needed: readonly string[]): boolean {
  const merged = mergeScopes(held).join(' ');
  return mergeScopes(held, needed).join(' ') === merged;
}

export function repositoryScope(repository: string, ...actions: readonly string[]): string {
  return `repository:${repository}:${actions.join(',')}`;
}
