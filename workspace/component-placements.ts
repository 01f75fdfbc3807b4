import { join } from 'node:path';
import type { FoundModule } from './module-directories.js';
import type { Placement } from './module-roots.js';

/**
 * Where the components of clusters go: on every server of the cluster, nested clusters included, with what
 * the cluster's manifest says. A component that `settings.yaml` puts on that server itself stays as it is.
 */
export function componentPlacements(
  found: ReadonlyMap<string, FoundModule>,
  placements: readonly Placement[],
): readonly Placement[] {
  const out: Placement[] = [];
  const taken = new Set(placements.map(placeKey));
  const queue = placements.filter(({ kind }) => kind === 'cluster');
  for (const placement of queue) {
    const cluster = found.get(`cluster/${placement.name}`);
    for (const component of cluster?.manifest.components ?? []) {
      const target = [...found.values()].find(
        ({ candidate }) => candidate.name === component.name && candidate !== cluster!.candidate,
      );
      if (target === undefined) continue;
      const config = 'config' in component ? component.config : undefined;
      const next: Placement = {
        kind: target.candidate.kind,
        name: component.name,
        server: placement.server,
        config: undefined,
        path: placement.path,
        cluster: { name: placement.name, config, file: join(cluster!.candidate.dir, 'manifest.yaml') },
      };
      if (taken.has(placeKey(next))) continue;
      taken.add(placeKey(next));
      out.push(next);
      if (next.kind === 'cluster') queue.push(next);
    }
  }
  return out;
}

function placeKey({ server, kind, name }: Placement): string {
  return `${server}\n${kind}/${name}`;
}
