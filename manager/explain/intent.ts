import { isDeepStrictEqual } from 'node:util';
import type { PackageId, Requirement } from '#resolver';
import type { Kind, Lock } from '#schemas';
import type { Workspace } from '#workspace';

/** What a command was about to do when there was no solution: the commands of a fix do it too. */
export type Intent =
  /** Require something, or require it in another range. Nothing of it is written. */
  | {
      readonly type: 'require';
      readonly id: PackageId;
      /** `KIND/NAME` */
      readonly argument: string;
      readonly range: string;
      /** False when the workspace requires it already, in another range. */
      readonly isNew: boolean;
      readonly file: string;
      readonly line: number | undefined;
    }
  /** Require something no more. Nothing of it is written. */
  | { readonly type: 'remove'; readonly argument: string }
  /** Write how versions are chosen. Nothing of it is written. */
  | { readonly type: 'configure'; readonly settings: Readonly<Record<string, unknown>> }
  /** Have exactly this version. */
  | {
      readonly type: 'select';
      readonly id: PackageId;
      readonly kind: Kind | undefined;
      readonly version: string;
      /** Whether the lock holds it, so that an update can move it. */
      readonly isLocked: boolean;
    };

type WorkspaceRequirement = Workspace['requirements'][number];

/** What an edit of a workspace changes: one requirement, or settings of the resolution; undefined when it is neither. */
export function editIntent(before: Workspace, after: Workspace): Intent | undefined {
  const added = after.requirements.filter(
    (each) => !before.requirements.some((other) => isSame(each, other)),
  );
  const gone = before.requirements.filter(
    (each) => !after.requirements.some((other) => isAbout(each, other)),
  );
  const [first] = added;
  const { registry, repository } = first ?? {};
  if (added.length === 1 && gone.length === 0 && registry !== undefined && repository !== undefined)
    return {
      type: 'require',
      id: `${registry}:${repository}`,
      argument: argumentOf(first!, after),
      range: first!.range,
      isNew: !before.requirements.some((each) => isAbout(each, first!)),
      file: first!.origin.file ?? '',
      line: first!.origin.line,
    };
  if (added.length === 0 && gone.length === 1)
    return { type: 'remove', argument: argumentOf(gone[0]!, before) };
  const settings = changedSettings(before.resolution, after.resolution);
  return added.length + gone.length === 0 && Object.keys(settings).length > 0
    ? { type: 'configure', settings }
    : undefined;
}

/** Settings with other values, overrides each by its name (`overrides.redis`). */
function changedSettings(before: Workspace['resolution'], after: Workspace['resolution']) {
  const flat = ({ overrides = {}, ...rest }: Workspace['resolution']) => ({
    ...rest,
    ...Object.fromEntries(Object.entries(overrides).map(([name, range]) => [`overrides.${name}`, range])),
  });
  const old: Readonly<Record<string, unknown>> = flat(before);
  return Object.fromEntries(
    Object.entries(flat(after)).filter(([key, value]) => !isDeepStrictEqual(value, old[key])),
  );
}

/** The wish for one version, of a package that `lock` may hold. */
export function selectIntent(
  id: PackageId,
  version: string,
  { lock, kind }: { readonly lock?: Lock | undefined; readonly kind?: Kind | undefined },
): Intent {
  const locked = lock?.extensions.find(
    ({ source }) => 'repository' in source && `${source.registry}:${source.repository}` === id,
  );
  return { type: 'select', id, version, kind: locked?.kind ?? kind, isLocked: locked !== undefined };
}

/** Whether a requirement of a resolution is the one that only the command line asks for. */
export function isIntended(intent: Intent | undefined, { registry, repository }: Requirement): boolean {
  return intent?.type === 'require' && intent.id === `${registry}:${repository}`;
}

function argumentOf({ kind, name, repository, registry }: WorkspaceRequirement, { registries }: Workspace) {
  const { namespace = '' } = registries.find(({ id }) => id === registry) ?? {};
  const prefix = namespace === '' ? '' : `${namespace}/`;
  const named = repository === undefined || repository === `${prefix}${name}` ? name : repository;
  return `${kind}/${named}`;
}

function isAbout(a: WorkspaceRequirement, b: WorkspaceRequirement): boolean {
  return a.kind === b.kind && a.registry === b.registry && a.repository === b.repository && a.path === b.path;
}

function isSame(a: WorkspaceRequirement, b: WorkspaceRequirement): boolean {
  return isAbout(a, b) && a.range === b.range && a.digest === b.digest;
}
