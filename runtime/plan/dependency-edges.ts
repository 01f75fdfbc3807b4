import { ProvError } from '#base';
import type { Dependency } from '#schemas';
import type { DependencyEdge, DeploymentModule } from './deployment-input.js';

/**
 * The dependency edges between loaded extensions as their manifests state them: by name, else by the
 * capability that one of them provides. An optional dependency that is not loaded gives no edge.
 * @throws RUNTIME_MODULE_MISSING when a required one is not loaded.
 */
export function dependencyEdges(
  modules: readonly DeploymentModule[],
  capabilities: Readonly<Record<string, string>> = {},
): readonly DependencyEdge[] {
  return modules.flatMap((module) => {
    const required = Object.entries(module.manifest.dependencies ?? {});
    const optional = Object.entries(module.manifest.optional_dependencies ?? {});
    return [
      ...required.map(([name, dependency]) => {
        const edge = edgeTo(modules, module, {
          name,
          dependency,
          optional: false,
          chosen: capabilities[name],
        });
        if (edge !== undefined) return edge;
        const neededBy = `${module.kind} ${module.name}`;
        throw new ProvError('RUNTIME_MODULE_MISSING', {
          kind: facts(dependency).kind ?? 'extension',
          name,
          neededBy,
        });
      }),
      ...optional.flatMap(
        ([name, dependency]) =>
          edgeTo(modules, module, { name, dependency, optional: true, chosen: capabilities[name] }) ?? [],
      ),
    ];
  });
}

function edgeTo(
  modules: readonly DeploymentModule[],
  from: DeploymentModule,
  wanted: { name: string; dependency: Dependency; optional: boolean; chosen: string | undefined },
): DependencyEdge | undefined {
  const { kind, wait_for_health: waitForHealth } = facts(wanted.dependency);
  const others = modules.filter((each) => each !== from && (kind === undefined || each.kind === kind));
  const named = others.find((each) => each.name === wanted.name);
  const able = others.filter((each) => each.manifest.provides?.[wanted.name] !== undefined);
  const to = named ?? able.find((each) => each.name === wanted.chosen) ?? able[0];
  if (to === undefined) return undefined;
  return {
    from: { kind: from.kind, name: from.name },
    to: { kind: to.kind, name: to.name },
    ...(named === undefined ? { capability: wanted.name } : {}),
    ...(wanted.optional ? { optional: true } : {}),
    ...(waitForHealth === undefined ? {} : { waitForHealth }),
  };
}

interface DependencyFacts {
  readonly version: string;
  readonly kind?: DeploymentModule['kind'] | undefined;
  readonly wait_for_health?: boolean | undefined;
}

/** The long form of a dependency, which has every member of the short one. */
function facts(dependency: Dependency): DependencyFacts {
  return dependency;
}
