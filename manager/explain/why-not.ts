import { type PackageId, type ResolveOptions, resolve, type Solution } from '#resolver';
import { KINDS, type Kind, parseVersion, splitRepository } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { readLock } from '../resolve/lock-file.js';
import { selectIntent } from './intent.js';
import { type ExplainForm, unresolvable } from './unresolvable.js';
import { withResolution } from './with-resolution.js';

/** What changes beside the version that was asked about. */
export interface WhyNotChange {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
}

export interface WhyNotResult {
  readonly name: string;
  readonly version: string;
  readonly possible: boolean;
  /** What else would change against the lock. Only when it is possible. */
  readonly changes: readonly WhyNotChange[];
  /** Why it is not possible, with fixes; the JSON form is `failure`. */
  readonly explanation?: string;
  readonly failure?: unknown;
}

export interface WhyNotRequest {
  readonly workspace: Workspace;
  /** NAME, NAMESPACE/NAME or KIND/NAME. */
  readonly name: string;
  readonly version: string;
  readonly form?: ExplainForm | undefined;
}

/**
 * Whether a version could be installed beside everything the workspace asks for: what else would change, or
 * the checked proof that it cannot. Nothing is written.
 * @throws SCHEMAS_VERSION_INVALID, MANAGER_PATH_REQUIREMENT; what the registries answer.
 */
export async function whyNot(
  { workspace, name, version, form }: WhyNotRequest,
  context: ManagerContext,
): Promise<WhyNotResult> {
  parseVersion(version);
  const keep = await readLock(workspace.lockFile);
  return withResolution({ workspace, keep }, context, async (asked, { names }) => {
    const target = targetOf(name, workspace);
    const repository = target.slice(target.indexOf(':') + 1);
    const registry = target.slice(0, target.indexOf(':'));
    const origin = { file: 'command line', layer: 'command line' };
    const options: ResolveOptions = {
      ...asked,
      requirements: [...asked.requirements, { registry, repository, range: version, origin, final: true }],
    };
    const result = await resolve(options);
    const bare = splitRepository(repository).name;
    if (result.ok) {
      const changes = changesOf(keep?.extensions ?? [], result.solution).filter((each) => each.name !== bare);
      return { name: bare, version, possible: true, changes };
    }
    const own = workspace.requirements.find((each) => `${each.registry}:${each.repository}` === target);
    const kind = own?.kind ?? (await kindOf(target, options));
    const intent = selectIntent(target, version, { lock: keep, kind });
    const { details } = await unresolvable(result.failure, { options, workspace, form, intent, names });
    const { explanation, failure } = details as { explanation: string; failure: unknown };
    return { name: bare, version, possible: false, changes: [], explanation, failure };
  });
}

async function kindOf(id: PackageId, { source, signal }: ResolveOptions): Promise<Kind | undefined> {
  const [first] = (await source.versions(id, { signal }))?.versions ?? [];
  return typeof first === 'object' ? first.kind : undefined;
}

/** The package that a name means: one of the requirements, else an extension of the first registry. */
function targetOf(name: string, { requirements, registries }: Workspace): `${string}:${string}` {
  const slash = name.indexOf('/');
  const kind = slash < 0 ? undefined : KINDS.find((each) => each === (name.slice(0, slash) as Kind));
  const bare = kind === undefined ? name : name.slice(slash + 1);
  const own = requirements.find(
    (each) => (each.name === bare || each.repository === bare) && (kind === undefined || each.kind === kind),
  );
  if (own?.registry !== undefined && own.repository !== undefined) return `${own.registry}:${own.repository}`;
  const { id, namespace } = registries[0]!;
  return `${id}:${bare.includes('/') || namespace === '' ? bare : `${namespace}/${bare}`}`;
}

function changesOf(
  locked: readonly { readonly name: string; readonly version: string }[],
  { packages }: Solution,
): WhyNotChange[] {
  const before = new Map(locked.map(({ name, version }) => [name, version]));
  const after = new Map(packages.map(({ name, version }) => [name, version]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): WhyNotChange[] => {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === to) return [];
    return [{ name, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}
