import { type Digest, ProvError } from '#base';
import {
  isExtensionName,
  isRange,
  KINDS,
  type Kind,
  kindPlural,
  parseRange,
  parseReference,
  type RemoteReference,
  splitRepository,
  tagToVersion,
} from '#schemas';
import {
  type ConfigBranch,
  type ConfigNode,
  type ConfigOrigin,
  formatOrigin,
  lookup,
} from './config-node.js';
import { registryOfHost, type WorkspaceRegistry } from './registries.js';

/** One thing the workspace asks for, and where it says so. */
export interface Requirement {
  readonly kind: Kind;
  readonly name: string;
  /** An npm semver range; an exact version when the reference had a tag, `*` when it had nothing. */
  readonly range: string;
  /** Id of one of the workspace's registries; absent for a local directory. */
  readonly registry?: string;
  /** `namespace/name`; absent for a local directory. */
  readonly repository?: string;
  readonly digest?: Digest;
  /** A name of its own, so that two versions of one extension stand side by side. */
  readonly alias?: string;
  /** Directory relative to the workspace, or absolute; only for local directories. */
  readonly path?: string;
  readonly origin: ConfigOrigin;
}

export interface Requirements {
  readonly requirements: readonly Requirement[];
  /** The given registries, and those that only full references name. */
  readonly registries: readonly WorkspaceRegistry[];
}

const HOMES = [
  ['dependencies', 'extensions', 'modules'],
  ['extensions', 'modules'],
] as const;

/**
 * Reads `dependencies.extensions.modules.*`, sorted by kind and name.
 * @throws WORKSPACE_REQUIREMENT_INVALID with file and line.
 */
export function readRequirements(
  config: ConfigBranch,
  registries: readonly WorkspaceRegistry[],
): Requirements {
  const known = [...registries];
  const requirements: Requirement[] = [];
  for (const kind of KINDS) {
    for (const home of HOMES) {
      const node = lookup(config, [...home, kindPlural(kind)]);
      if (node !== undefined) requirements.push(...readModules(node, kind, known));
    }
  }
  assertApart(requirements);
  return { requirements: requirements.toSorted(byKindAndName), registries: known };
}

/** An alias names one thing. @throws WORKSPACE_REQUIREMENT_INVALID */
function assertApart(requirements: readonly Requirement[]): void {
  for (const { kind, name, alias, repository, registry, origin } of requirements) {
    if (alias === undefined) continue;
    const other = requirements.find(
      (each) =>
        each.kind === kind &&
        (each.alias ?? each.name) === alias &&
        (each.alias === undefined || each.repository !== repository || each.registry !== registry),
    );
    if (other === undefined) continue;
    throw new ProvError('WORKSPACE_REQUIREMENT_INVALID', {
      place: formatOrigin(origin),
      requirement: `${name} as ${alias}`,
      reason: `${formatOrigin(other.origin)} requires ${other.name} under this name`,
    });
  }
}

function readModules(node: ConfigNode, kind: Kind, registries: WorkspaceRegistry[]): Requirement[] {
  if (node.type === 'branch') {
    return [...node.entries].map(([name, child]) => {
      const text = String((child as { value: unknown }).value);
      if (!isRange(text) && text.includes('@'))
        return withAlias(fromReference(text, { kind, origin: child.origin, registries }), name);
      return {
        kind,
        name,
        range: parseRange(text),
        registry: registries[0]!.id,
        repository: inNamespace(registries[0]!.namespace, name),
        origin: child.origin,
      };
    });
  }
  return (node.value as readonly string[]).map((text, index) => {
    const { reference, alias } = splitAlias(text);
    const context = { kind, origin: node.items?.[index] ?? node.origin, registries };
    const requirement = fromReference(reference, context);
    return alias === undefined ? requirement : withAlias(requirement, alias);
  });
}

/** `aws@^5 as aws5`: the reference, and the name it gets in the workspace. */
export function splitAlias(text: string): { readonly reference: string; readonly alias?: string } {
  const [, reference, alias] = /^(.*\S)\s+as\s+(\S+)\s*$/.exec(text) ?? [];
  return reference === undefined || alias === undefined ? { reference: text } : { reference, alias };
}

function withAlias(requirement: Requirement, alias: string): Requirement {
  const { name, path, origin } = requirement;
  const invalid = (reason: string) =>
    new ProvError('WORKSPACE_REQUIREMENT_INVALID', {
      place: formatOrigin(origin),
      requirement: `${name} as ${alias}`,
      reason,
    });
  if (!isExtensionName(alias)) throw invalid(`"${alias}" is not an extension name`);
  if (path !== undefined) throw invalid('a directory has one version and goes by its own name');
  return alias === name ? requirement : { ...requirement, alias };
}

interface ReferenceContext {
  readonly kind: Kind;
  readonly origin: ConfigOrigin;
  /** Grows by the registries that only references name. */
  readonly registries: WorkspaceRegistry[];
}

function fromReference(text: string, { kind, origin, registries }: ReferenceContext): Requirement {
  const first = registries[0]!;
  const invalid = (reason: string, cause?: unknown) =>
    new ProvError(
      'WORKSPACE_REQUIREMENT_INVALID',
      { place: formatOrigin(origin), requirement: text, reason },
      { cause },
    );
  let reference: ReturnType<typeof parseReference>;
  try {
    reference = parseReference(text, { registry: first.host, namespace: first.namespace });
  } catch (error) {
    throw invalid(String((error as ProvError).details?.['reason'] ?? (error as Error).message), error);
  }
  if (reference.type === 'directory')
    return {
      kind,
      name: directoryName(reference.path),
      range: '*',
      path: reference.path,
      origin,
    };
  if (reference.type !== 'remote')
    throw invalid('bundles and layouts are imported with prov mirror import, not required');
  const { namespace, name } = splitRepository(reference.repository);
  const range = rangeOf(reference);
  if (range === undefined)
    throw invalid(
      `the tag "${reference.tag}" is not a version; write the number, or a range as in ${name}@^1.2.0`,
    );
  let registry = registries.find((each) => each.host.toLowerCase() === reference.registry.toLowerCase());
  if (registry === undefined) {
    registry = registryOfHost(reference.registry, namespace, origin);
    registries.push(registry);
  }
  return {
    kind,
    name,
    range,
    registry: registry.id,
    repository: reference.repository,
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
    origin,
  };
}

/** What a directory is called before its manifest is read. */
export function directoryName(path: string): string {
  const parts = path.split('/').filter((part) => !/^\.*$/.test(part));
  return parts.at(-1) ?? '.';
}

function rangeOf(reference: RemoteReference): string | undefined {
  if (reference.range !== undefined) return reference.range;
  if (reference.tag === undefined) return '*';
  return tagToVersion(reference.tag) ?? tagToVersion(reference.tag.replace(/^v/, ''));
}

function inNamespace(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function byKindAndName(a: Requirement, b: Requirement): number {
  const [nameOfA, nameOfB] = [a.alias ?? a.name, b.alias ?? b.name];
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (nameOfA < nameOfB ? -1 : nameOfA > nameOfB ? 1 : 0)
  );
}
